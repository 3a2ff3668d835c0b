"""What is held day by day by a chart that does not rebalance daily: its targets at the last rebalance, drifted since.

A decision uses the closes of its day and earlier ones only, and is the same to the last bit whatever follows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.decisions import Decisions
from rebalancer.bots.flowchart.rule import Period, Rebalance, Threshold
from rebalancer.bots.own_prices import last_known
from rebalancer.model import Closes, Floats

Days = NDArray[np.intp]
Marks = NDArray[np.bool_]

ROUNDING = 1e-12
"""A weight that exceeds a threshold by less is on it."""
_FEW = 32
"""Sessions that are first searched for the next rebalance; each further search takes twice as many."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """Arrays (T, N), of fractions of the whole; the rest of a row is cash.

    `targets` is what the chart decided, `prices` each day's latest close up to then. `latest` (T,) is the row of the
    last rebalance up to each day, -1 before the first. `weights` is what is held after each close: NaN throughout where
    that is unknown, because a ticker that is held has no close on the day, or the decision on whether to trade is
    undefined.
    """

    targets: Floats
    prices: Floats
    latest: Days
    weights: Floats

    def before(self, day: int) -> Floats | None:
        """The weights (N,) at the close of row `day` before it traded; None before the first rebalance."""
        base = self.latest[day - 1] if day > 0 else -1
        return _drifted(self.targets, self.prices, base, np.array([day]))[0] if base >= 0 else None


def simulate(rule: Rebalance, targets: Floats, closes: Closes, first: int) -> Simulation:
    """Trade to `targets` (T, N), the decisions over `closes.symbols`, by `rule`, beginning on row `first`.

    On a day on which a target is undefined or has no close nothing is traded: what was due is done on the next day
    that has them all.
    """
    absent = np.isnan(closes.values)
    able = np.asarray(np.isfinite(targets).all(axis=1) & ~((targets > 0) & absent).any(axis=1))
    able[:first] = False
    prices, days = last_known(closes.values), np.flatnonzero(able)
    rows = np.arange(len(targets), dtype=np.intp)
    if isinstance(rule, Threshold):
        traded = days[_by_threshold(rule.width, targets[days], prices[days])]
    else:
        periods = _periods(rule, closes.sessions)
        traded = days[_starts(periods[days])]
    latest = np.maximum.accumulate(np.where(np.isin(rows, traded), rows, -1))
    settled = able if isinstance(rule, Threshold) else periods[latest] == periods
    known = settled & (latest >= 0)
    gaps = np.flatnonzero(known & absent.any(axis=1))
    known[gaps] = ~((targets[latest[gaps]] > 0) & absent[gaps]).any(axis=1)
    weights = np.where(known[:, np.newaxis], targets, np.nan)  # what was traded today is on its target
    drifted = known & (latest < rows)
    weights[drifted] = _drifted(targets, prices, latest[drifted], rows[drifted])
    return Simulation(targets, prices, latest, weights)


def holdings(rule: Rebalance, targets: Decisions, closes: Closes, first: int) -> Decisions:
    """What is held on all days by one who trades to `targets` as `simulate` does."""
    symbols = tuple(sorted(targets.wanted)) or closes.symbols[:1]  # with no column no row could be unknown
    columns = {symbol: column for column, symbol in enumerate(closes.symbols)}
    own = Closes(closes.sessions, symbols, closes.values.T.take([columns[symbol] for symbol in symbols], axis=0).T)
    return Decisions.of(simulate(rule, targets.weights(symbols), own, first).weights, symbols)


def _periods(period: Period, sessions: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """The number of each session's period, counted from 1970; a week begins on Monday."""
    days = sessions.astype("datetime64[D]").astype(np.int64)
    months = sessions.astype("datetime64[M]").astype(np.int64)
    match period:
        case "daily":
            return days
        case "weekly":
            return (days + 3) // 7  # the first day of 1970 was a Thursday
        case "monthly":
            return months
        case "quarterly":
            return months // 3
        case "yearly":
            return months // 12


def _starts(values: NDArray[np.int64] | Marks) -> Days:
    """The rows of `values`, (D,) or (D, N), that differ from the one before; the first does."""
    if not len(values):
        return np.array([], dtype=np.intp)
    differs = values[1:] != values[:-1]
    differs = differs.any(axis=1) if differs.ndim > 1 else differs
    return np.flatnonzero(np.concatenate(([True], differs)))


def _by_threshold(width: float, targets: Floats, prices: Floats) -> Days:
    """The rows of `targets` (D, N) that are traded.

    Prices never change which tickers are held, so that each stretch of the same tickers begins with a rebalance, and
    is searched on its own.
    """
    starts = _starts(targets > 0)
    traded: list[int] = []
    for start, end in pairwise([*starts.tolist(), len(targets)]):
        if end == start + 1:
            traded.append(start)
            continue
        held = targets[start] > 0
        traded.extend(start + row for row in _within(width, targets[start:end, held], prices[start:end, held]))
    return np.array(traded, dtype=np.intp)


def _within(width: float, targets: Floats, prices: Floats) -> Iterator[int]:
    """The rows that are traded of a stretch (D, N) that holds all of its tickers on every row; the first is."""
    base, row, many = 0, 1, _FEW
    yield base
    while row < len(targets):
        rows = np.arange(row, min(row + many, len(targets)))
        off = np.abs(_drifted(targets, prices, base, rows) - targets[rows]).max(axis=1, initial=0)
        over = np.flatnonzero(off > width + ROUNDING)
        if over.size:
            base = row + int(over[0])
            yield base
            row, many = base + 1, _FEW
        else:
            row, many = row + many, 2 * many


def _drifted(targets: Floats, prices: Floats, base: Days | int, rows: Days) -> Floats:
    """The weights (D, N) on `rows` (D,) of what was traded to the targets of the rows `base`; cash earns nothing."""
    bought = np.atleast_1d(base)
    began = targets.T.take(bought, axis=1)  # (N, D), or (N, 1) where all were bought on one day
    growth = prices.T.take(rows, axis=1) / prices.T.take(bought, axis=1)
    values = np.where(began > 0, began * growth, 0.0)
    # The builtin adds in one order, however many days there are.
    grown: Floats = sum(values - began, start=np.ones(len(rows)))
    return np.minimum(values / grown, 1).T
