"""What a tearsheet says beyond the statistics, by hand and by independent formulas."""

import numpy as np
import pytest

from rebalancer.backtest.risk import (
    beside,
    best_days,
    falls,
    rolling_sharpe,
    rolling_volatility,
    rolling_window,
    win_rate,
    worst_days,
)

DAYS = np.datetime64("2024-01-01") + np.arange(8)


def returns(count: int) -> np.ndarray:
    return np.random.default_rng(3).normal(0.0005, 0.01, count)


def test_falls_go_from_peak_to_recovery_the_deepest_first():
    growth = np.array([1.0, 0.9, 1.0, 1.1, 1.1, 0.88, 0.99, 0.99])
    deepest, before = falls(growth, DAYS)
    assert (deepest.depth, before.depth) == (pytest.approx(0.2), pytest.approx(0.1))
    assert [str(day) for day in (deepest.peak, deepest.trough, deepest.recovered)] == [
        "2024-01-05",
        "2024-01-06",
        "None",
    ]
    assert [str(day) for day in (before.peak, before.trough, before.recovered)] == [
        "2024-01-01",
        "2024-01-02",
        "2024-01-03",
    ]
    assert falls(growth, DAYS, 1) == (deepest,)
    assert falls(np.arange(1.0, 9.0), DAYS) == ()


def test_rolling_risk_is_that_of_each_window_alone():
    daily = returns(60)
    window = daily[10:40]
    assert rolling_volatility(daily, 30)[39] == pytest.approx(np.std(window, ddof=1) * 252**0.5)
    assert rolling_sharpe(daily, 30)[39] == pytest.approx(np.mean(window) / np.std(window, ddof=1) * 252**0.5)
    assert np.isnan(rolling_sharpe(daily, 30)[:29]).all()
    assert np.isnan(rolling_sharpe(np.zeros(30), 30)).all()
    assert np.isnan(rolling_volatility(daily[:5], 30)).all()
    assert (rolling_window(755), rolling_window(756)) == (126, 252)


def test_alpha_and_beta_are_those_of_a_straight_line_through_the_days():
    other, noise = returns(300), np.random.default_rng(4).normal(0, 0.004, 300)
    own = 0.0002 + 0.7 * other + noise
    slope, intercept = np.polyfit(other, own, 1)
    found = beside(np.append(own, np.nan), np.append(other, 0.5))
    assert found is not None
    assert (found.beta, found.alpha) == (pytest.approx(slope), pytest.approx(intercept * 252))
    assert found.correlation == pytest.approx(np.corrcoef(own, other)[0, 1])


def test_a_benchmark_that_never_moves_explains_nothing():
    assert beside(returns(5), np.zeros(5)) is None
    assert beside(returns(1), returns(1)) is None
    still = beside(np.zeros(5), returns(5))
    assert still is not None
    assert (still.beta, still.correlation) == (0, 0)


def test_days_and_the_rate_of_winning_ones():
    daily = np.array([0.01, -0.02, 0.0, 0.03, 0.01, -0.01, 0.0, 0.0])
    assert [each.change for each in best_days(daily, DAYS, 3)] == [0.03, 0.01, 0.01]
    assert [str(each.session) for each in worst_days(daily, DAYS, 2)] == ["2024-01-02", "2024-01-06"]
    assert win_rate(daily.tolist()) == 3 / 5
    assert win_rate([0.0]) is None
