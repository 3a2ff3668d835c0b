"""The buy leg: starts when every sell is terminal, and spends only the cash that the broker shows after that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

from rebalancer.model import CorporateAction, Order, OrderPhase, OrderState, Outcome, Plan, Price, Symbol, Trading
from rebalancer.model.text import date_and_time, money
from rebalancer.portfolio.buys import Funds, Sized, budget, budget_after_refusal, room, size_buys
from rebalancer.portfolio.trades import Prices
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.gate import Gate
from rebalancer.trading.halts import buys_stopped, closed_reason, latest_time
from rebalancer.trading.orders import execute
from rebalancer.trading.pricing import market_snapshots, order_prices
from rebalancer.trading.recovery import (
    blocked_symbols,
    external_orders,
    orders_before_interruption,
    orders_in_doubt,
    read_account_again,
)
from rebalancer.trading.snapshot import AccountSnapshot

AUCTION_MARGIN = timedelta(seconds=30)
AUCTION_FILLS = timedelta(minutes=3)
AT_BROKER: frozenset[OrderPhase] = frozenset({"accepted", "open"})


def may_buy(context: RunContext, log: RunLog, plan: Plan, sold: Sequence[Outcome]) -> bool:
    """Accept only if every sell is known to be terminal, and the account may still buy."""
    reason = _no_buys_reason(context, log, sold)
    if reason is not None:
        log.note(f"no buys tonight: {reason}", "warning")
        log.warnings |= {trade.symbol: f"not bought, {reason}" for trade in plan.buys}
    if buys_stopped(context, log) is not None:
        log.held_back |= {trade.symbol for trade in plan.buys}
    return reason is None


def _no_buys_reason(context: RunContext, log: RunLog, sold: Sequence[Outcome]) -> str | None:
    open_sells = [outcome.order.symbol for outcome in sold if not outcome.certain]
    if open_sells:
        return f"the sell of {', '.join(open_sells)} is not known to be over"
    barred = next((outcome for outcome in sold if outcome.refusal == "account"), None)
    return barred.reason if barred else closed_reason(context, log) or buys_stopped(context, log)


def buy(context: RunContext, log: RunLog, plan: Plan, actions: Sequence[CorporateAction]) -> tuple[Outcome, ...]:
    """Track the buys sent before an interruption until they are terminal, then send the plan's remaining buys."""
    earlier = orders_before_interruption(log, "buy")
    if not earlier:
        return _send_buys(context, log, plan, actions)
    symbols = {order.symbol for order in earlier}
    prices = order_prices(context, log, market_snapshots(context, symbols, actions), symbols, "buys")
    gate = partial(_open_gate, context, log, prices)
    tracked = execute(earlier, gate(), context.trading.buy_timeout_seconds, reopen_gate=gate)
    rest = replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol not in symbols))
    return tracked + _send_buys(context, log, rest, actions)


def _send_buys(context: RunContext, log: RunLog, plan: Plan, actions: Sequence[CorporateAction]) -> tuple[Outcome, ...]:
    """Read cash and prices again, size the buys to them, largest shortfall first, and send them.

    A second round follows where cash ran short: buys reserve cash at their limit price and may fill for less, and a
    venue may allow less than its account showed.
    """
    if not plan.buys:
        return ()
    first, short_of_cash = _round_of_buys(context, log, plan, actions, {})
    refused = {outcome.order.symbol: outcome for outcome in first if outcome.refusal == "funds"}
    barred = any(outcome.refusal == "account" for outcome in first)
    if barred or not (again := refused.keys() | short_of_cash):
        return first
    if refused:
        log.note(f"{', '.join(sorted(refused))}: reading the account again, for fewer shares", "warning")
    rest = replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol in again))
    second, _ = _round_of_buys(context, log, rest, actions, refused)
    retried = {outcome.order.symbol for outcome in second} & refused.keys()
    return tuple(outcome for outcome in first if outcome.order.symbol not in retried) + second


# --------------------------------------------------------------------------------------------- one round


