"""The second leg: only after every sell is terminal, and only with cash that the broker shows after that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from rebalancer.live.desk import Desk, Diary
from rebalancer.live.execute import execute
from rebalancer.live.gate import Gate
from rebalancer.live.hours import closed, new_york
from rebalancer.live.loss import only_sells
from rebalancer.live.recover import earlier_orders, untold
from rebalancer.live.survey import Prices, Survey, order_prices, read_holdings, take_snapshots
from rebalancer.model import CorporateAction, Order, OrderPhase, OrderState, Outcome, Plan, Price, Symbol, Trading
from rebalancer.portfolio.buys import AUCTION_CUTOFF, Purse, budget, room, size_buys
from rebalancer.portfolio.ids import is_ours

AUCTION_MARGIN = timedelta(seconds=30)
AUCTION_FILLS = timedelta(minutes=3)
STANDING: frozenset[OrderPhase] = frozenset({"accepted", "open"})


def may_buy(desk: Desk, diary: Diary, plan: Plan, sold: Sequence[Outcome]) -> bool:
    """Accept only if every sell is known to be over, and the broker takes orders of this account now."""
    reason = _obstacle(desk, diary, sold)
    if reason is not None:
        diary.note(f"no buys tonight: {reason}", "warning")
        diary.remarks |= {trade.symbol: f"not bought, {reason}" for trade in plan.buys}
    return reason is None


def _obstacle(desk: Desk, diary: Diary, sold: Sequence[Outcome]) -> str | None:
    open_sells = [outcome.order.symbol for outcome in sold if not outcome.certain]
    if open_sells:
        return f"the sell of {', '.join(open_sells)} is not known to be over"
    barred = next((outcome for outcome in sold if outcome.refusal == "account"), None)
    return barred.reason if barred else closed(desk, diary) or only_sells(desk, diary)


def buy_on(desk: Desk, diary: Diary, plan: Plan, actions: Sequence[CorporateAction]) -> tuple[Outcome, ...]:
    """Follow the buys that left before the run was cut off, then buy what had not left."""
    left = earlier_orders(diary, "buy")
    if not left:
        return buy(desk, diary, plan, actions)
    survey = read_holdings(desk, diary, "after_sells")
    symbols = {order.symbol for order in left}
    prices = order_prices(desk, diary, take_snapshots(desk, symbols, actions), symbols, "buys")
    gate = Gate(desk, diary, survey, prices, _purse(desk, diary, survey, prices).cash)
    followed = execute(desk, diary, left, gate, desk.trading.buy_timeout_seconds)
    rest = replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol not in symbols))
    return followed + buy(desk, diary, rest, actions)


def buy(desk: Desk, diary: Diary, plan: Plan, actions: Sequence[CorporateAction]) -> tuple[Outcome, ...]:
    """Read cash and prices again, size the buys to them, largest shortfall first, and send them.

    Where the broker has less to spend than its account said, what it refused is sized and sent once more.
    """
    if not plan.buys:
        return ()
    bought = _round_of_buys(desk, diary, plan, actions)
    short = {outcome.order.symbol: outcome.order.quantity for outcome in bought if outcome.refusal == "funds"}
    if not short:
        return bought
    diary.note(f"{', '.join(sorted(short))}: reading the account again, for fewer shares", "warning")
    left = replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol in short))
    again = _round_of_buys(desk, diary, left, actions, attempt=2, below=short)
    retried = {outcome.order.symbol for outcome in again}
    return tuple(outcome for outcome in bought if outcome.order.symbol not in retried) + again


def _round_of_buys(
    desk: Desk,
    diary: Diary,
    plan: Plan,
    actions: Sequence[CorporateAction],
    attempt: int = 1,
    below: Mapping[Symbol, Decimal] | None = None,
) -> tuple[Outcome, ...]:
    """`below` are numbers of shares that were refused already: only fewer are sent."""
    survey = read_holdings(desk, diary, "after_sells")
    symbols = {trade.symbol for trade in plan.buys} | counted_by_price(desk, diary)
    prices = order_prices(desk, diary, take_snapshots(desk, symbols, actions), symbols, "buys")
    way = buying_way(desk, diary)
    purse = _purse(desk, diary, survey, prices)
    orders, notes = size_buys(
        plan,
        survey.holdings.managed,
        prices,
        purse,
        way.trading,
        desk.account,
        diary.session.day,
        diary.number,
        attempt,
    )
    for symbol, note in notes.items():
        diary.remark(symbol, note)
    if below is not None:
        orders = tuple(order for order in orders if order.quantity < below[order.symbol])
    return execute(desk, diary, orders, Gate(desk, diary, survey, prices, purse.cash), way.timeout, way.poll)


@dataclass(frozen=True, slots=True)
class Way:
    """How tonight's buys go out: the settings they are sized by, how long they are followed, and how often, in s."""

    trading: Trading
    timeout: int
    poll: float = 1.0


