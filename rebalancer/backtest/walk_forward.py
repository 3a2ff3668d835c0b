"""Walk-forward: choose on the past, measure on what follows, move on; never on what was chosen by."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.metrics import sharpe
from rebalancer.model import Floats


@dataclass(frozen=True, slots=True)
class Fold:
    """`chosen`, a column of the returns, had the highest Sharpe ratio from `train_first` to `train_last`.

    Sharpe ratios are annualised; None where returns do not vary. `best_test_sharpe` is what nobody could have chosen.
    """

    train_first: date
    train_last: date
    test_first: date
    test_last: date
    chosen: int
    train_sharpe: float | None
    test_sharpe: float | None
    best_test_sharpe: float | None


def walk_forward(
    returns: Floats, days: NDArray[np.datetime64], train: int, test: int
) -> tuple[tuple[Fold, ...], Floats]:
    """Of returns (T, N) on `days` (T,): the folds, and the returns of each fold's choice joined, (M,).

    Each fold is chosen on `train` rows and measured on the next `test`, or on the fewer that are left; the next fold
    begins `test` rows later. Empty for T <= `train`.
    """
    folds: list[Fold] = []
    outside: list[Floats] = []
    for start in range(train, len(returns), test):
        before, after = slice(start - train, start), slice(start, start + test)
        inside = _sharpes(returns[before])
        chosen = int(np.argmax(np.where(np.isnan(inside), -np.inf, inside)))
        found = returns[after, chosen]
        later = [each for each in map(sharpe, returns[after].T) if each is not None]
        folds.append(
            Fold(
                train_first=days[before][0].item(),
                train_last=days[before][-1].item(),
                test_first=days[after][0].item(),
                test_last=days[after][-1].item(),
                chosen=chosen,
                train_sharpe=sharpe(returns[before, chosen]),
                test_sharpe=sharpe(found),
                best_test_sharpe=max(later, default=None),
            )
        )
        outside.append(found)
    return tuple(folds), np.concatenate(outside) if outside else np.empty(0)


def _sharpes(returns: Floats) -> Floats:
    """(N,), NaN where there is none."""
    found = [sharpe(column) for column in returns.T]
    return np.array([np.nan if each is None else each for each in found])
