"""Prices: market snapshots, prices accepted for signals and for orders, closes up to now. All are journalled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from rebalancer.errors import SourceError
from rebalancer.events import PricesTaken
from rebalancer.market.closes import evening_closes
from rebalancer.market.coverage import unexplained_jumps
from rebalancer.market.price_fallback import accepted_prices, order_gates, restated_previous, signal_gates
from rebalancer.model import Closes, CorporateAction, NoPrice, Price, Snapshot, Symbol
from rebalancer.trading.context import RunContext, RunLog

Prices = Mapping[Symbol, Price | NoPrice]
RECENT = timedelta(days=14)


def recent_actions(context: RunContext, symbols: Iterable[Symbol]) -> tuple[CorporateAction, ...]:
    """Splits, dividends and renames of the last two weeks, tonight included: they may explain a jump of a price."""
    today = context.clock.now().astimezone(context.calendar.zone).date()
    return context.history.actions(sorted(symbols), today - RECENT, today)


def market_snapshots(
    context: RunContext, symbols: Iterable[Symbol], actions: Sequence[CorporateAction]
) -> Mapping[Symbol, Snapshot]:
    """Quotes, trades and bars of now, each previous close adjusted for splits since."""
    today = context.clock.now().astimezone(context.calendar.zone).date()
    return restated_previous(context.quotes.snapshots(sorted(symbols)), actions, today)


def signal_prices(
    context: RunContext, log: RunLog, snapshots: Mapping[Symbol, Snapshot], symbols: Iterable[Symbol]
) -> Prices:
    """Prices accepted for a bot's decision: any of today's session."""
    gates = signal_gates(context.trading, log.session, context.clock.now(), context.currency)
    return _recorded(log, "signals", accepted_prices(sorted(symbols), snapshots, gates))


def order_prices(
    context: RunContext,
    log: RunLog,
    snapshots: Mapping[Symbol, Snapshot],
    symbols: Iterable[Symbol],
    purpose: Literal["orders", "buys"] = "orders",
) -> Prices:
    """Prices accepted for an order: fresh, two-sided, not too wide."""
    gates = order_gates(context.trading, log.session, context.clock.now(), context.currency)
    prices = _recorded(log, purpose, accepted_prices(sorted(symbols), snapshots, gates))
    log.last_prices |= {symbol: price for symbol, price in prices.items() if isinstance(price, Price)}
    return prices


def _recorded(log: RunLog, purpose: Literal["signals", "orders", "buys"], prices: Prices) -> Prices:
    found = tuple(price for price in prices.values() if isinstance(price, Price))
    missing = tuple(price for price in prices.values() if isinstance(price, NoPrice))
    log.write(PricesTaken(at=log.now(), purpose=purpose, prices=found, missing=missing))
    return prices


def closes_until_now(context: RunContext, log: RunLog, prices: Prices) -> Closes:
    """Closes of completed sessions, and tonight's prices as a provisional last row. Raises SourceError without any."""
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


def warn_jumps(
    context: RunContext, log: RunLog, closes: Closes, actions: Sequence[CorporateAction]
) -> Mapping[Symbol, str]:
    """Symbols whose closes jumped without a known corporate action: neither bought nor sold in part tonight."""
    found = unexplained_jumps(closes, actions, context.trading.max_jump_percent, context.currency)
    for symbol, reason in found.items():
        log.note(f"{symbol}: {reason}", "warning")
    return found
