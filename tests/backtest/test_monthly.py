from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.backtest.metrics import by_month
from rebalancer.backtest.run import Backtest, Recorded


def months_of(sessions: list[str], equity: list[float], cash: float = 100.0):
    values = np.array(equity, dtype=float)
    days = np.array(sessions, dtype="datetime64[D]")
    return by_month(Backtest(cash, values, Recorded(np.zeros((len(values), 1)), np.zeros(len(values)))), days)


def test_a_month_counts_from_the_last_close_of_the_one_before():
    (year,) = months_of(["2016-01-28", "2016-01-29", "2016-02-01", "2016-02-29"], [100, 110, 50, 121])
    assert year.months == (pytest.approx(0.1), pytest.approx(0.1), *[None] * 10)
    assert year.total == pytest.approx(0.21)


def test_the_first_month_counts_from_the_money_before_the_first_purchase():
    (year,) = months_of(["2016-03-31"], [99])
    assert year.months[2] == pytest.approx(-0.01)


def test_each_year_has_its_own_row_and_its_own_total():
    first, second = months_of(["2015-12-31", "2016-01-04"], [110, 99])
    assert (first.year, second.year) == (2015, 2016)
    assert first.months[11] == first.total == pytest.approx(0.1)
    assert second.months[0] == second.total == pytest.approx(-0.1)


@given(st.lists(st.floats(1, 1000), min_size=1, max_size=60), st.integers(1, 40))
def test_all_years_compounded_are_the_cumulative_return(equity, step):
    days = [str(date(2014, 11, 20) + timedelta(days=step * place)) for place in range(len(equity))]
    years = months_of(days, equity)
    assert np.prod([1 + year.total for year in years]) == pytest.approx(equity[-1] / 100)
    assert sum(month is not None for year in years for month in year.months) == len({day[:7] for day in days})
