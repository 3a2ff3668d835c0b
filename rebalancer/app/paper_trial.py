"""The paper trial: buy and sell one share in a paper account, and check the broker's behaviour."""

from base64 import b32encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from hashlib import sha256

from rebalancer.app.evening import evening
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RebalancerError, RunFailedError, StoppedError
from rebalancer.events import Event, OrderSeen, RunEnded
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import (
    Account,
    NoPrice,
    Order,
    OrderId,
    OrderState,
    Outcome,
    Price,
    RunId,
    RunStatus,
    Session,
    Side,
    Symbol,
    Unknown,
)
from rebalancer.model.checkup import Check, Verdict
from rebalancer.model.text import money, shares
from rebalancer.portfolio.buys import budget, limit_price
from rebalancer.portfolio.order_ids import TRIAL_PREFIX
from rebalancer.portfolio.trades import Prices
from rebalancer.ports import AlreadyRun, Clock, Progress, unwatched
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.gate import Gate
from rebalancer.trading.halts import halt_text, require_open
from rebalancer.trading.orders import send_and_track
from rebalancer.trading.pricing import market_snapshots, order_prices
from rebalancer.trading.snapshot import AccountSnapshot, read_account, read_shares, require_investable
from rebalancer.trading.tracking import POLL_SECONDS, waiting

ONE = Decimal(1)
CASH_TOLERANCE = Decimal("0.05")
"""Tolerance for regulatory fees, in the account's currency, besides the venue's `fee_per_order`."""
MAX_POLLS = 30
"""How many polls, one per second, a filled share may take to appear in the positions."""


class StateLog(RunLog):
    """A run log that also collects the journalled order states."""

    def __init__(self, context: RunContext, run: RunId, session: Session) -> None:
        super().__init__(context, run, session)
        self.states: list[OrderState] = []

    def write(self, *events: Event) -> None:
        super().write(*events)
        self.states.extend(event.state for event in events if isinstance(event, OrderSeen))


def run_trial(context: RunContext, run: RunId, session: Session, symbol: Symbol) -> tuple[Check, ...]:
    """Buy and sell, and journal the result.

    Raises RunFailedError if the trial can't run here or now, StoppedError for an error after an order was sent.
    """
    log = StateLog(context, run, session)
    advice = f"Look at the account: it may hold a share of {symbol} more."
    return journalled(log, advice, lambda: _trial(context, log, symbol))


def journalled(log: RunLog, advice: str, steps: Callable[[], tuple[Check, ...]]) -> tuple[Check, ...]:
    """The checks of `steps`, with the end of the run journalled. An error after an order was sent becomes a
    StoppedError with `advice`.
    """
    try:
        checks = steps()
    except RebalancerError as error:
        log.write(RunEnded(at=log.now(), status="partial" if log.orders_sent else "failed", reason=str(error)))
        if log.orders_sent:
            raise StoppedError(f"{error} {advice}") from error
        raise
    passed = sum(check.verdict == "pass" for check in checks)
    status: RunStatus = "success" if passed == len(checks) else "partial"
    log.write(RunEnded(at=log.now(), status=status, reason=f"{passed} of {len(checks)} checks passed"))
    return checks


def _trial(context: RunContext, log: StateLog, symbol: Symbol) -> tuple[Check, ...]:
    require_open(context, log)
    snapshot = require_investable(context, read_account(context, log, "start"))
    prices = order_prices(context, log, market_snapshots(context, [symbol], ()), [symbol], "buys")
    price = _required(context, snapshot.account, prices[symbol])
    gate = buying_gate(context, log, snapshot, prices)
    limit = limit_price(price, context.trading.limit_percent, context.instrument(symbol))
    name = partial(trial_id, context.account, log.session.day, log.number, symbol)
    buy = one_share(name("buy"), symbol, "buy", limit)
    bought, checks = _traded(context, log, buy, gate)
    if not bought.filled:
        return checks
    again = _duplicate_id_check(context, gate, buy, bought)
    sell = one_share(name("sell"), symbol, "sell", None)
    sold, more = _traded(context, log, sell, Gate(context, log, _wait_until_held(context, log, symbol), prices))
    after = read_account(context, log, "end")
    return (*checks, again, *more, _cash(context, snapshot.account.cash, after.account.cash, bought, sold))