def _round_of_buys(
    context: RunContext,
    log: RunLog,
    plan: Plan,
    actions: Sequence[CorporateAction],
    refused: Mapping[Symbol, Outcome],
) -> tuple[tuple[Outcome, ...], frozenset[Symbol]]:
    """The outcomes, and the symbols for which cash ran short.

    Symbols `refused` for lack of funds are retried with fewer shares, within the buying power the venue named.
    """
    external = external_orders(context)
    snapshot = read_account_again(context, log, "after_sells")
    blocked = blocked_symbols(external, log.currency)
    plan = _without_blocked(log, plan, {**blocked, **snapshot.holdings.untouchable})
    # the limits of the run value its orders without an average price at the market's
    valued_at_market = {sent.order.symbol for sent in log.orders() if sent.average_price is None}
    symbols = {trade.symbol for trade in plan.buys} | valued_at_market
    prices = order_prices(context, log, market_snapshots(context, symbols, actions), symbols, "buys")
    style = execution_style(context, log)
    funds = _within_buying_power(_funds(context, log, snapshot, prices, external), refused, style)
    sized = _sized(context, log, plan, snapshot, prices, funds, style)
    _warn_reduced(log, sized, refused)
    orders = [
        order
        for order in sized.orders
        if order.symbol not in refused or order.quantity < refused[order.symbol].order.quantity
    ]
    external_buys = open_buys(external, prices, snapshot.account.cash)
    gate = Gate(context, log, snapshot, prices, funds.cash, external_buys, blocked)
    reopen_gate = partial(_open_gate, context, log, prices)
    outcomes = execute(orders, gate, style.timeout, style.poll, reopen_gate=reopen_gate)
    return outcomes, _worth_second_round(sized, outcomes, style)


def _open_gate(context: RunContext, log: RunLog, prices: Prices) -> Gate:
    """A gate based on a fresh reading of the account and of all open orders."""
    external = external_orders(context)
    snapshot = read_account_again(context, log, "after_sells")
    cash = _funds(context, log, snapshot, prices, external).cash
    external_buys = open_buys(external, prices, snapshot.account.cash)
    return Gate(context, log, snapshot, prices, cash, external_buys, blocked_symbols(external, log.currency))


def _without_blocked(log: RunLog, plan: Plan, blocked: Mapping[Symbol, str]) -> Plan:
    """The plan without symbols whose position or open orders another sender has changed since."""
    for trade in plan.buys:
        if trade.symbol in blocked:
            log.warn_about(trade.symbol, f"not bought, {blocked[trade.symbol]}")
    return replace(plan, trades=tuple(trade for trade in plan.trades if trade.symbol not in blocked))


def _sized(
    context: RunContext,
    log: RunLog,
    plan: Plan,
    snapshot: AccountSnapshot,
    prices: Prices,
    funds: Funds,
    style: "ExecutionStyle",
) -> Sized:
    attempts = {trade.symbol: log.next_attempt(trade.symbol, "buy") for trade in plan.buys}
    held, session = snapshot.holdings.managed, log.session.day
    instruments = context.instruments([trade.symbol for trade in plan.buys])
    return size_buys(
        *(plan, held, prices, funds, style.trading, context.account, session, log.number, attempts),
        instruments=instruments,
    )


def _warn_reduced(log: RunLog, sized: Sized, refused: Mapping[Symbol, Outcome]) -> None:
    log.underfunded |= sized.short_of_cash | sized.short_of_room
    for symbol, note in sized.notes.items():
        if symbol not in log.warnings or symbol in refused:
            log.warn_about(symbol, note)


def _worth_second_round(sized: Sized, outcomes: Sequence[Outcome], style: "ExecutionStyle") -> frozenset[Symbol]:
    """The symbols limited by cash, if some was spent and every order is terminal. An auction has no second round."""
    if style.trading.order_type == "moc" or not any(outcome.filled for outcome in outcomes):
        return frozenset()
    return sized.short_of_cash - {outcome.order.symbol for outcome in outcomes if not outcome.complete}


# --------------------------------------------------------------------------------------------- order type


