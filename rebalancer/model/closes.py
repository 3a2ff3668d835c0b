"""Adjusted daily closes of many symbols, and the bars beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Self

from rebalancer.model.names import BarField, Floats, Symbol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRST_YEAR = 1990
"""The first whose sessions are known; earlier prices are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """What daily bars have besides their close, of some symbols, adjusted as the closes beside them.

    `values` has, by field, (T, M) float64 over `symbols`, NaN where the source has none. Volume is in shares of today:
    adjusted for splits, as dividends change no number of shares. `remedy` is a sentence on where missing bars can come
    from.
    """

    symbols: tuple[Symbol, ...]
    values: Mapping[BarField, Floats]
    remedy: str = ""

    def until(self, count: int) -> Self:
        """The first `count` rows."""
        return replace(self, values={name: column[:count] for name, column in self.values.items()})

    def since(self, row: int) -> Self:
        return replace(self, values={name: column[row:] for name, column in self.values.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """Adjusted daily closes.

    `sessions` is (T,) datetime64[D], strictly increasing. `values` is (T, N) float64, NaN where a symbol has no close
    in that session. If `provisional`, the last row holds prices from before tonight's close. `notes` are sentences that
    every screen using these prices must show. `bars`, with the same rows, is there for bots that read more than closes.
    """

    sessions: "NDArray[np.datetime64]"
    symbols: tuple[Symbol, ...]
    values: Floats
    provisional: bool = False
    notes: tuple[str, ...] = ()
    bars: Bars | None = None

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.sessions), len(self.symbols)):
            shape = (len(self.sessions), len(self.symbols))
            raise ValueError(f"closes of shape {self.values.shape} for sessions x symbols = {shape}")
        for name, column in self.bars.values.items() if self.bars else ():
            if len(column) != len(self.sessions):
                raise ValueError(f"{name} of shape {column.shape} beside closes of {len(self.sessions)} sessions")

    def day(self, index: int) -> date:
        day: date = self.sessions[index].item()
        return day

    def until(self, day: date) -> Self:
        """These closes up to session `day`."""
        last = self.sessions.dtype.type(day)
        count = int(self.sessions.searchsorted(last, side="right"))
        return type(self)(
            self.sessions[:count],
            self.symbols,
            self.values[:count],
            provisional=self.provisional and count == len(self.sessions),
            notes=self.notes,
            bars=self.bars.until(count) if self.bars else None,
        )

    def since(self, day: date) -> Self:
        """These closes from session `day` on."""
        return self._from(int(self.sessions.searchsorted(self.sessions.dtype.type(day))))

    def last(self, count: int) -> Self:
        """The last `count` sessions, or all there are."""
        return self._from(max(len(self.sessions) - count, 0))

    def _from(self, first: int) -> Self:
        return replace(
            self,
            sessions=self.sessions[first:],
            values=self.values[first:],
            bars=self.bars.since(first) if self.bars else None,
        )
