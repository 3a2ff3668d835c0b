"""Returns by calendar month."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.run import Backtest


@dataclass(frozen=True, slots=True)
class Year:
    """`months` are January to December as fractions, None where the back-test has no session; `total` compounds them.

    The first and the last month may be in part only.
    """

    year: int
    months: tuple[float | None, ...]
    total: float


def by_month(result: Backtest, sessions: NDArray[np.datetime64]) -> tuple[Year, ...]:
    """Month's end over month's end; the first counts from the money before the first purchase.

    All months compounded are the cumulative return.
    """
    months = sessions.astype("datetime64[M]").astype(np.int64)
    ends = np.flatnonzero(np.append(np.diff(months) > 0, True))
    values = result.equity[ends]
    factors = values / np.concatenate(([result.cash], values[:-1]))
    by_number = dict(zip(months[ends].tolist(), factors.tolist(), strict=True))
    years = sorted({1970 + number // 12 for number in by_number})
    return tuple(_year(year, [by_number.get((year - 1970) * 12 + month) for month in range(12)]) for year in years)


def _year(year: int, factors: list[float | None]) -> Year:
    known = [factor for factor in factors if factor is not None]
    months = tuple(None if factor is None else factor - 1 for factor in factors)
    return Year(year, months, float(np.prod(known)) - 1)
