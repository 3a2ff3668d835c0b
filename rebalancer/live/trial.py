"""What only a real account can prove: one share is bought and sold on paper, and what was seen of it is told."""

from base64 import b32encode
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256

from rebalancer.errors import RebalancerError, RunFailedError, StoppedError
from rebalancer.events import Event, RunEnded
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.doctor import is_paper
from rebalancer.live.execute import send_and_follow
from rebalancer.live.follow import POLL_SECONDS
from rebalancer.live.gate import Gate
from rebalancer.live.hours import require_open
from rebalancer.live.pricing import Prices, order_prices, take_snapshots
from rebalancer.live.survey import Survey, read_holdings, require_investable
from rebalancer.model import (
    Account,
    NoPrice,
    Order,
    OrderId,
    OrderState,
    Outcome,
    Price,
    RunId,
    Session,
    Side,
    Symbol,
    Unknown,
)
from rebalancer.model.checkup import Check, Verdict
from rebalancer.portfolio.buys import budget, limit_price
from rebalancer.portfolio.trades import TRIAL_PREFIX

ONE = Decimal(1)
PENNIES = Decimal("0.05")
"""Dollars by which the cash may differ from what was traded, beside the broker's fees: the regulator's."""
LOOKS = 30
"""So many seconds a broker may take to show the share that it said was bought."""


class Notebook(Diary):
    """A diary that also keeps the states its orders were seen in."""

    def __init__(self, desk: Desk, run: RunId, session: Session) -> None:
        super().__init__(desk, run, session)
        self.states: list[OrderState] = []

    def write(self, event: Callable[..., Event], *others: Event, **fields: object) -> None:
        super().write(event, *others, **fields)
        if isinstance(state := fields.get("state"), OrderState):
            self.states.append(state)


def run_trial(desk: Desk, run: RunId, session: Session, symbol: Symbol) -> tuple[Check, ...]:
    """Buy and sell, and journal how it ended.

    Raises RunFailedError where this is no place or time for it, StoppedError for what breaks once an order has left.
    """
    diary = Notebook(desk, run, session)
    advice = f"Look at the account: it may hold a share of {symbol} more."
    return journalled(diary, advice, lambda: _trial(desk, diary, symbol))


def journalled(diary: Diary, advice: str, steps: Callable[[], tuple[Check, ...]]) -> tuple[Check, ...]:
    """What `steps` found, with how it ended written down. Raises StoppedError with `advice` for what breaks once an
    order has left.
    """
    try:
        checks = steps()
    except RebalancerError as error:
        diary.write(RunEnded, status="partial" if diary.sent else "failed", reason=str(error))
        if diary.sent:
            raise StoppedError(f"{error} {advice}") from error
        raise
    passed = sum(check.verdict == "pass" for check in checks)
    status = "success" if passed == len(checks) else "partial"
    diary.write(RunEnded, status=status, reason=f"{passed} of {len(checks)} checks passed")
    return checks


def _trial(desk: Desk, diary: Notebook, symbol: Symbol) -> tuple[Check, ...]:
    require_open(desk, diary)
    survey = require_investable(read_holdings(desk, diary, "start"), desk.pinned)
    prices = order_prices(desk, diary, take_snapshots(desk, [symbol], ()), [symbol], "buys")
    price = _required(desk, survey.account, prices[symbol])
    gate = buying_gate(desk, diary, survey, prices)
    buy = _order(desk, diary, symbol, "buy", limit_price(price, desk.trading.limit_percent))
    bought, checks = _traded(desk, diary, buy, gate)
    if not bought.filled:
        return checks
    again = _sent_again(desk, gate, buy, bought)
    sell = _order(desk, diary, symbol, "sell", None)
    sold, more = _traded(desk, diary, sell, Gate(desk, diary, _once_held(desk, diary, symbol), prices))
    after = read_holdings(desk, diary, "end")
    return (*checks, again, *more, _cash(desk, survey.account.cash, after.account.cash, bought, sold))


def buying_gate(desk: Desk, diary: Diary, survey: Survey, prices: Prices) -> Gate:
    return Gate(desk, diary, survey, prices, budget(survey.account, survey.reserve, Decimal(0)))


def require_paper(desk: Desk, account: Account) -> None:
    """Raises RunFailedError unless no real money can move."""
    if not is_paper(desk.broker, account):
        raise RunFailedError(
            f"account {account.number} is no paper account, and this is for paper only. Nothing was sent."
        )


