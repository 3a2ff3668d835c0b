"""How much of the best of many back-tests is luck: deflated Sharpe ratio, and probability of back-test overfitting.

Sharpe ratios here are of one session, not annualised: mean over standard deviation of daily returns. Where a number is
undefined it is None, never 0.

Sources: D. Bailey, M. Lopez de Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2), 2012 (probabilistic
Sharpe ratio, minimum track record); the same, The Deflated Sharpe Ratio, Journal of Portfolio Management 40(5), 2014;
D. Bailey, J. Borwein, M. Lopez de Prado, Q. Zhu, The Probability of Backtest Overfitting, Journal of Computational
Finance 20(4), 2017 (CSCV).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb, e, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.metrics import DUST
from rebalancer.model import Floats

EULER_GAMMA = 0.5772156649015329
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Moments:
    """Of `count` returns: `sharpe` of one session, `skew`, and `kurtosis`, which is 3 for a normal distribution."""

    count: int
    sharpe: float
    skew: float
    kurtosis: float


def moments(returns: Floats) -> Moments | None:
    """Of returns (T,); None where they do not vary."""
    if len(returns) < 2:
        return None
    deviations = returns - returns.mean()
    spread = float(np.sqrt((deviations**2).mean()))
    if not spread > DUST:
        return None
    ratio = float(returns.mean() / returns.std(ddof=1))
    scaled = deviations / spread
    return Moments(len(returns), ratio, float((scaled**3).mean()), float((scaled**4).mean()))


def probabilistic_sharpe(found: Moments, benchmark: float) -> float | None:
    """The probability that the true Sharpe ratio is above `benchmark`."""
    variance = _variance(found)
    if not (variance > 0 and found.count > 1):
        return None
    return NORMAL.cdf((found.sharpe - benchmark) * sqrt(found.count - 1) / sqrt(variance))


def _variance(found: Moments) -> float:
    """Of the estimate of the Sharpe ratio, times the number of returns less one."""
    return 1 - found.skew * found.sharpe + (found.kurtosis - 1) / 4 * found.sharpe**2


def expected_best_sharpe(variance: float, trials: float) -> float:
    """The Sharpe ratio that the best of so many independent trials without any skill is expected to have.

    `variance` is that of the Sharpe ratios of the trials. Of one trial it is 0.
    """
    if not trials > 1:
        return 0.0
    tail, further = NORMAL.inv_cdf(1 - 1 / trials), NORMAL.inv_cdf(1 - 1 / (trials * e))
    return sqrt(variance) * ((1 - EULER_GAMMA) * tail + EULER_GAMMA * further)


def deflated_sharpe(found: Moments, variance: float, trials: float) -> float | None:
    """The probability that the best of `trials` has skill, after what luck alone makes of so many."""
    return probabilistic_sharpe(found, expected_best_sharpe(variance, trials))


def minimum_track_record(found: Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float | None:
    """The number of returns after which such a Sharpe ratio is above `benchmark` at this confidence.

    None where it is not above it, so that no track record is long enough.
    """
    if not found.sharpe > benchmark:
        return None
    return 1 + _variance(found) * (NORMAL.inv_cdf(confidence) / (found.sharpe - benchmark)) ** 2


def independent_trials(returns: Floats) -> float:
    """How many independent trials the columns of returns (T, N) are worth: r + (1 - r) N.

    r is the mean correlation of two of them, 0 or more (The Deflated Sharpe Ratio, appendix 3). Columns that do
    not vary are left out.
    """
    moving = returns[:, varying(returns)]
    count = moving.shape[1]
    if count < 2:
        return float(count)
    scaled = (moving - moving.mean(axis=0)) / moving.std(axis=0)
    # The sum of all correlations is the mean square of the rows' sums: no N x N matrix is needed.
    together = float((scaled.sum(axis=1) ** 2).mean())
    mean = max((together - count) / (count * (count - 1)), 0.0)
    worth: float = min(mean + (1 - mean) * count, float(count))
    return worth


def varying(returns: Floats) -> NDArray[np.bool_]:
    """Which columns of returns (T, N) are known throughout and vary."""
    if not len(returns):
        return np.zeros(returns.shape[1], dtype=np.bool_)
    known = np.isfinite(returns).all(axis=0)
    found: NDArray[np.bool_] = known & (np.where(known, returns, 0.0).std(axis=0) > DUST)
    return found


@dataclass(frozen=True, slots=True)
class Overfitting:
    """`probability` is the share of `splits` in which the best of one half is at or below the median of the other half.

    `loss` is the share in which it has a Sharpe ratio of 0 or less there. `blocks` are of `rows` sessions each, and
    `trial_count` had returns that vary.
    """

    probability: float
    loss: float
    splits: int
    blocks: int
    rows: int
    trial_count: int


VALUES_AT_ONCE = 4_000_000
ROUNDING = 1e-6
"""A standard deviation of so little of the mean is rounding, so 0."""


def overfitting(returns: Floats, blocks: int) -> Overfitting | None:
    """Combinatorially symmetric cross-validation of returns (T, N), the oldest T mod `blocks` rows left out.

    All choices of half of the blocks are in sample once; the relative rank of the best there, out of sample, is
    rank / (N + 1), ties by their mean rank. None for fewer than two trials that vary, or than two rows a block.
    """
    usable = returns[:, varying(returns)]
    rows, trials = len(usable) // max(blocks, 1), usable.shape[1]
    if blocks < 2 or blocks % 2 or rows < 2 or trials < 2:
        return None
    cut = usable[len(usable) - rows * blocks :].reshape(blocks, rows, trials)
    sums, squares = cut.sum(axis=1), (cut**2).sum(axis=1)
    below, losing = 0, 0
    for chosen, rest in _halves(blocks, max(VALUES_AT_ONCE // (blocks * trials), 1)):
        best = _sharpes(sums, squares, chosen, rows).argmax(axis=1)
        outside = _sharpes(sums, squares, rest, rows)
        own = np.take_along_axis(outside, best[:, np.newaxis], axis=1)
        rank = (outside < own).sum(axis=1) + ((outside == own).sum(axis=1) + 1) / 2
        below += int((rank <= (trials + 1) / 2).sum())
        losing += int((own <= 0).sum())
    splits = comb(blocks, blocks // 2)
    return Overfitting(below / splits, losing / splits, splits, blocks, rows, trials)


def _halves(blocks: int, at_once: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """All halves of the blocks and what is left of each, (n, blocks / 2), n of `at_once` or less."""
    everything = range(blocks)
    halves = combinations(everything, blocks // 2)
    while some := list(islice(halves, at_once)):
        yield np.array(some), np.array([[block for block in everything if block not in half] for half in some])


def _sharpes(sums: Floats, squares: Floats, chosen: NDArray[np.int64], rows: int) -> Floats:
    """(n, N), of the blocks in each row of `chosen`; 0 of a trial that stays in cash there.

    The blocks are added one after the other, so that equal trials are equal to the last bit.
    """
    count = rows * chosen.shape[1]
    total, square = sums[chosen].sum(axis=1), squares[chosen].sum(axis=1)
    mean = total / count
    spread = np.sqrt(np.maximum(square / count - mean**2, 0.0))
    moving = spread > ROUNDING * np.abs(mean)
    return np.where(moving, mean / np.where(moving, spread, 1.0), 0.0)
