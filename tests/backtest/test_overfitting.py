"""The published answers, each with its place in the paper; and what must hold of any returns."""

from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.backtest.overfitting import (
    Moments,
    deflated_sharpe,
    expected_best_sharpe,
    independent_trials,
    minimum_track_record,
    moments,
    overfitting,
    probabilistic_sharpe,
)

DAILY = sqrt(250)
THE_PAPERS = Moments(1250, 2.5 / DAILY, -3, 10)
"""The Deflated Sharpe Ratio, "A numerical example": five years of daily returns."""


def noise(seed: int, days: int = 1000, trials: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, (days, trials))


def test_the_deflated_sharpe_ratio_of_the_papers_example():
    assert expected_best_sharpe(0.5 / 250, 100) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(THE_PAPERS, 0.5 / 250, 100) == pytest.approx(0.9004, abs=5e-5)


def test_the_paper_accepts_it_after_46_trials_and_88_of_normal_returns():
    assert deflated_sharpe(THE_PAPERS, 0.5 / 250, 46) == pytest.approx(0.9505, abs=5e-5)
    normal = Moments(1250, 2.5 / DAILY, 0, 3)
    assert deflated_sharpe(normal, 0.5 / 250, 88) == pytest.approx(0.9505, abs=5e-5)


def test_the_probabilistic_sharpe_ratio_of_the_hedge_fund_in_the_2012_paper():
    """24 months at 0.458 a month: 0.982 if returns were normal, 0.913 with their skew and kurtosis."""
    assert probabilistic_sharpe(Moments(24, 0.458, 0, 3), 0) == pytest.approx(0.982, abs=5e-4)
    assert probabilistic_sharpe(Moments(24, 0.458, -2.448, 10.164), 0) == pytest.approx(0.913, abs=5e-4)


@pytest.mark.parametrize(
    ("periods", "skew", "kurtosis", "years"),
    [(250, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_track_records_in_years_of_the_2012_paper(periods, skew, kurtosis, years):
    """Until an annual Sharpe ratio of 2 is above 1 at 95 %: daily, weekly, monthly, and monthly hedge funds."""
    needed = minimum_track_record(Moments(0, 2 / sqrt(periods), skew, kurtosis), 1 / sqrt(periods))
    assert needed is not None
    assert needed / periods == pytest.approx(years, abs=6e-3)


def test_no_track_record_is_long_enough_for_what_is_not_better():
    assert minimum_track_record(Moments(100, 0.05, 0, 3), 0.05) is None


def test_one_trial_is_not_deflated():
    found = moments(noise(1)[:, 0])
    assert found is not None
    assert deflated_sharpe(found, 0.1, 1) == probabilistic_sharpe(found, 0)


def test_skew_and_kurtosis_are_those_of_the_definition():
    found = moments(np.array([0.0, 0.0, 0.0, 1.0]))
    assert found is not None
    # Deviations -1/4 three times and 3/4 over a standard deviation of sqrt(3)/4.
    assert found.skew == pytest.approx((3 * -1 + 27) / 4 / sqrt(3) ** 3)
    assert found.kurtosis == pytest.approx((3 + 81) / 4 / 9)
    assert found.sharpe == pytest.approx(0.25 / 0.5)


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, 0.1, 0.1], [0.0, 0.0]])
def test_returns_that_do_not_vary_have_no_moments(returns):
    assert moments(np.array(returns)) is None


@given(st.integers(2, 60), st.floats(0.001, 1))
def test_more_trials_never_make_the_best_look_better(trials, variance):
    assert expected_best_sharpe(variance, trials + 1) > expected_best_sharpe(variance, trials) > 0


def test_the_best_of_noise_is_hardly_ever_taken_for_skill():
    """A test at 95 % of the best of 50 by the variance of all 50."""
    taken = 0
    for seed in range(100):
        returns = noise(seed, 500)
        every = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = moments(returns[:, every.argmax()])
        assert best is not None
        taken += (deflated_sharpe(best, float(every.var(ddof=1)), 50) or 0) > 0.95
    assert taken <= 5


def test_skill_among_noise_is_found():
    returns = noise(3)
    returns[:, 7] += 0.002
    every = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    best = moments(returns[:, every.argmax()])
    assert every.argmax() == 7
    assert best is not None
    assert (deflated_sharpe(best, float(np.delete(every, 7).var(ddof=1)), 50) or 0) > 0.99
    found = overfitting(returns, 8)
    assert found is not None
    assert found.probability < 0.05


