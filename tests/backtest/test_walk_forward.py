import numpy as np
import pytest

from rebalancer.backtest.metrics import sharpe
from rebalancer.backtest.walk_forward import walk_forward


def days(count: int) -> np.ndarray:
    return np.datetime64("2020-01-01", "D") + np.arange(count)


def test_each_fold_is_chosen_on_the_days_before_and_measured_on_those_after():
    up, down = np.tile([0.02, 0.01], 5), np.tile([-0.02, -0.01], 5)
    returns = np.column_stack([np.concatenate([up, down, down]), np.concatenate([down, up, down])])
    folds, outside = walk_forward(returns, days(30), 10, 10)
    assert [each.chosen for each in folds] == [0, 1]
    assert outside.tolist() == [*down, *down]
    first = folds[0]
    assert [first.train_first, first.train_last, first.test_first, first.test_last] == [
        day.item() for day in days(30)[[0, 9, 10, 19]]
    ]
    assert first.test_sharpe == sharpe(down)
    assert first.best_test_sharpe == sharpe(up)


def test_what_comes_later_changes_no_choice():
    returns = np.random.default_rng(1).normal(0, 1, (60, 5))
    before, _ = walk_forward(returns[:40], days(40), 20, 10)
    after, _ = walk_forward(returns, days(60), 20, 10)
    assert after[:2] == before


def test_the_last_fold_may_be_measured_on_fewer_days():
    folds, outside = walk_forward(np.random.default_rng(1).normal(0, 1, (45, 3)), days(45), 20, 10)
    assert len(outside) == 25
    assert (folds[-1].test_last - folds[-1].test_first).days == 4


@pytest.mark.parametrize("count", [0, 5, 20])
def test_there_is_no_fold_without_a_day_after_the_first_training(count):
    folds, outside = walk_forward(np.zeros((count, 2)), days(count), 20, 10)
    assert (folds, len(outside)) == ((), 0)


def test_a_variant_in_cash_is_chosen_only_where_all_are():
    returns = np.column_stack([np.zeros(30), np.tile([-0.02, -0.01], 15)])
    folds, _ = walk_forward(returns, days(30), 10, 10)
    assert [each.chosen for each in folds] == [1, 1]
    folds, _ = walk_forward(np.zeros((30, 2)), days(30), 10, 10)
    assert [(each.chosen, each.train_sharpe, each.best_test_sharpe) for each in folds] == [(0, None, None)] * 2
