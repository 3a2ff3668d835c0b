"""Positions are compared with the journal again before a sell that waited."""

from decimal import Decimal
from types import SimpleNamespace

from stage import SPY

from rebalancer.model import Order, OrderId, Position
from rebalancer.ports import Ledger
from rebalancer.trading.pretrade import PositionCheck

SELL = Order(OrderId("rb1"), SPY, "sell", Decimal(10), "market", None, "a test")


def rechecked(held: int, expected: int | None) -> str | None:
    ledger = Ledger({}, None if expected is None else {SPY: Decimal(expected)})
    context = SimpleNamespace(
        account="demo",
        journal=SimpleNamespace(ledger=lambda _: ledger),
        broker=SimpleNamespace(positions=lambda: (Position(SPY, Decimal(held), Decimal(500)),)),
        clock=SimpleNamespace(elapsed=lambda: 5.0),
    )
    return PositionCheck(context, read_at=0.0).before_sell(SELL)


def test_a_sell_of_an_expected_position_is_accepted():
    assert rechecked(10, 10) is None


def test_a_sell_of_a_position_that_another_sender_reduced_is_rejected():
    assert rechecked(9, 10) == "the broker shows 9 shares, 10 were expected"


def test_before_the_first_record_a_sell_needs_only_enough_shares_at_the_broker():
    assert rechecked(10, None) is None
    assert rechecked(9, None) is not None
