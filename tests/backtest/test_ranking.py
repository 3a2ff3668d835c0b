"""The trials of a sweep beside each other."""

from itertools import permutations

import numpy as np
import pytest

from rebalancer.backtest.metrics import sharpe
from rebalancer.backtest.overfitting import expected_best_sharpe, moments
from rebalancer.backtest.parameters import Parameter, grid
from rebalancer.backtest.ranking import RankingTerms, pair_means, rank
from rebalancer.backtest.trial import Trial
from rebalancer.model import Closes, symbol

DAYS = 300
WINDOW = Parameter("window", (("w",),), (10, 20, 30))
BOND = Parameter("bond", (("b",),), ("TLT", "BND"))
PARAMETERS = (WINDOW, BOND)
TERMS = RankingTerms(blocks=4, train=100, test=50)
CLOSES = Closes(np.datetime64("2020-01-01", "D") + np.arange(DAYS), (symbol("SPY"),), np.ones((DAYS, 1)))


def trial(returns: np.ndarray, start: int = 1, undecided: int = 0) -> Trial:
    return Trial(np.concatenate([np.full(start, np.nan), returns[start:]]), 1.0, 0.9, undecided)


def noise(seed: int, start: int = 1) -> Trial:
    return trial(np.random.default_rng(seed).normal(0.0005, 0.01, DAYS), start)


TRIALS = {point: noise(number) for number, point in enumerate(grid(PARAMETERS))}


def ranked(trials=TRIALS, failed=0, terms=TERMS):
    found = rank(PARAMETERS, trials, CLOSES, failed, terms)
    assert found is not None
    return found


def test_the_best_sharpe_ratio_stands_first_with_its_values():
    found = ranked()
    ratios = [each.sharpe for each in found.trials]
    assert ratios == sorted(ratios, reverse=True)
    best = max(TRIALS, key=lambda point: sharpe(TRIALS[point].returns[1:]) or 0)
    assert found.trials[0].point == best
    assert found.trials[0].values == {"window": WINDOW.values[best[0]], "bond": BOND.values[best[1]]}
    assert [each.rank for each in found.trials] == [1, 2, 3, 4, 5, 6]


def test_the_order_in_which_trials_come_changes_no_bit():
    found = ranked()
    for order in list(permutations(TRIALS))[::97]:
        assert ranked({point: TRIALS[point] for point in order}) == found


def test_trials_are_compared_from_the_start_of_the_latest_on():
    found = ranked({**TRIALS, (0, 0): noise(0, start=120)})
    assert found.first == CLOSES.day(120)
    assert found.sessions == DAYS - 120
    assert "5 of 6 variants begin earlier" in found.notes[0]


def test_the_best_is_deflated_by_all_that_were_tried_also_earlier_and_in_vain():
    found = ranked(failed=2, terms=RankingTerms(4, 100, 50, earlier=12)).deflation
    assert found is not None
    assert (found.tried, found.earlier) == (20, 12)
    ratios = [moments(each.returns[1:]).sharpe for each in TRIALS.values()]
    assert found.by_luck == pytest.approx(expected_best_sharpe(np.var(ratios, ddof=1), 20) * np.sqrt(252))
    assert found.deflated is not None
    assert found.deflated_if_alike is not None
    assert found.deflated <= found.deflated_if_alike <= found.single
    assert found.deflated < ranked().deflation.deflated


def test_equal_variants_are_worth_one_independent_try():
    found = ranked(dict.fromkeys(TRIALS, noise(1)))
    assert found.deflation.independent == pytest.approx(1)
    assert [each.point for each in found.trials] == sorted(TRIALS)


def test_neighbours_are_one_step_away_and_were_tried():
    found = ranked()
    by_point = {each.point: each for each in found.trials}
    middle = by_point[1, 0]
    around = [by_point[point].sharpe for point in [(0, 0), (2, 0), (1, 1)]]
    assert middle.neighbours.count == 3
    assert middle.neighbours.mean_sharpe == pytest.approx(np.mean(around))
    assert middle.neighbours.worst_sharpe == min(around)
    alone = ranked({point: TRIALS[point] for point in [(0, 0), (2, 1)]})
    assert [each.neighbours for each in alone.trials] == [None, None]
    assert alone.steps == ()


def test_the_steps_are_the_neighbours_of_the_best():
    found = ranked()
    by_values = {tuple(each.values.values()): each.sharpe for each in found.trials}
    best = found.trials[0].values
    for step in found.steps:
        assert step.sharpe == by_values[tuple({**best, step.parameter: step.changed_to}.values())]


def test_folds_tell_the_values_that_were_chosen():
    found = ranked()
    assert len(found.folds) == 4
    assert all({*each.values} == {"window", "bond"} for each in found.folds)
    assert found.walk_forward_sharpe is not None


def test_too_short_a_history_says_what_it_lacks():
    found = ranked(terms=RankingTerms(blocks=200, train=5000))
    assert found.overfitting is None
    assert found.folds == ()
    assert found.walk_forward_sharpe is None
    assert "No walk-forward: 299 sessions" in " ".join(found.notes)
    assert "No cross-validation: 299 sessions are too few for 200 blocks" in " ".join(found.notes)


def test_nothing_in_common_is_no_ranking():
    assert rank(PARAMETERS, {}, CLOSES, 3, TERMS) is None
    assert rank(PARAMETERS, {(0, 0): noise(0, start=DAYS - 5)}, CLOSES, 0, TERMS) is None
    assert rank(PARAMETERS, {(0, 0): noise(0, start=DAYS)}, CLOSES, 0, TERMS) is None


def test_one_trial_has_nothing_to_be_compared_with():
    found = ranked({(1, 1): TRIALS[1, 1]})
    assert found.overfitting is None
    assert found.deflation.tried == 1
    assert found.deflation.deflated == found.deflation.single


def test_variants_in_cash_come_last_and_are_told():
    found = ranked({**TRIALS, (0, 0): trial(np.zeros(DAYS))})
    assert (found.trials[-1].point, found.trials[-1].sharpe) == ((0, 0), None)
    assert "1 of 6 variants stay in cash" in " ".join(found.notes)
    assert ranked({(0, 0): trial(np.zeros(DAYS))}).deflation is None


def test_days_without_a_decision_are_told():
    found = ranked({**TRIALS, (0, 0): trial(TRIALS[0, 0].returns, undecided=3)})
    assert "1 variants could not decide" in " ".join(found.notes)


def test_the_cell_of_a_heat_map_is_the_mean_over_all_else():
    found = ranked()
    means = pair_means(found.trials, 0, 1, (3, 2))
    assert means.shape == (3, 2)
    by_point = {each.point: each.sharpe for each in found.trials}
    assert means[2, 1] == by_point[2, 1]
    only = pair_means(found.trials[:1], 0, 0, (3, 3))
    assert np.isfinite(only).sum() == 1