def _required(desk: Desk, account: Account, price: Price | NoPrice) -> Price:
    """Raises RunFailedError unless it is on paper, and the ticker may be traded at a fresh price."""
    require_paper(desk, account)
    if price.symbol in desk.trading.protected:
        raise RunFailedError(f"{price.symbol} is protected: name another ticker with --symbol. Nothing was sent.")
    if isinstance(price, NoPrice):
        raise RunFailedError(f"{price.symbol} has no fresh price: {' '.join(price.reasons)} Nothing was sent.")
    return price


def _order(desk: Desk, diary: Diary, symbol: Symbol, side: Side, limit: Decimal | None) -> Order:
    name = trial_id(desk.account, diary.session.day, diary.number, symbol, side)
    return one_share(name, symbol, side, limit)


def trial_id(*parts: object) -> OrderId:
    """The same parts always get the same id."""
    return OrderId(TRIAL_PREFIX + b32encode(sha256("|".join(map(str, parts)).encode()).digest()).decode()[:13])


def one_share(name: OrderId, symbol: Symbol, side: Side, limit: Decimal | None) -> Order:
    return Order(name, symbol, side, ONE, "market" if limit is None else "limit", limit, "the paper trial")


def _traded(desk: Desk, diary: Notebook, order: Order, gate: Gate) -> tuple[Outcome, tuple[Check, ...]]:
    began = desk.clock.now()
    outcome = sent_once(desk, diary, order, gate)
    seconds = (desk.clock.now() - began).total_seconds()
    states = " -> ".join(state.status for state in diary.states if state.id == outcome.order.id) or outcome.status
    verb = "bought" if order.side == "buy" else "sold"
    done = f"{verb} {outcome.filled} of 1 {order.symbol} in {seconds:.1f} s, seen as {states}"
    remedy = f"Look at the account: {outcome.reason or 'the order was not filled in time'}."
    filled = _check(verb, done, remedy, passed=outcome.complete)
    if not outcome.filled:
        return outcome, (filled,)
    told = sum((fill.quantity for fill in desk.broker.fills(outcome.order.id)), Decimal(0))
    words = f"executions of {told} behind {outcome.filled} filled at {outcome.average_price} USD"
    summed = _check(f"fills, {verb}", words, "Report it: fills were not counted.", passed=told == outcome.filled)
    return outcome, (filled, summed)


def sent_once(desk: Desk, diary: Diary, order: Order, gate: Gate) -> Outcome:
    """What is in the way of an order of a trial is told, and not tried again: a second id would be that of a run."""
    (outcome,) = send_and_follow(desk, diary, [order], gate, desk.trading.sell_timeout_seconds, POLL_SECONDS)
    return outcome


def _sent_again(desk: Desk, gate: Gate, order: Order, outcome: Outcome) -> Check:
    """The same order once more: the venue must know its id, and the answer must not be taken for a refusal."""
    answer, found = gate.repeat(order), desk.broker.find(order.id)
    stands = isinstance(found, OrderState) and found.filled == outcome.filled
    words = f"sent again it was answered {type(answer).__name__}, and looked up {'unchanged' if stands else found}"
    remedy = "Look at the account: it may hold a share more. Report it."
    return _check("same id again", words, remedy, passed=isinstance(answer, Unknown) and stands)


def _once_held(desk: Desk, diary: Diary, symbol: Symbol) -> Survey:
    """The account once it shows the share; as it is after LOOKS, and then the gate lets no sell pass."""
    survey, looks = read_holdings(desk, diary, "after_sells"), 1
    while symbol not in survey.holdings.managed and looks < LOOKS:
        desk.clock.sleep(POLL_SECONDS)
        survey, looks = read_holdings(desk, diary, "after_sells"), looks + 1
    return survey


def _cash(desk: Desk, before: Decimal, after: Decimal, bought: Outcome, sold: Outcome) -> Check:
    traded = (sold.average_price or 0) * sold.filled - (bought.average_price or 0) * bought.filled
    allowed = PENNIES + 2 * desk.broker.caps.fee_per_order
    words = f"{before:,.2f} USD before, {after:,.2f} USD after; the trades make {traded:+,.2f} USD"
    remedy = "Look at the account's activities: something else moved its cash, or it is not settled yet."
    return _check("cash", words, remedy, passed=abs(after - before - traded) <= allowed)


def _check(name: str, found: str, remedy: str, *, passed: bool) -> Check:
    verdict: Verdict = "pass" if passed else "fail"
    return Check(name, verdict, found, "" if passed else remedy)
