"""What a tearsheet says of a curve beyond its statistics: falls, rolling risk, best and worst days, the benchmark.

Returns are simple and daily, a year has 252 sessions, the risk-free rate is 0, as in `metrics`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.metrics import DUST, YEAR, Drawdown, drawdowns
from rebalancer.model import Floats

Days = NDArray[np.datetime64]


def falls(growth: Floats, sessions: Days, count: int = 5) -> tuple[Drawdown, ...]:
    """The deepest falls of `growth` (T,), each from its peak to its recovery, so that none overlap; deepest first."""
    under = drawdowns(growth)
    below = np.concatenate(([False], under > DUST, [False]))
    starts, ends = np.flatnonzero(np.diff(below.astype(int)) > 0), np.flatnonzero(np.diff(below.astype(int)) < 0)
    found: list[Drawdown] = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        trough = start + int(under[start:end].argmax())
        recovered = sessions[end].item() if end < len(growth) else None
        found.append(Drawdown(float(under[trough]), sessions[start - 1].item(), sessions[trough].item(), recovered))
    return tuple(sorted(found, key=lambda fall: -fall.depth)[:count])


def rolling_window(days: int) -> int:
    """A year of sessions, or half a year where there are less than three."""
    return YEAR if days >= 3 * YEAR else YEAR // 2


def rolling_volatility(returns: Floats, window: int) -> Floats:
    """(T,), as `metrics.volatility` of the last `window` returns; NaN before there are so many."""
    found: Floats = _rolling(returns, window)[1] * np.sqrt(YEAR)
    return found


def rolling_sharpe(returns: Floats, window: int) -> Floats:
    """(T,), as `metrics.sharpe` of the last `window` returns; NaN before there are so many, and without volatility."""
    mean, deviation = _rolling(returns, window)
    risk = np.where(deviation > DUST, deviation, np.nan)
    found: Floats = mean / risk * np.sqrt(YEAR)
    return found


def _rolling(returns: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean and sample deviation."""
    mean, deviation = np.full(len(returns), np.nan), np.full(len(returns), np.nan)
    if len(returns) >= window:
        rows = np.lib.stride_tricks.sliding_window_view(returns, window)
        mean[window - 1 :], deviation[window - 1 :] = rows.mean(axis=1), rows.std(axis=1, ddof=1)
    return mean, deviation


@dataclass(frozen=True, slots=True)
class Beside:
    """Daily returns explained by the benchmark's, by least squares (M. Jensen, Journal of Finance 23(2), 1968).

    `alpha` is what is left when the benchmark stands still, a year and not compounded; `beta` how much of its moves is
    followed; `correlation` from -1 to 1.
    """

    alpha: float
    beta: float
    correlation: float


def beside(returns: Floats, others: Floats) -> Beside | None:
    """Over the days that both know; None for less than two, and for a benchmark that never moves."""
    known = np.isfinite(returns) & np.isfinite(others)
    own, other = returns[known], others[known]
    if len(own) < 2 or not other.std() > DUST:
        return None
    covariance = float(((own - own.mean()) * (other - other.mean())).mean())
    beta = covariance / float(other.var())
    alpha = float(own.mean() - beta * other.mean()) * YEAR
    spread = float(own.std() * other.std())
    return Beside(alpha, beta, covariance / spread if spread > DUST**2 else 0.0)


@dataclass(frozen=True, slots=True)
class Day:
    session: date
    change: float


def best_days(returns: Floats, sessions: Days, count: int = 5) -> tuple[Day, ...]:
    """The `count` highest of `returns` (T,), best first."""
    order = np.argsort(-returns, kind="stable")[:count]
    return tuple(Day(sessions[place].item(), float(returns[place])) for place in order)


def worst_days(returns: Floats, sessions: Days, count: int = 5) -> tuple[Day, ...]:
    order = np.argsort(returns, kind="stable")[:count]
    return tuple(Day(sessions[place].item(), float(returns[place])) for place in order)


def win_rate(returns: Sequence[float]) -> float | None:
    """The fraction of those above 0 among those that are not 0; None where all are."""
    moved = [change for change in returns if abs(change) > DUST]
    return sum(change > 0 for change in moved) / len(moved) if moved else None
