"""Returns by hand, by a spreadsheet's documented example, and that capital is never a gain."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.portfolio.books import Valuation
from rebalancer.portfolio.returns import (
    NO_RETURN,
    NOT_UNIQUE,
    ONE_DAY,
    Point,
    account_points,
    bot_points,
    gain,
    internal_rate,
    money_weighted,
    period_starts,
    time_weighted,
    yearly,
)

FIRST = date(2025, 1, 1)


def valuation(number, equity, paid_in="0", values=None, flows=None):
    at = datetime(2025, 1, 1, 20, 50, tzinfo=UTC)
    money = {bot: Decimal(value) for bot, value in (values or {}).items()}
    put_in = {bot: Decimal(flow) for bot, flow in (flows or {}).items()}
    return Valuation(1, FIRST + timedelta(number), at, Decimal(equity), Decimal(paid_in), money, put_in)


def test_the_example_of_the_spreadsheet():
    """The documented example of Excel's XIRR: 37.34 %."""
    flows = [
        (date(2008, 1, 1), -10000.0),
        (date(2008, 3, 1), 2750.0),
        (date(2008, 10, 30), 4250.0),
        (date(2009, 2, 15), 3250.0),
        (date(2009, 4, 1), 2750.0),
    ]
    rate, why = internal_rate(flows)
    assert rate == pytest.approx(0.373362535, abs=2e-9)
    assert why == ""


def test_time_and_money_are_weighted_differently_where_money_came_between():
    """1,000 became 1,100, then 1,000 more was put in, and all of it became 2,310: 21 % by time, 20.94 % by money."""
    points = account_points([valuation(0, 1000), valuation(181, 2100, paid_in=1000), valuation(365, 2310)])
    assert time_weighted(points) == pytest.approx(0.21)
    assert money_weighted(points)[0] == pytest.approx(0.209409, abs=1e-6)
    assert gain(points, 0) == 310
    assert gain(points, 2) == 210


def test_capital_of_a_bot_counts_from_the_prices_that_it_came_at():
    points = bot_points(
        [
            valuation(0, 1000),
            valuation(0, 1000, values={"A": 495}, flows={"A": 500}),
            valuation(1, 1100, values={"A": 594}),
            valuation(1, 1100, values={"A": 505}, flows={"A": -94}),
        ],
        "A",
    )
    assert [(point.value, point.flow) for point in points] == [(495, 500), (505, -94)]
    assert time_weighted(points) == pytest.approx(495 / 500 * 594 / 495 * 505 / 500 - 1)
    assert time_weighted(points, 1) == pytest.approx(594 / 495 * 505 / 500 - 1)
    assert gain(points, 0) == 99


def test_a_bot_that_was_closed_out_keeps_its_return_and_has_no_later_points():
    closed = [valuation(2, 1000, values={"A": 0}, flows={"A": -550}), valuation(3, 1000, values={"A": 0})]
    points = bot_points([valuation(1, 1000, values={"A": 550}, flows={"A": 500}), *closed], "A")
    assert [point.session for point in points] == [FIRST + timedelta(1), FIRST + timedelta(2)]
    assert (time_weighted(points), gain(points, 0)) == (pytest.approx(0.1), 50)


def test_several_readings_of_a_session_are_one_point_with_all_its_capital():
    points = account_points([valuation(0, 100), valuation(0, 130, paid_in=20), valuation(0, 140, paid_in=10)])
    assert [(point.value, point.flow) for point in points] == [(140, 130)]
    assert time_weighted(points) == pytest.approx(1.1 * 1.0 - 1)


def test_where_no_rate_or_more_than_one_explains_the_flows_there_is_none():
    day = timedelta(365)
    assert internal_rate([(FIRST, -100.0), (FIRST + day, -1.0)]) == (None, NO_RETURN)
    assert internal_rate([(FIRST, -100.0), (FIRST + day, 230.0), (FIRST + 2 * day, -132.0)]) == (None, NOT_UNIQUE)
    assert money_weighted((Point(FIRST, Decimal(5), Decimal(5), 1.0),)) == (None, ONE_DAY)


def test_less_than_a_year_is_never_made_a_year():
    assert yearly(0.1, FIRST, FIRST + timedelta(364)) is None
    assert yearly(0.21, FIRST, FIRST + timedelta(730)) == pytest.approx(0.1)


def test_periods_begin_with_monday_and_the_first_of_month_and_year():
    assert period_starts(date(2026, 11, 20)) == {
        "day": date(2026, 11, 20),
        "week": date(2026, 11, 16),
        "month": date(2026, 11, 1),
        "year": date(2026, 1, 1),
    }


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-500, 500)), min_size=1, max_size=12))
def test_deposits_and_withdrawals_change_no_return(days):
    """Each day the account earns so many per mille; then money comes or goes."""
    alone, moved = [valuation(0, 10_000)], [valuation(0, 10_000)]
    for number, (per_mille, paid_in) in enumerate(days, 1):
        factor = 1 + Decimal(per_mille) / 1000
        alone.append(valuation(number, alone[-1].equity * factor))
        moved.append(valuation(number, moved[-1].equity * factor + paid_in, paid_in))
    assert time_weighted(account_points(moved)) == pytest.approx(time_weighted(account_points(alone)))


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=8), st.integers(1, 400))
def test_without_flows_both_returns_are_the_same(steps, apart):
    found = [valuation(0, 10_000)]
    for number, step in enumerate(steps, 1):
        found.append(valuation(number * apart, found[-1].equity * (1 + Decimal(step) / 100)))
    points = account_points(found)
    assert money_weighted(points)[0] == pytest.approx(time_weighted(points), abs=1e-9)