def buying_way(desk: Desk, diary: Diary) -> Way:
    """As configured; the closing auction only while it takes orders, and otherwise `moc_fallback`."""
    trading = desk.trading
    if trading.order_type != "moc":
        return Way(trading, trading.buy_timeout_seconds)
    now, closes = desk.clock.now(), diary.session.closes
    last = closes - AUCTION_CUTOFF - AUCTION_MARGIN
    if desk.broker.caps.moc and now <= last:
        diary.note(f"buys go to the closing auction: it is {new_york(now)}, and it takes orders until {new_york(last)}")
        return Way(trading, int((closes + AUCTION_FILLS - now).total_seconds()), poll=15.0)
    why = f"it takes orders until {new_york(last)}, and it is {new_york(now)}" if desk.broker.caps.moc else "none here"
    diary.note(f"no closing auction tonight ({why}): buys are {trading.moc_fallback} orders", "warning")
    return Way(replace(trading, order_type=trading.moc_fallback), trading.buy_timeout_seconds)


def counted_by_price(desk: Desk, diary: Diary) -> set[Symbol]:
    """The symbols of this run's orders that got no price of their own: the limits count them at the market's."""
    return {sent.order.symbol for sent in desk.journal.sent(diary.run) if sent.average_price is None}


def _purse(desk: Desk, diary: Diary, survey: Survey, prices: Prices) -> Purse:
    """What is not told of counts as spent, and as invested: our own buys that stand, or may. Others' count as spent."""
    account = survey.account
    ours = own_buys(desk, diary, prices, account.cash)
    cash = budget(account, survey.reserve, others_open_buys(desk, prices, account.cash) + ours)
    return Purse(cash, room(account.equity, survey.long_value + ours), desk.broker.caps.fee_per_order)


def others_open_buys(desk: Desk, prices: Prices, cash: Decimal) -> Decimal:
    """Dollars that open buys of other hands may still take. One that can't be valued may take all of `cash`."""
    orders = desk.broker.open_orders()
    others = [(state, state.quantity - state.filled) for state in orders if not is_ours(state.id)]
    return _dollars(others, prices, cash)


def own_buys(desk: Desk, diary: Diary, prices: Prices, cash: Decimal) -> Decimal:
    """Dollars that our own buys of tonight may still take: the rest of what is open, all of what nobody can tell of."""
    doubtful = [(sent.order, sent.order.quantity) for sent in untold(desk, diary).values()]
    left = desk.journal.unsettled(desk.account)
    standing = [(sent.order, sent.order.quantity - sent.filled) for sent in left if sent.phase in STANDING]
    return _dollars([*doubtful, *standing], prices, cash)


def _dollars(orders: Iterable[tuple[Order | OrderState, Decimal]], prices: Prices, cash: Decimal) -> Decimal:
    """Of the buys among `orders`, for so many shares each."""
    return sum((_cost(order, shares, prices, cash) for order, shares in orders if order.side == "buy"), Decimal(0))


def _cost(order: Order | OrderState, shares: Decimal, prices: Prices, cash: Decimal) -> Decimal:
    price = prices.get(order.symbol)
    per_share = order.limit or (price.value if isinstance(price, Price) else None)
    return cash if per_share is None else shares * per_share
