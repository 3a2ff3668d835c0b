"""The gate counts what it let through as done, whatever the broker says later."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from stage import DAYS, GLD, SPY, Stage, hold, percent, session_of

from rebalancer.journal.store import SqliteJournal
from rebalancer.live.desk import Diary
from rebalancer.live.gate import Gate
from rebalancer.live.survey import read_holdings
from rebalancer.model import Order, OrderId, Price, RunId, Side, Symbol


def order(number: int, side: Side, symbol: Symbol, quantity: int, limit: str | None = None) -> Order:
    kind = "market" if limit is None else "limit"
    price = None if limit is None else Decimal(limit)
    return Order(OrderId(f"rb{number}"), symbol, side, Decimal(quantity), kind, price, "a test")  # type: ignore[arg-type]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """100 SPY are ours, and 10,000 dollars may be spent on GLD at 200; every order costs 50."""
    stage = Stage(tmp_path, {"A": (hold(SPY), percent("A", 50))})
    stage.run()
    stage.on(DAYS[1]).commission = Decimal(50)
    broker = stage.broker()
    with SqliteJournal.open(stage.journal_file) as journal:
        desk = stage.desk(broker, journal)
        run = journal.claim(stage.claim())
        assert isinstance(run, int)
        diary = Diary(desk, RunId(run), session_of(DAYS[1]))
        price = Price(GLD, Decimal(200), "trade", stage.clock.now(), 0.0)
        yield Gate(desk, diary, read_holdings(desk, diary, "start"), {GLD: price}, Decimal(10_000))
    broker.close()


def test_shares_that_are_on_their_way_out_are_not_sold_again(gate: Gate) -> None:
    assert gate(order(1, "sell", SPY, 60)) is None
    assert gate(order(2, "sell", SPY, 40)) is None
    assert "more than the 0 that are ours to sell" in (gate(order(3, "sell", SPY, 1)) or "")


def test_dollars_that_are_on_their_way_out_are_not_spent_again(gate: Gate) -> None:
    assert gate(order(1, "buy", GLD, 25, "202")) is None
    assert gate(order(2, "buy", GLD, 23, "202")) is None
    assert "left for buys" in (gate(order(3, "buy", GLD, 1, "202")) or "")


def test_the_fee_of_an_order_that_left_is_spent(gate: Gate) -> None:
    assert gate(order(1, "buy", GLD, 25, "200")) is None
    assert "4,900.00 USD left for buys" in (gate(order(2, "buy", GLD, 25, "200")) or "")


def test_a_refused_order_counts_for_nothing(gate: Gate) -> None:
    assert gate(order(1, "sell", SPY, 101)) is not None
    assert gate(order(2, "sell", SPY, 100)) is None


def test_the_dollars_of_a_market_buy_are_counted_with_their_margin(gate: Gate) -> None:
    assert gate(order(1, "buy", GLD, 49)) is None
    assert "left for buys" in (gate(order(2, "buy", GLD, 1)) or "")
