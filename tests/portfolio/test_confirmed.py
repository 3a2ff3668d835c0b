"""A plan is still the confirmed one within limits, and NaN is within none."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from rebalancer.model import Plan, Price, Symbol, Trade
from rebalancer.portfolio.confirmed import ConfirmedPlan, differences, limits_in_words

DAY = date(2024, 3, 4)
AT = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)
NOTHING = Decimal(0)


def priced(symbol: str, price: str) -> Price:
    return Price(Symbol(symbol), Decimal(price), "quote", AT, 0.0)


def trade(symbol: str, side: str | None, quantity: int, price: str | None = "100") -> Trade:
    dollars = Decimal(quantity) * Decimal(price or 100)
    taken = priced(symbol, price) if price else None
    return Trade(Symbol(symbol), NOTHING, NOTHING, NOTHING, quantity, taken, side, Decimal(quantity), dollars, "a test")


def plan(*trades: Trade, investable: str = "100000") -> Plan:
    return Plan(Decimal(investable), trades)


CONFIRMED = plan(trade("SPY", "buy", 300), trade("TLT", "sell", 200), trade("GLD", None, 0))


def moved(now: Plan, day: date = DAY, before: Plan = CONFIRMED) -> tuple[str, ...]:
    return differences(ConfirmedPlan(DAY, before, "a test"), day, now, "USD")


def test_the_same_plan_is_within_the_limits():
    assert moved(CONFIRMED) == ()


@pytest.mark.parametrize(
    ("now", "within"),
    [
        (trade("SPY", "buy", 310), True),
        (trade("SPY", "buy", 290), True),
        (trade("SPY", "buy", 311), False),
        (trade("SPY", "buy", 289), False),
        (trade("SPY", "sell", 1), False),
        (trade("SPY", None, 0), False),
        (trade("SPY", "buy", 300, "101"), True),
        (trade("SPY", "buy", 297, "101.01"), False),
        (trade("SPY", "buy", 303, "98.99"), False),
        (trade("SPY", "buy", 300, None), False),
        (replace(trade("SPY", "buy", 300), dollars=Decimal("NaN")), False),
        (replace(trade("SPY", "buy", 300), price=priced("SPY", "NaN")), False),
    ],
)
def test_an_order_may_move_by_a_hundredth_of_what_may_be_invested_and_its_price_by_a_hundredth(now, within):
    assert (moved(plan(now, trade("TLT", "sell", 200))) == ()) is within


@pytest.mark.parametrize(("quantity", "within"), [(10, True), (11, False)])
def test_an_order_that_is_new_or_gone_is_within_the_limits_if_it_is_small(quantity, within):
    more = plan(*CONFIRMED.trades, trade("IEF", "buy", quantity))
    assert (moved(more) == ()) is within
    assert (moved(CONFIRMED, before=more) == ()) is within


def test_an_order_that_turned_is_beyond_the_limits_however_small_it_is():
    assert moved(plan(trade("IEF", "buy", 1)), before=plan(trade("IEF", "sell", 1))) == (
        "IEF: buy 1, confirmed was sell 1",
    )


def test_a_full_exit_needs_no_price_on_either_side():
    exit_ = plan(trade("TLT", "sell", 200, None))
    assert moved(exit_, before=exit_) == ()


@pytest.mark.parametrize(("investable", "within"), [("101000", True), ("101000.01", False), ("98999", False)])
def test_what_may_be_invested_may_move_by_a_hundredth(investable, within):
    assert (moved(plan(*CONFIRMED.trades, investable=investable)) == ()) is within


def test_a_plan_of_another_session_is_another_plan():
    assert moved(CONFIRMED, date(2024, 3, 5)) == (
        "it was for the session of 2024-03-04, and this is that of 2024-03-05",
    )


def test_each_difference_is_said():
    said = moved(plan(trade("SPY", "buy", 300, "103")))
    assert said == (
        "SPY costs 103, and cost 100",
        "TLT: no order, confirmed was sell 200",
    )
    assert "1 %" in limits_in_words()
