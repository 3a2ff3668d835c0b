"""What a bot decides at many closes, by ticker: of a matrix of weights, most would be zeros."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.day_sets import spread
from rebalancer.model import Floats, Symbol

Rows = NDArray[np.intp]


Alike = tuple[int, float]
"""A set of days that is not empty, and the same fraction of the whole, above 0, on all of them.

A plain tuple: a back-test makes more of them than of anything else.
"""


class ByDay(NamedTuple):
    """The fraction of the whole on each of some days, ascending; (D,), 0 or more."""

    days: Rows
    amounts: Floats


Part = Alike | ByDay


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Of each ticker the parts that add up to what is wanted, the rest is cash; on the days from `first` to `end`.

    On the days `undecided`, ascending, nothing can be decided, whatever a part says. The rows of what is asked begin at
    `first` (T = `end` - `first`).
    """

    end: int
    wanted: Mapping[Symbol, Sequence[Part]]
    undecided: Rows
    first: int = 0

    @classmethod
    def of(cls, weights: Floats, symbols: Sequence[Symbol]) -> Self:
        """From (T, N) over `symbols`, where a row with a NaN is undecided."""
        columns = weights.T
        unknown = np.isnan(columns).any(axis=0)
        above = (columns > 0) & ~unknown
        wanted = {}
        for place in np.flatnonzero(above.any(axis=1)).tolist():
            rows = np.flatnonzero(above[place])
            wanted[symbols[place]] = [ByDay(rows, columns[place].take(rows))]
        return cls(len(weights), wanted, np.flatnonzero(unknown))

    @property
    def length(self) -> int:
        return self.end - self.first

    @property
    def decided(self) -> NDArray[np.bool_]:
        """Whether each row is, (T,)."""
        marks = np.ones(self.end, dtype=np.bool_)
        marks[self.undecided] = False
        return marks[self.first :]

    def column(self, symbol: Symbol) -> Floats:
        """What is wanted of it on each day, (T,), 0 where nothing is decided."""
        parts = self.wanted[symbol]
        whole = added(parts, self.end)
        if len(parts) > 1 and whole.max(initial=0) > 1:  # by an ulp, where fractions are split and added up again
            np.minimum(whole, 1, out=whole)
        if self.undecided.size and self.undecided[-1] >= self.first:
            whole[self.undecided] = 0.0
        return whole[self.first :]

    def weights(self, symbols: Sequence[Symbol]) -> Floats:
        """(T, N) over `symbols`, all that it wants among them; a column lies together in memory, a row that is
        undecided is NaN throughout.
        """
        places = {symbol: place for place, symbol in enumerate(symbols)}
        columns = np.zeros((len(symbols), self.length))
        for symbol in self.wanted:
            columns[places[symbol]] = self.column(symbol)
        if self.undecided.size:
            columns[:, ~self.decided] = np.nan
        return columns.T

    def since(self, row: int) -> Self:
        """The decisions from `row` on, as row 0."""
        return replace(self, first=self.first + row)


def added(parts: Sequence[Part], length: int) -> Floats:
    """The sum by day, (T,), in the order of the parts."""
    total: Floats | None = None
    for part in parts:
        if not isinstance(part, ByDay):
            column = spread(*part, length)
            total = column if total is None else np.add(total, column, out=total)
        elif total is None:
            total = np.zeros(length)
            total[part.days] = part.amounts
        else:
            total[part.days] += part.amounts  # no day stands in it twice
    return np.zeros(length) if total is None else total


def add(parts: list[Part], part: Part) -> None:
    """Put `part` behind the others: into the last one, where the fraction is the same and no day is in both.

    So no order of a sum changes.
    """
    last = parts[-1]
    if isinstance(part, ByDay) or isinstance(last, ByDay) or part[1] != last[1] or part[0] & last[0]:
        parts.append(part)
    else:
        parts[-1] = part[0] | last[0], part[1]
