"""The two ports of prices over closes that are all known beforehand: the shipped sample's, or a folder's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from rebalancer.market.clock import NEW_YORK
from rebalancer.model import Bar, Closes, CorporateAction, Snapshot, Symbol
from rebalancer.ports import Clock


@dataclass(frozen=True, slots=True)
class ClosesHistory:
    known: Closes

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        """The port's closes. A symbol that is not known is a column of NaN."""
        completed = int(np.searchsorted(self.known.sessions, np.datetime64(before, "D")))
        columns = {name: column for column, name in enumerate(self.known.symbols)}
        values = np.full((completed, len(symbols)), np.nan)
        for place, name in enumerate(symbols):
            if name in columns:
                values[:, place] = self.known.values[:completed, columns[name]]
        return Closes(self.known.sessions[:completed], tuple(symbols), values, notes=self.known.notes)

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:  # noqa: ARG002
        """None: the closes are taken as adjusted, and say nothing of why."""
        return ()


@dataclass(frozen=True, slots=True)
class ClosesQuotes:
    """Knows daily bars only: on the clock's day each symbol shows that day's close, at any time of day."""

    clock: Clock
    known: Closes

    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        """A symbol without a close on the clock's day is absent."""
        now = self.clock.now()
        today = now.astimezone(NEW_YORK).date()
        row = np.flatnonzero(self.known.sessions == np.datetime64(today, "D"))
        if not row.size:
            return {}
        closes = dict(zip(self.known.symbols, self.known.values[row[0]].tolist(), strict=True))
        # The shortest text of a float is the number as the file has it: no digit is lost or made up.
        return {
            name: Snapshot(name, bar=Bar(today, Decimal(str(closes[name])), now))
            for name in symbols
            if closes.get(name, np.nan) > 0
        }
