"""Performance statistics of an equity curve, and its returns by calendar month.

Returns are simple and daily, a year has 252 sessions, the risk-free rate is 0. Annualised return, volatility, Sharpe,
drawdown and Calmar are defined as in Composer's back-tests and agree with its printed statistics to the last digit.
Where a number is undefined (too few values, or nothing to divide by) it is None, never 0.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.run import Backtest
from rebalancer.model import Floats

YEAR = 252
DUST = 1e-12
"""A volatility or drawdown below this is rounding, so 0."""


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall on closes: `depth` is a positive fraction of the peak; `recovered` is None while below it."""

    depth: float
    peak: date
    trough: date
    recovered: date | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Fractions, not percent.

    `cumulative` counts from the money before the first purchase, `annualised` from the first value after it.
    `turnover` is half of what is bought and sold in a year over the equity, without the first purchase: 1 replaces the
    whole portfolio once. `exposure` is the mean fraction that is invested after each close.
    """

    cumulative: float
    annualised: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: Drawdown | None
    calmar: float | None
    turnover: float | None
    exposure: float


def statistics(result: Backtest, sessions: NDArray[np.datetime64]) -> Statistics:
    """All of them, of T > 0 values on `sessions` (T,)."""
    returns = daily_returns(result.equity)
    growth, fall = annualised(result.equity), max_drawdown(result.equity, sessions)
    return Statistics(
        cumulative=float(result.equity[-1] / result.cash - 1),
        annualised=growth,
        volatility=volatility(returns),
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        max_drawdown=fall,
        calmar=None if growth is None or fall is None else growth / fall.depth,
        turnover=float(result.traded[1:].mean() / 2 * YEAR) if len(returns) else None,
        exposure=float(sum(held.sum() for _, held in result.holdings.positions()) / len(result.equity)),
    )


def daily_returns(equity: Floats) -> Floats:
    """(T,) values to (T - 1,) fractions."""
    return equity[1:] / equity[:-1] - 1


def annualised(equity: Floats) -> float | None:
    """(last / first) ** (252 / T) - 1, where T counts the values, not the steps between them."""
    if len(equity) < 2:
        return None
    with np.errstate(over="ignore"):  # annualising a few extreme days can overflow
        growth = np.float64(equity[-1] / equity[0]) ** (YEAR / len(equity)) - 1
    return float(growth) if np.isfinite(growth) else None


def volatility(returns: Floats) -> float | None:
    """The sample standard deviation of daily returns x sqrt(252)."""
    return float(returns.std(ddof=1) * np.sqrt(YEAR)) if len(returns) > 1 else None


def sharpe(returns: Floats) -> float | None:
    """The mean daily return x 252 over the volatility."""
    return _ratio(returns, volatility(returns))


def sortino(returns: Floats) -> float | None:
    """The mean daily return x 252 over the downside deviation x sqrt(252), with the target 0.

    The downside deviation is the root of the mean of min(return, 0) ** 2 over all days, not only over the losing ones
    (F. Sortino, L. Price: Performance Measurement in a Downside Risk Framework, Journal of Investing 3(3), 1994).
    """
    return _ratio(returns, float(np.sqrt((np.minimum(returns, 0) ** 2).mean() * YEAR)) if len(returns) else None)


def _ratio(returns: Floats, risk: float | None) -> float | None:
    return float(returns.mean() * YEAR / risk) if risk is not None and risk > DUST else None


def drawdowns(equity: Floats) -> Floats:
    """How far each value is below the highest so far, (T,), as a fraction of it, 0 or more; NaN where there is none."""
    return 1 - equity / np.fmax.accumulate(equity)


def max_drawdown(equity: Floats, sessions: NDArray[np.datetime64]) -> Drawdown | None:
    """The first of the deepest falls, from the last day at its peak; None where the value never fell."""
    falls = drawdowns(equity)
    trough = int(falls.argmax())
    if not falls[trough] > DUST:
        return None
    peak = int(np.flatnonzero(equity[:trough] == equity[:trough].max())[-1])
    back = np.flatnonzero(equity[trough:] >= equity[peak])
    recovered = sessions[trough + back[0]].item() if back.size else None
    return Drawdown(float(falls[trough]), sessions[peak].item(), sessions[trough].item(), recovered)


@dataclass(frozen=True, slots=True)
class Year:
    """`months` are January to December as fractions, None where the back-test has no session; `total` compounds them.

    The first and the last month may be in part only.
    """

    year: int
    months: tuple[float | None, ...]
    total: float


def by_month(result: Backtest, sessions: NDArray[np.datetime64]) -> tuple[Year, ...]:
    """As `months_of`, from the money before the first purchase on."""
    return months_of(result.equity, result.cash, sessions)


def months_of(equity: Floats, begun: float, sessions: NDArray[np.datetime64]) -> tuple[Year, ...]:
    """Month's end over month's end of `equity` (T,); the first counts from `begun`.

    All months compounded are the cumulative return.
    """
    months = sessions.astype("datetime64[M]").astype(np.int64)
    ends = np.flatnonzero(np.append(np.diff(months) > 0, True))
    values = equity[ends]
    factors = values / np.concatenate(([begun], values[:-1]))
    by_number = dict(zip(months[ends].tolist(), factors.tolist(), strict=True))
    years: list[Year] = []
    for year in sorted({1970 + number // 12 for number in by_number}):
        of_year = [by_number.get((year - 1970) * 12 + month) for month in range(12)]
        known = [factor for factor in of_year if factor is not None]
        returns = tuple(None if factor is None else factor - 1 for factor in of_year)
        years.append(Year(year, returns, float(np.prod(known)) - 1))
    return tuple(years)
