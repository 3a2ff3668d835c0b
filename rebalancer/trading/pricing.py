"""Reading the market: what it shows, what it did, and which prices are good enough. Everything is written down."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from rebalancer.errors import SourceError
from rebalancer.events import PricesTaken
from rebalancer.market.history import evening_closes
from rebalancer.market.jumps import unexplained_jumps
from rebalancer.market.prices import accepted_prices, order_gates, restated_previous, signal_gates
from rebalancer.model import (
    Closes,
    CorporateAction,
    NoPrice,
    Price,
    Snapshot,
    Symbol,
)
from rebalancer.trading.context import RunContext, RunLog

Prices = Mapping[Symbol, Price | NoPrice]
RECENT = timedelta(days=14)


def recent_actions(context: RunContext, symbols: Iterable[Symbol]) -> tuple[CorporateAction, ...]:
    """Splits, dividends and the like of the last days, tonight's session included: what may explain a jump."""
    today = context.clock.now().astimezone(context.calendar.zone).date()
    return context.history.actions(sorted(symbols), today - RECENT, today)


def take_snapshots(
    context: RunContext, symbols: Iterable[Symbol], actions: Sequence[CorporateAction]
) -> Mapping[Symbol, Snapshot]:
    """What the market shows, each previous close brought to today's shares."""
    today = context.clock.now().astimezone(context.calendar.zone).date()
    return restated_previous(context.quotes.snapshots(sorted(symbols)), actions, today)


def signal_prices(
    context: RunContext, log: RunLog, snapshots: Mapping[Symbol, Snapshot], symbols: Iterable[Symbol]
) -> Prices:
    """Prices good enough for a decision: anything of today's session."""
    gates = signal_gates(context.trading, log.session, context.clock.now(), context.currency)
    return _written(log, "signals", accepted_prices(sorted(symbols), snapshots, gates))


def order_prices(
    context: RunContext,
    log: RunLog,
    snapshots: Mapping[Symbol, Snapshot],
    symbols: Iterable[Symbol],
    purpose: Literal["orders", "buys"] = "orders",
) -> Prices:
    """Prices good enough for an order: fresh, two-sided, not too wide."""
    gates = order_gates(context.trading, log.session, context.clock.now(), context.currency)
    prices = _written(log, purpose, accepted_prices(sorted(symbols), snapshots, gates))
    log.prices |= {symbol: price for symbol, price in prices.items() if isinstance(price, Price)}
    return prices


def _written(log: RunLog, purpose: Literal["signals", "orders", "buys"], prices: Prices) -> Prices:
    found = tuple(price for price in prices.values() if isinstance(price, Price))
    missing = tuple(price for price in prices.values() if isinstance(price, NoPrice))
    log.write(PricesTaken(at=log.now(), purpose=purpose, prices=found, missing=missing))
    return prices


def closes_until_now(context: RunContext, log: RunLog, prices: Prices) -> Closes:
    """Completed sessions on the exchange's calendar, and tonight's provisional row. Raises SourceError without any."""
    today = log.session.day
    completed = context.history.closes(context.symbols(), before=today)
    if not len(completed.sessions):
        raise SourceError(f"the price history has no session before {today}; nothing can be decided")
    expected = context.calendar.sessions(completed.day(0), today - timedelta(days=1))
    closes = evening_closes(completed, expected, today, prices)
    for note in closes.notes:
        log.note(note)
    log.note(f"the closes of {today} are provisional: they are tonight's prices, before the close")
    return closes


def jumps(context: RunContext, log: RunLog, closes: Closes, actions: Sequence[CorporateAction]) -> Mapping[Symbol, str]:
    """Symbols whose closes jumped lately without a known reason: neither bought nor sold in part tonight."""
    found = unexplained_jumps(closes, actions, context.trading.max_jump_percent)
    for symbol, reason in found.items():
        log.note(f"{symbol}: {reason}", "warning")
    return found
