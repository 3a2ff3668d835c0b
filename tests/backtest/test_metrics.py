import csv
import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.backtest.metrics import (
    Drawdown,
    annualised,
    daily_returns,
    drawdowns,
    max_drawdown,
    sharpe,
    sortino,
    statistics,
    volatility,
)
from rebalancer.backtest.run import Backtest, Recorded

COMPOSER = Path(__file__).parents[3] / "shared/data/groundtruth/composer_754d"


def sessions(count: int) -> np.ndarray:
    return np.datetime64("2016-01-04", "D") + np.arange(count)


def result(*equity: float, cash: float = 100.0, traded: tuple[float, ...] | None = None) -> Backtest:
    values = np.array(equity)
    weights = np.full((len(values), 2), 0.25)
    return Backtest(cash, values, Recorded(weights, np.array(traded or [0.0] * len(values))))


def statistics_of(*equity: float, **more):
    return statistics(result(*equity, **more), sessions(len(equity)))


@pytest.mark.skipif(not COMPOSER.is_dir(), reason="Composer's recorded back-test is not part of the repository")
@pytest.mark.parametrize("curve", ["symphony_value", "spy_benchmark"])
def test_the_statistics_equal_composers_to_the_last_digit(curve: str):
    rows = list(csv.DictReader((COMPOSER / "equity.csv").read_text().splitlines()))
    printed = json.loads((COMPOSER / "backtest_response.decoded.json").read_text())["stats"]
    printed = printed if curve == "symphony_value" else printed["benchmarks"]["SPY"]
    equity = np.array([float(row[curve]) for row in rows])
    cash = 100_000.0 if curve == "symphony_value" else float(equity[0])
    days = np.array([row["date"] for row in rows], dtype="datetime64[D]")
    found = statistics(Backtest(cash, equity, Recorded(np.ones((len(equity), 1)), np.zeros(len(equity)))), days)
    assert found.max_drawdown is not None
    assert {
        "cumulative_return": found.cumulative,
        "annualized_rate_of_return": found.annualised,
        "standard_deviation": found.volatility,
        "sharpe_ratio": found.sharpe,
        "max_drawdown": found.max_drawdown.depth,
        "calmar_ratio": found.calmar,
    } == pytest.approx({name: printed[name] for name in (
        "cumulative_return", "annualized_rate_of_return", "standard_deviation", "sharpe_ratio", "max_drawdown",
        "calmar_ratio",
    )}, rel=1e-12)  # fmt: skip


def test_the_cumulative_return_counts_the_cost_of_the_first_purchase_and_the_annual_one_does_not():
    found = statistics_of(99, 108.9)
    assert found.cumulative == pytest.approx(0.089)
    assert found.annualised == pytest.approx(1.1 ** (252 / 2) - 1)


def test_sortino_divides_by_the_losses_over_all_days():
    returns = np.array([0.02, -0.01, 0.02, -0.01])
    assert sortino(returns) == pytest.approx(0.005 * 252 / (math.sqrt(2 * 0.01**2 / 4) * math.sqrt(252)))


def test_an_undefined_statistic_is_none_and_not_zero():
    alone = statistics_of(100)
    assert (alone.annualised, alone.volatility, alone.sharpe, alone.sortino, alone.turnover) == (None,) * 5
    rising = statistics_of(100, 110, 121)
    assert (rising.max_drawdown, rising.calmar, rising.sortino) == (None, None, None)
    flat = statistics_of(100, 100, 100)
    assert (flat.sharpe, flat.annualised, flat.volatility) == (None, 0, 0)


def test_an_annual_growth_that_overflows_is_none():
    assert annualised(np.array([1.0, 280.0])) is None


def test_the_drawdown_names_its_last_peak_its_trough_and_its_recovery():
    equity = np.array([90.0, 100, 100, 80, 90, 100, 110])
    days = sessions(7)
    assert max_drawdown(equity, days) == Drawdown(
        pytest.approx(0.2), date(2016, 1, 6), date(2016, 1, 7), date(2016, 1, 9)
    )


def test_a_drawdown_that_goes_on_has_no_recovery():
    fall = max_drawdown(np.array([100.0, 50, 99]), sessions(3))
    assert fall == Drawdown(0.5, date(2016, 1, 4), date(2016, 1, 5), None)


def test_turnover_is_half_of_what_is_traded_in_a_year_without_the_first_purchase():
    assert statistics_of(1, 1, 1, traded=(1.0, 0.02, 0.04)).turnover == pytest.approx(0.03 / 2 * 252)


def test_exposure_is_the_mean_of_what_is_invested():
    assert statistics_of(1, 1).exposure == 0.5


CURVES = st.lists(st.floats(1, 1000), min_size=2, max_size=40).map(np.array)


@given(CURVES, st.floats(0.01, 100))
def test_the_size_of_the_account_changes_no_ratio(equity, factor):
    returns, scaled = daily_returns(equity), daily_returns(equity * factor)
    np.testing.assert_allclose(scaled, returns, atol=1e-9)
    assert volatility(scaled) == pytest.approx(volatility(returns), abs=1e-9)


@given(CURVES)
def test_no_drawdown_is_deeper_than_the_deepest(equity):
    falls, fall = drawdowns(equity), max_drawdown(equity, sessions(len(equity)))
    assert ((falls >= 0) & (falls < 1)).all()
    assert falls.max() == pytest.approx(fall.depth if fall else 0, abs=1e-12)


def test_a_day_without_a_value_has_no_drawdown_and_the_days_after_it_have_theirs():
    np.testing.assert_array_equal(drawdowns(np.array([100, np.nan, 80, 120])), [0, np.nan, 1 - 80 / 100, 0])


@given(CURVES)
def test_sortino_has_the_sign_of_sharpe(equity):
    returns = daily_returns(equity)
    one, other = sharpe(returns), sortino(returns)
    if one is not None and other is not None:
        assert np.sign(one) == np.sign(other)
    assert volatility(returns) is None or volatility(returns) >= 0
