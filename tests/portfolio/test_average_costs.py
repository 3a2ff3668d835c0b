"""What shares cost on average: bought, sold, adopted, split, renamed, handed over, written off."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from rebalancer.bookings import HandedOver, SpunOff
from rebalancer.events import Adopted, FillSeen, Restated, WrittenOff
from rebalancer.model import Fill, OrderId, Side, Symbol
from rebalancer.portfolio.average_costs import AverageCosts

SPY, NEW = Symbol("SPY"), Symbol("NEW")
NOW = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)


def dealt(side: Side, shares: int, price: str, fee: str = "0") -> FillSeen:
    return FillSeen(NOW, Fill("x", OrderId("o"), SPY, side, Decimal(shares), Decimal(price), Decimal(fee), NOW))


def adopted(shares: int, value: str, cost: str | None) -> Adopted:
    return Adopted(NOW, "demo", SPY, Decimal(shares), Decimal(value), cost=None if cost is None else Decimal(cost))


def restated(symbol: Symbol, shares: int, was: Symbol | None = None) -> Restated:
    day = None if was is None else date(2024, 3, 4)
    return Restated(NOW, "demo", symbol, Decimal(shares), Decimal(shares), "words", was, day)


BOUGHT = dealt("buy", 10, "20", "1")


@pytest.mark.parametrize(
    ("events", "symbol", "shares", "cost", "has_adopted"),
    [
        ([BOUGHT], SPY, 10, "201.00", False),
        ([BOUGHT, dealt("sell", 4, "99", "1")], SPY, 6, "120.60", False),
        ([BOUGHT, dealt("sell", 10, "30"), dealt("buy", 1, "5")], SPY, 1, "5.00", False),
        ([BOUGHT, dealt("sell", 5, "30"), dealt("buy", 10, "40")], SPY, 15, "500.50", False),
        ([dealt("sell", 5, "30"), BOUGHT], SPY, 10, "201.00", False),
        ([BOUGHT, adopted(5, "150", "79.50")], SPY, 15, "280.50", True),
        ([BOUGHT, adopted(5, "150", None)], SPY, 15, "351.00", True),
        ([adopted(5, "150", None), dealt("sell", 5, "1"), BOUGHT], SPY, 10, "201.00", False),
        ([BOUGHT, adopted(0, "0", None)], SPY, 10, "201.00", False),
        ([BOUGHT, restated(SPY, 30)], SPY, 30, "201.00", False),
        ([BOUGHT, restated(SPY, 0), restated(NEW, 20, SPY)], NEW, 20, "201.00", False),
        ([BOUGHT, HandedOver(NOW, "demo", "A", SPY, Decimal(5), "ann")], SPY, 5, "100.50", False),
        ([BOUGHT, WrittenOff(NOW, "demo", SPY, Decimal(10), Decimal(0), "ann", "gone")], SPY, 10, None, False),
        ([BOUGHT], SPY, 11, None, False),
        ([BOUGHT], SPY, 7, "140.70", False),
        ([SpunOff(NOW, "demo", NEW, Decimal(5), Decimal(5), SPY, date(2024, 3, 4), "words")], NEW, 5, None, False),
    ],
    ids=[
        *(
            "with fees",
            "after a sale",
            "bought again",
            "sold in part",
            "sold before",
            "adopted at the average cost",
            "adopted at the value",
        ),
        *("adopted ones were sold", "a difference settled", "split", "renamed", "handed over", "written off"),
        *("of more than are known", "of a part", "by a spin-off"),
    ],
)
def test_shares_cost_what_was_paid_for_them(events, symbol, shares, cost, has_adopted):
    costs = AverageCosts()
    for event in events:
        costs.take(event)
    assert costs.of(symbol, Decimal(shares)) == (None if cost is None else Decimal(cost))
    assert costs.has_adopted(symbol) == has_adopted
