"""Reading the market: what it shows, what it did, and which prices are good enough. Everything is written down."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from rebalancer.errors import SourceError
from rebalancer.events import PricesTaken
from rebalancer.live.desk import Desk, Diary
from rebalancer.market.clock import NEW_YORK
from rebalancer.market.history import evening_closes
from rebalancer.market.jumps import unexplained_jumps
from rebalancer.market.prices import climb, order_gates, restated_previous, signal_gates
from rebalancer.model import (
    Closes,
    CorporateAction,
    NoPrice,
    Price,
    Snapshot,
    Symbol,
)

Prices = Mapping[Symbol, Price | NoPrice]
RECENT = timedelta(days=14)


def recent_actions(desk: Desk, symbols: Iterable[Symbol]) -> tuple[CorporateAction, ...]:
    """Splits, dividends and the like of the last days, tonight's session included: what may explain a jump."""
    today = desk.clock.now().astimezone(NEW_YORK).date()
    return desk.history.actions(sorted(symbols), today - RECENT, today)


def take_snapshots(
    desk: Desk, symbols: Iterable[Symbol], actions: Sequence[CorporateAction]
) -> Mapping[Symbol, Snapshot]:
    """What the market shows, each previous close brought to today's shares."""
    today = desk.clock.now().astimezone(NEW_YORK).date()
    return restated_previous(desk.quotes.snapshots(sorted(symbols)), actions, today)


def signal_prices(desk: Desk, diary: Diary, snapshots: Mapping[Symbol, Snapshot], symbols: Iterable[Symbol]) -> Prices:
    """Prices good enough for a decision: anything of today's session."""
    gates = signal_gates(desk.trading, diary.session.day, desk.clock.now())
    return _written(diary, "signals", climb(sorted(symbols), snapshots, gates))


def order_prices(
    desk: Desk,
    diary: Diary,
    snapshots: Mapping[Symbol, Snapshot],
    symbols: Iterable[Symbol],
    purpose: Literal["orders", "buys"] = "orders",
) -> Prices:
    """Prices good enough for an order: fresh, two-sided, not too wide."""
    gates = order_gates(desk.trading, diary.session.day, desk.clock.now())
    prices = _written(diary, purpose, climb(sorted(symbols), snapshots, gates))
    diary.prices |= {symbol: price for symbol, price in prices.items() if isinstance(price, Price)}
    return prices


def _written(diary: Diary, purpose: Literal["signals", "orders", "buys"], prices: Prices) -> Prices:
    found = tuple(price for price in prices.values() if isinstance(price, Price))
    missing = tuple(price for price in prices.values() if isinstance(price, NoPrice))
    diary.write(PricesTaken, purpose=purpose, prices=found, missing=missing)
    return prices


def closes_until_now(desk: Desk, diary: Diary, prices: Prices) -> Closes:
    """Completed sessions on the exchange's calendar, and tonight's provisional row. Raises SourceError without any."""
    today = diary.session.day
    completed = desk.history.closes(desk.symbols(), before=today)
    if not len(completed.sessions):
        raise SourceError(f"the price history has no session before {today}; nothing can be decided")
    expected = desk.calendar.sessions(completed.day(0), today - timedelta(days=1))
    closes = evening_closes(completed, expected, today, prices)
    for note in closes.notes:
        diary.note(note)
    diary.note(f"the closes of {today} are provisional: they are tonight's prices, before the close")
    return closes


def jumps(desk: Desk, diary: Diary, closes: Closes, actions: Sequence[CorporateAction]) -> Mapping[Symbol, str]:
    """Symbols whose closes jumped lately without a known reason: neither bought nor sold in part tonight."""
    found = unexplained_jumps(closes, actions, desk.trading.max_jump_percent)
    for symbol, reason in found.items():
        diary.note(f"{symbol}: {reason}", "warning")
    return found
