"""The second leg: only after every sell is terminal, and only with cash that the broker shows after that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from types import MappingProxyType

from rebalancer.model import CorporateAction, Order, OrderPhase, OrderState, Outcome, Plan, Price, Symbol, Trading
from rebalancer.model.text import date_and_time, money
from rebalancer.portfolio.buys import Purse, Sized, budget, budget_after_refusal, room, size_buys
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.gate import Gate
from rebalancer.trading.halts import buys_stopped, closed_reason, latest_time
from rebalancer.trading.orders import execute
from rebalancer.trading.pricing import Prices, order_prices, take_snapshots
from rebalancer.trading.recovery import earlier_orders, in_the_way, look_again, others_orders, untold
from rebalancer.trading.snapshot import AccountSnapshot

AUCTION_MARGIN = timedelta(seconds=30)
AUCTION_FILLS = timedelta(minutes=3)
NONE_REFUSED: Mapping[Symbol, Outcome] = MappingProxyType({})
STANDING: frozenset[OrderPhase] = frozenset({"accepted", "open"})


def may_buy(context: RunContext, log: RunLog, plan: Plan, sold: Sequence[Outcome]) -> bool:
    """Accept only if every sell is known to be over, and the broker takes orders of this account now."""
    reason = _obstacle(context, log, sold)
    if reason is not None:
        log.note(f"no buys tonight: {reason}", "warning")
        log.remarks |= {trade.symbol: f"not bought, {reason}" for trade in plan.buys}
    if buys_stopped(context, log) is not None:
        log.held_back |= {trade.symbol for trade in plan.buys}
    return reason is None


def _obstacle(context: RunContext, log: RunLog, sold: Sequence[Outcome]) -> str | None:
    open_sells = [outcome.order.symbol for outcome in sold if not outcome.certain]
    if open_sells:
        return f"the sell of {', '.join(open_sells)} is not known to be over"
    barred = next((outcome for outcome in sold if outcome.refusal == "account"), None)
    return barred.reason if barred else closed_reason(context, log) or buys_stopped(context, log)


def buy_on(context: RunContext, log: RunLog, plan: Plan, actions: Sequence[CorporateAction]) -> tuple[Outcome, ...]:
    """Follow the buys that left before the run was cut off, then buy what had not left."""
    left = earlier_orders(log, "buy")
    if not left:
        return buy(context, log, plan, actions)
    symbols = {order.symbol for order in left}
    prices = order_prices(context, log, take_snapshots(context, symbols, actions), symbols, "buys")
    gate = partial(_gate, context, log, prices)
    followed = execute(context, log, left, gate(), context.trading.buy_timeout_seconds, again=gate)
    rest = replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol not in symbols))
    return followed + buy(context, log, rest, actions)


def buy(context: RunContext, log: RunLog, plan: Plan, actions: Sequence[CorporateAction]) -> tuple[Outcome, ...]:
    """Read cash and prices again, size the buys to them, largest shortfall first, and send them.

    Once more for what the money did not reach for: limits hold back more than the fills cost, and a venue may have less
    to spend than its account said.
    """
    if not plan.buys:
        return ()
    first = _round_of_buys(context, log, plan, actions)
    refused = {outcome.order.symbol: outcome for outcome in first.outcomes if outcome.refusal == "funds"}
    barred = any(outcome.refusal == "account" for outcome in first.outcomes)
    if barred or not (again := refused.keys() | first.short_of_cash):
        return first.outcomes
    if refused:
        log.note(f"{', '.join(sorted(refused))}: reading the account again, for fewer shares", "warning")
    left = replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol in again))
    second = _round_of_buys(context, log, left, actions, refused)
    retried = {outcome.order.symbol for outcome in second.outcomes} & refused.keys()
    return tuple(outcome for outcome in first.outcomes if outcome.order.symbol not in retried) + second.outcomes


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round of buys, and which symbols more cash would have bought more of."""

    outcomes: tuple[Outcome, ...]
    short_of_cash: frozenset[Symbol]


def _round_of_buys(
    context: RunContext,
    log: RunLog,
    plan: Plan,
    actions: Sequence[CorporateAction],
    refused: Mapping[Symbol, Outcome] = NONE_REFUSED,
) -> Round:
    """Of what was `refused` for want of money only fewer shares are sent, within the money that the venue named."""
    others = others_orders(context)
    snapshot = look_again(context, log, "after_sells")
    blocked = in_the_way(others)
    plan = _without(log, plan, {**blocked, **snapshot.holdings.untouchable})
    symbols = {trade.symbol for trade in plan.buys} | counted_by_price(context, log)
    prices = order_prices(context, log, take_snapshots(context, symbols, actions), symbols, "buys")
    way = buying_way(context, log)
    purse = _within_what_was_named(_purse(context, log, snapshot, prices, others), refused, way)
    sized = _sized(context, log, plan, snapshot, prices, purse, way)
    log.shrunk |= sized.short_of_cash | sized.short_of_room
    for symbol, note in sized.notes.items():
        if symbol not in log.remarks or symbol in refused:
            log.remark(symbol, note)
    orders = [order for order in sized.orders if _is_less(order, refused.get(order.symbol))]
    gate = Gate(context, log, snapshot, prices, purse.cash, open_buys(others, prices, snapshot.account.cash), blocked)
    again = partial(_gate, context, log, prices)
    outcomes = execute(context, log, orders, gate, way.timeout, way.poll, again=again)
    return Round(outcomes, _worth_another_round(sized, outcomes, way))