def buying_gate(context: RunContext, log: RunLog, snapshot: AccountSnapshot, prices: Prices) -> Gate:
    return Gate(context, log, snapshot, prices, budget(snapshot.account, snapshot.reserve, Decimal(0)))


def require_paper(context: RunContext, account: Account) -> None:
    """Raises RunFailedError unless the broker's account number is of a paper account, whatever the settings say."""
    if context.broker.venue.mode_of(account.number) != "paper":
        raise RunFailedError(
            f"account {account.number} is no paper account, and this is for paper only. Nothing was sent."
        )


def _required(context: RunContext, account: Account, price: Price | NoPrice) -> Price:
    """Raises RunFailedError unless this is a paper account and the symbol can be traded at a fresh price."""
    require_paper(context, account)
    if price.symbol in context.trading.protected:
        raise RunFailedError(f"{price.symbol} is protected: name another ticker with --symbol. Nothing was sent.")
    if isinstance(price, NoPrice):
        raise RunFailedError(f"{price.symbol} has no fresh price: {' '.join(price.reasons)} Nothing was sent.")
    return price


def trial_id(*parts: object) -> OrderId:
    """Deterministic: the same parts give the same id."""
    return OrderId(TRIAL_PREFIX + b32encode(sha256("|".join(map(str, parts)).encode()).digest()).decode()[:13])


def one_share(name: OrderId, symbol: Symbol, side: Side, limit: Decimal | None) -> Order:
    return Order(name, symbol, side, ONE, "market" if limit is None else "limit", limit, "the paper trial")


def _traded(context: RunContext, log: StateLog, order: Order, gate: Gate) -> tuple[Outcome, tuple[Check, ...]]:
    began = context.clock.now()
    outcome = sent_once(order, gate)
    seconds = (context.clock.now() - began).total_seconds()
    states = " -> ".join(state.status for state in log.states if state.id == outcome.order.id) or outcome.status
    verb = "bought" if order.side == "buy" else "sold"
    done = f"{verb} {outcome.filled} of 1 {order.symbol} in {seconds:.1f} s, seen as {states}"
    remedy = f"Look at the account: {outcome.reason or 'the order was not filled in time'}."
    filled = _check(verb, done, remedy, passed=outcome.complete)
    if not outcome.filled:
        return outcome, (filled,)
    executed = sum((fill.quantity for fill in context.broker.fills(outcome.order.id)), Decimal(0))
    words = f"executions of {executed} behind {outcome.filled} filled at {outcome.average_price} {context.currency}"
    summed = _check(f"fills, {verb}", words, "Report it: fills were not counted.", passed=executed == outcome.filled)
    return outcome, (filled, summed)


def sent_once(order: Order, gate: Gate) -> Outcome:
    """Send `order` and track it to its end, without a retry under another id."""
    (outcome,) = send_and_track([order], gate, gate.context.trading.sell_timeout_seconds, POLL_SECONDS)
    return outcome


def _duplicate_id_check(context: RunContext, gate: Gate, order: Order, outcome: Outcome) -> Check:
    """Submit the same order again: the broker must reject the duplicate id, which must not count as a refusal."""
    answer, found = gate.repeat(order), context.broker.find(order.id)
    unchanged = isinstance(found, OrderState) and found.filled == outcome.filled
    words = f"sent again it was answered {type(answer).__name__}, and looked up {'unchanged' if unchanged else found}"
    remedy = "Look at the account: it may hold a share more. Report it."
    return _check("same id again", words, remedy, passed=isinstance(answer, Unknown) and unchanged)


def _wait_until_held(context: RunContext, log: RunLog, symbol: Symbol) -> AccountSnapshot:
    """The account once it shows the share, or after MAX_POLLS polls; then the gate refuses the sell."""
    snapshot, looks = read_account(context, log, "after_sells"), 1
    while symbol not in snapshot.holdings.managed and looks < MAX_POLLS:
        waiting(context, f"the account to show the share of {symbol}", MAX_POLLS - looks)
        context.clock.sleep(POLL_SECONDS)
        snapshot, looks = read_account(context, log, "after_sells"), looks + 1
    return snapshot


