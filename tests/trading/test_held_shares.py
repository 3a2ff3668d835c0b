"""Shares of closed orders are sold only when the broker has released them: the wait for that, and the warning."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from stage import GLD, SPY, TLT

from rebalancer.market.clock import SimulatedClock
from rebalancer.model import OrderId, OrderState, Position, Side, Symbol
from rebalancer.ports import unwatched
from rebalancer.trading.tracking import wait_until_released

NOW = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)


@dataclass
class HoldingBroker:
    """Shows each of `lists` of positions once, and then the last again."""

    lists: list[Sequence[Position]]
    orders: Sequence[OrderState] = ()
    reads: int = 0

    def positions(self) -> Sequence[Position]:
        self.reads += 1
        return self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]

    def open_orders(self) -> Sequence[OrderState]:
        return self.orders


@dataclass
class Notes:
    lines: list[tuple[str, str]] = field(default_factory=list)

    def note(self, text: str, level: str) -> None:
        self.lines.append((level, text))


def position(symbol: Symbol, held: int, available: int | None) -> Position:
    free = None if available is None else Decimal(available)
    return Position(symbol, Decimal(held), Decimal(held), available=free)


def open_order(symbol: Symbol, side: Side, quantity: int, filled: int = 0, *, by_amount: bool = False) -> OrderState:
    count, done = Decimal(quantity), Decimal(filled)
    return OrderState(OrderId("o"), symbol, side, count, "market", None, "open", done, None, by_amount=by_amount)


def waited(broker: HoldingBroker, *symbols: Symbol) -> tuple[float, list[tuple[str, str]]]:
    """Seconds by the simulated clock, and the warnings."""
    clock, log = SimulatedClock(NOW), Notes()
    context: Any = SimpleNamespace(broker=broker, clock=clock, progress=unwatched)
    checked: Any = log
    wait_until_released(context, checked, symbols)
    return (clock.now() - NOW) / timedelta(seconds=1), log.lines


def still_held(symbol: Symbol, count: str) -> tuple[str, str]:
    reason = f"{count} are still held 30 s after no open order holds them"
    return "warning", f"{symbol}: {reason}; only what is available is sold"


def test_without_symbols_the_broker_is_not_asked() -> None:
    broker = HoldingBroker([[]])
    assert waited(broker) == (0, [])
    assert broker.reads == 0


def test_released_shares_are_not_waited_for() -> None:
    assert waited(HoldingBroker([[position(SPY, 10, 10)]]), SPY) == (0, [])
    assert waited(HoldingBroker([[position(SPY, 10, None)]]), SPY) == (0, [])


def test_the_wait_ends_when_the_shares_are_released() -> None:
    held, released = [position(SPY, 10, 4)], [position(SPY, 10, 10)]
    assert waited(HoldingBroker([held, held, released]), SPY) == (2, [])


def test_shares_that_stay_held_are_reported_by_symbol_after_half_a_minute() -> None:
    broker = HoldingBroker([[position(TLT, 9, 8), position(SPY, 10, 4), position(GLD, 5, 0)]])
    assert waited(broker, TLT, SPY) == (30, [still_held(SPY, "6 shares"), still_held(TLT, "1 share")])


@pytest.mark.parametrize(
    ("order", "left"),
    [
        pytest.param(open_order(SPY, "sell", 6, filled=2), "2 shares", id="an open sell holds its unfilled shares"),
        pytest.param(open_order(SPY, "buy", 6), "6 shares", id="an open buy holds none"),
        pytest.param(open_order(GLD, "sell", 6), "6 shares", id="a sell of another symbol holds none"),
        pytest.param(open_order(SPY, "sell", 6), None, id="all are held by an open sell"),
        pytest.param(open_order(SPY, "sell", 9), None, id="a sell of more than is held"),
        pytest.param(open_order(SPY, "sell", 1, by_amount=True), None, id="a sell by amount may hold any number"),
    ],
)
def test_shares_that_an_open_sell_holds_are_not_waited_for(order: OrderState, left: str | None) -> None:
    expected = (0, []) if left is None else (30, [still_held(SPY, left)])
    assert waited(HoldingBroker([[position(SPY, 10, 4)]], [order]), SPY) == expected