@dataclass(frozen=True, slots=True)
class ExecutionStyle:
    """Tonight's settings for buys, and how long (seconds) and how often (every `poll` seconds) they are tracked."""

    trading: Trading
    timeout: int
    poll: float = 1.0


def execution_style(context: RunContext, log: RunLog) -> ExecutionStyle:
    """As configured; the closing auction only while it takes orders, and otherwise `moc_fallback`."""
    trading = context.trading
    if trading.order_type != "moc":
        return ExecutionStyle(trading, trading.buy_timeout_seconds)
    now, closes = latest_time(context, log), log.session.closes
    venue = context.broker.venue
    shown = partial(date_and_time, zone=log.session.zone)
    last = closes - venue.auction_cutoff - AUCTION_MARGIN
    if venue.takes_auction_orders and now <= last:
        log.note(f"buys go to the closing auction: it is {shown(now)}, and it takes orders until {shown(last)}")
        return ExecutionStyle(trading, int((closes + AUCTION_FILLS - now).total_seconds()), poll=15.0)
    is_over = f"it takes orders until {shown(last)}, and it is {shown(now)}"
    reason = is_over if venue.takes_auction_orders else "none here"
    log.note(f"no closing auction tonight ({reason}): buys are {trading.moc_fallback} orders", "warning")
    return ExecutionStyle(replace(trading, order_type=trading.moc_fallback), trading.buy_timeout_seconds)


# --------------------------------------------------------------------------------------------- funds


def _funds(
    context: RunContext, log: RunLog, snapshot: AccountSnapshot, prices: Prices, external: Sequence[OrderState]
) -> Funds:
    """The funds for buys. The unfilled part of open buys, ours and `external` ones, counts as spent and invested."""
    account = snapshot.account
    reserved = own_open_buys(context, log, prices, account.cash) + open_buys(external, prices, account.cash)
    cash = budget(account, snapshot.reserve, reserved, short=snapshot.short)
    if snapshot.short:
        free = money(account.spendable, account.currency)
        log.note(f"while something is held short, no more is spent than {free}, free of margin")
    return Funds(cash, room(account.equity, snapshot.long_value + reserved), context.broker.venue.fee_per_order)


def _within_buying_power(funds: Funds, refused: Mapping[Symbol, Outcome], style: ExecutionStyle) -> Funds:
    """No more cash than the venue named when it refused buys."""
    named = [outcome.buying_power for outcome in refused.values() if outcome.buying_power is not None]
    return replace(funds, cash=budget_after_refusal(funds.cash, min(named, default=None), style.trading.order_type))


def open_buys(orders: Sequence[OrderState], prices: Prices, cash: Decimal) -> Decimal:
    """The unfilled value of the buys among `orders`. One without a price counts as all of `cash`."""
    return _cost_of_buys([(state, state.remaining) for state in orders], prices, cash)


def own_open_buys(context: RunContext, log: RunLog, prices: Prices, cash: Decimal) -> Decimal:
    """The unfilled value of our own buys; those with unknown outcome count in full."""
    doubtful = [(sent.order, sent.order.quantity) for sent in orders_in_doubt(context, log).values()]
    unsettled = context.journal.unsettled(context.account)
    open_rest = [(sent.order, sent.order.quantity - sent.filled) for sent in unsettled if sent.phase in AT_BROKER]
    return _cost_of_buys([*doubtful, *open_rest], prices, cash)


def _cost_of_buys(orders: Iterable[tuple[Order | OrderState, Decimal]], prices: Prices, cash: Decimal) -> Decimal:
    """The cost of the buys among `orders`; each comes with the shares to count."""
    return sum((_cost(order, shares, prices, cash) for order, shares in orders if order.side == "buy"), Decimal(0))


def _cost(order: Order | OrderState, shares: Decimal, prices: Prices, cash: Decimal) -> Decimal:
    price = prices.get(order.symbol)
    per_share = order.limit or (price.value if isinstance(price, Price) else None)
    return cash if per_share is None else shares * per_share