def _cash(context: RunContext, before: Decimal, after: Decimal, bought: Outcome, sold: Outcome) -> Check:
    traded = (sold.average_price or 0) * sold.filled - (bought.average_price or 0) * bought.filled
    allowed = CASH_TOLERANCE + 2 * context.broker.venue.fee_per_order
    was, now = money(before, context.currency), money(after, context.currency)
    words = f"{was} before, {now} after; the trades make {money(traded, context.currency, signed=True)}"
    remedy = "Look at the account's activities: something else moved its cash, or it is not settled yet."
    return _check("cash", words, remedy, passed=abs(after - before - traded) <= allowed)


def _check(name: str, found: str, remedy: str, *, passed: bool) -> Check:
    verdict: Verdict = "pass" if passed else "fail"
    return Check(name, verdict, found, "" if passed else remedy)


STABLE_FUNDS = tuple(Symbol(name) for name in ("SCHO", "USFR", "VGSH", "BIL", "SGOV", "SHV"))
"""Liquid short-term US government bond funds, by ascending share price."""


def choose_share(context: RunContext, log: RunLog, named: Symbol | None) -> Price:
    """A fresh price of the `named` symbol, or of the first usable one of STABLE_FUNDS.

    Raises RunFailedError, with the reason for each symbol, if none is usable.
    """
    candidates = STABLE_FUNDS if named is None else (named,)
    prices = order_prices(context, log, market_snapshots(context, candidates, ()), candidates, "buys")
    unusable = _unusable(context, candidates)
    why: list[str] = []
    for symbol in candidates:
        price = prices[symbol]
        if symbol in unusable:
            why.append(f"{symbol} {unusable[symbol]}")
        elif isinstance(price, NoPrice):
            why.append(f"{symbol} has no fresh price: {' '.join(price.reasons)}")
        else:
            return price
    raise RunFailedError(
        f"no share can be bought for the trial: {'; '.join(why)}. Name another ticker with --symbol. Nothing was sent."
    )


def _unusable(context: RunContext, candidates: Sequence[Symbol]) -> Mapping[Symbol, str]:
    """The unusable symbols, with the reason. A bot's symbol would mix its shares with the trial's."""
    trading = context.trading
    wanted = {*context.symbols(), *(symbol for pair in trading.paired_tickers for symbol in pair)}
    held = {symbol: f"is held: {shares(count)}" for symbol, count in read_shares(context).items()}
    return {
        **{symbol: f"can't be traded: {reason}" for symbol, reason in context.broker.untradable(candidates).items()},
        **{state.symbol: "has an open order" for state in context.broker.open_orders()},
        **dict.fromkeys(wanted, "is named by a bot, a pair or the fallback"),
        **dict.fromkeys(context.limits.denied, "is denied"),
        **dict.fromkeys(trading.protected, "is protected"),
        **held,
    }


@contextmanager
def trial_of(
    config: Config,
    account: AccountConfig,
    clock: Clock | None,
    form: str = "trial",
    progress: Progress = unwatched,
) -> Iterator[tuple[RunContext, RunId, Session]]:
    """A run context with the trial's own journal, under the run lock. Raises as `evening` does.

    Each `form` of the trial has its own ledger in that journal. Raises RunFailedError if the account is halted, or if
    a run of this session was interrupted: the context would have its recorded settings and no bots.
    """
    file = config.state_dir / "trial.sqlite"
    with (
        evening(config, account, clock=clock, progress=progress) as tonight,
        SqliteJournal.open(file, tonight.holder) as journal,
    ):
        if (halt := tonight.context.journal.trading_status(account.name).halt) is not None:
            raise RunFailedError(f"{halt_text(halt, account.venue.zone)} Nothing was sent.")
        if tonight.interrupted is not None:
            raise RunFailedError(
                f"run {tonight.interrupted.run} of this session was interrupted: let `rebalance run` resume it first. "
                "Nothing was sent."
            )
        # With another account name, no order id of the trial can be that of a run.
        name = f"{account.name}-{form}"
        run = journal.start_run(replace(tonight.request, account=name, force=True, purpose="trial"))
        if isinstance(run, AlreadyRun):
            raise RunFailedError(run.reason)
        yield replace(tonight.context, account=name, journal=journal), run, tonight.session