def test_equal_trials_are_one_and_independent_ones_are_as_many_as_there_are():
    one = noise(1, trials=1)
    assert independent_trials(np.repeat(one, 20, axis=1)) == pytest.approx(1)
    assert independent_trials(noise(1, 5000, 20)) == pytest.approx(20, abs=0.5)
    assert independent_trials(np.column_stack([one, np.zeros(1000)])) == 1
    assert independent_trials(np.zeros((10, 0))) == 0


def test_two_trials_of_correlation_one_half_are_worth_one_and_a_half():
    """By the formula of the paper, r + (1 - r) N."""
    a, b = np.array([1.0, -1.0, 1.0, -1.0]), np.array([1.0, 1.0, -1.0, -1.0])
    assert independent_trials(np.column_stack([a, a / 2 + b * sqrt(3) / 2])) == pytest.approx(1.5)


def by_the_definition(returns: np.ndarray, blocks: int) -> float:
    """The paper's steps one by one: logits of the relative ranks of each split's best."""
    parts = np.array_split(returns, blocks)
    logits = []
    for half in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[one] for one in half])
        outside = np.concatenate([parts[one] for one in range(blocks) if one not in half])
        best = (inside.mean(axis=0) / inside.std(axis=0)).argmax()
        scores = outside.mean(axis=0) / outside.std(axis=0)
        rank = 1 + (scores < scores[best]).sum()
        relative = rank / (returns.shape[1] + 1)
        logits.append(np.log(relative / (1 - relative)))
    return float(np.mean(np.array(logits) <= 0))


@pytest.mark.parametrize(("seed", "blocks", "trials"), [(0, 4, 3), (1, 6, 10), (2, 8, 21), (3, 10, 5)])
def test_overfitting_is_that_of_the_papers_steps(seed, blocks, trials):
    returns = noise(seed, 40 * blocks, trials)
    found = overfitting(returns, blocks)
    assert found is not None
    assert found.probability == pytest.approx(by_the_definition(returns, blocks))


def test_where_all_gains_are_taken_back_the_best_is_always_overfitted():
    """The paper's case of returns that sum to 0: the best of one half is the worst of the other."""
    first = noise(5, 400, 10)
    returns = np.concatenate([first, -first])
    found = overfitting(returns, 2)
    assert found is not None
    assert (found.probability, found.loss, found.splits) == (1, 1, 2)


@pytest.mark.parametrize("seed", range(3))
def test_trials_that_earn_nothing_on_the_whole_are_overfitted_as_published(seed):
    """Probability 1 and loss 1: the paper's full overfit, with the numbers of the vignette of the R package pbo."""
    returns = noise(seed, 2400, 100)
    found = overfitting((returns - returns.mean(axis=0)) / returns.std(axis=0, ddof=1) / sqrt(252), 8)
    assert found is not None
    assert (found.probability, found.loss, found.splits) == (1, 1, 70)


def test_a_trial_that_is_always_best_is_never_overfitted():
    returns = noise(6)
    returns[:, 4] += 0.02
    found = overfitting(returns, 8)
    assert found is not None
    assert (found.probability, found.loss) == (0, 0)


def test_noise_is_overfitted_about_half_the_time():
    found = [overfitting(noise(seed, 800, 20), 8) for seed in range(20)]
    assert 0.3 < np.mean([each.probability for each in found if each]) < 0.7


def test_equal_trials_share_their_mean_rank_which_is_the_median():
    found = overfitting(np.repeat(noise(1, trials=1), 4, axis=1), 4)
    assert found is not None
    assert found.probability == 1


@pytest.mark.parametrize(
    ("days", "trials", "blocks"), [(100, 1, 4), (100, 0, 4), (7, 5, 4), (0, 5, 4), (100, 5, 3), (100, 5, 0)]
)
def test_too_little_has_no_probability(days, trials, blocks):
    assert overfitting(noise(1, days, trials), blocks) is None


def test_trials_that_do_not_vary_or_are_not_known_are_left_out():
    returns = noise(1, 103, 6)
    returns[:, 2], returns[5, 3] = 0, np.nan
    found = overfitting(returns, 4)
    assert found is not None
    assert (found.trial_count, found.rows) == (4, 25)
    assert found.probability == by_the_definition(returns[3:, [0, 1, 4, 5]], 4)


def test_a_trial_in_cash_for_half_of_the_time_has_a_sharpe_ratio_of_0_there():
    returns = noise(2, 80, 2) - 0.05
    returns[:40, 0], returns[40:, 1] = 0, 0
    found = overfitting(returns, 2)
    assert found is not None
    assert (found.probability, found.loss) == (1, 1)