def _gate(context: RunContext, log: RunLog, prices: Prices) -> Gate:
    """By a fresh reading of the account and of everybody's open orders."""
    others = others_orders(context)
    snapshot = look_again(context, log, "after_sells")
    cash = _purse(context, log, snapshot, prices, others).cash
    return Gate(
        context, log, snapshot, prices, cash, open_buys(others, prices, snapshot.account.cash), in_the_way(others)
    )


def _sized(
    context: RunContext, log: RunLog, plan: Plan, snapshot: AccountSnapshot, prices: Prices, purse: Purse, way: "Way"
) -> Sized:
    attempts = {trade.symbol: log.attempt(trade.symbol, "buy") for trade in plan.buys}
    held, session = snapshot.holdings.managed, log.session.day
    instruments = context.broker.instruments([trade.symbol for trade in plan.buys])
    return size_buys(
        plan, held, prices, purse, way.trading, context.account, session, log.number, attempts, instruments
    )


def _within_what_was_named(purse: Purse, refused: Mapping[Symbol, Outcome], way: "Way") -> Purse:
    """No more cash than the venue said there was when it refused buys."""
    named = [outcome.buying_power for outcome in refused.values() if outcome.buying_power is not None]
    return replace(purse, cash=budget_after_refusal(purse.cash, min(named, default=None), way.trading.order_type))


def _without(log: RunLog, plan: Plan, left_alone: Mapping[Symbol, str]) -> Plan:
    """The plan without buys in what another hand has changed, or has an order in, since it was made."""
    for trade in plan.buys:
        if trade.symbol in left_alone:
            log.remark(trade.symbol, f"not bought, {left_alone[trade.symbol]}")
    return replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol not in left_alone))


def _is_less(order: Order, refused: Outcome | None) -> bool:
    return refused is None or order.quantity < refused.order.quantity


def _worth_another_round(sized: Sized, outcomes: Sequence[Outcome], way: "Way") -> frozenset[Symbol]:
    """What cash was short for, where some was spent and all that was sent is over; an auction has no second round."""
    if way.trading.order_type == "moc" or not any(outcome.filled for outcome in outcomes):
        return frozenset()
    return sized.short_of_cash - {outcome.order.symbol for outcome in outcomes if not outcome.complete}


@dataclass(frozen=True, slots=True)
class Way:
    """How tonight's buys go out: the settings they are sized by, how long they are followed, and how often, in s."""

    trading: Trading
    timeout: int
    poll: float = 1.0


def buying_way(context: RunContext, log: RunLog) -> Way:
    """As configured; the closing auction only while it takes orders, and otherwise `moc_fallback`."""
    trading = context.trading
    if trading.order_type != "moc":
        return Way(trading, trading.buy_timeout_seconds)
    now, closes = latest_time(context, log), log.session.closes
    venue = context.broker.venue
    shown = partial(date_and_time, zone=log.session.zone)
    last = closes - venue.auction_cutoff - AUCTION_MARGIN
    if venue.takes_auction_orders and now <= last:
        log.note(f"buys go to the closing auction: it is {shown(now)}, and it takes orders until {shown(last)}")
        return Way(trading, int((closes + AUCTION_FILLS - now).total_seconds()), poll=15.0)
    is_over = f"it takes orders until {shown(last)}, and it is {shown(now)}"
    why = is_over if venue.takes_auction_orders else "none here"
    log.note(f"no closing auction tonight ({why}): buys are {trading.moc_fallback} orders", "warning")
    return Way(replace(trading, order_type=trading.moc_fallback), trading.buy_timeout_seconds)


def counted_by_price(context: RunContext, log: RunLog) -> set[Symbol]:
    """The symbols of this run's orders that got no price of their own: the limits count them at the market's."""
    return {sent.order.symbol for sent in context.journal.orders(log.run) if sent.average_price is None}


def _purse(
    context: RunContext, log: RunLog, snapshot: AccountSnapshot, prices: Prices, others: Sequence[OrderState]
) -> Purse:
    """What open buys may still take, our own and those of `others`, counts as spent and as invested."""
    account = snapshot.account
    standing = own_buys(context, log, prices, account.cash) + open_buys(others, prices, account.cash)
    cash = budget(account, snapshot.reserve, standing, short=snapshot.short)
    if snapshot.short:
        free = money(account.spendable, account.currency)
        log.note(f"while something is held short, no more is spent than {free}, free of margin")
    return Purse(cash, room(account.equity, snapshot.long_value + standing), context.broker.venue.fee_per_order)


def open_buys(orders: Sequence[OrderState], prices: Prices, cash: Decimal) -> Decimal:
    """Dollars that the buys among `orders` may still take. One that can't be valued may take all of `cash`."""
    return _dollars([(state, state.quantity - state.filled) for state in orders], prices, cash)


def own_buys(context: RunContext, log: RunLog, prices: Prices, cash: Decimal) -> Decimal:
    """Dollars that our own buys of tonight may still take: the rest of what is open, all of what nobody can tell of."""
    doubtful = [(sent.order, sent.order.quantity) for sent in untold(context, log).values()]
    left = context.journal.unsettled(context.account)
    standing = [(sent.order, sent.order.quantity - sent.filled) for sent in left if sent.phase in STANDING]
    return _dollars([*doubtful, *standing], prices, cash)


def _dollars(orders: Iterable[tuple[Order | OrderState, Decimal]], prices: Prices, cash: Decimal) -> Decimal:
    """Of the buys among `orders`, for so many shares each."""
    return sum((_cost(order, shares, prices, cash) for order, shares in orders if order.side == "buy"), Decimal(0))


def _cost(order: Order | OrderState, shares: Decimal, prices: Prices, cash: Decimal) -> Decimal:
    price = prices.get(order.symbol)
    per_share = order.limit or (price.value if isinstance(price, Price) else None)
    return cash if per_share is None else shares * per_share
