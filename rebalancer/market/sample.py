"""The prices that ship with the project, so that a fresh clone has an evening. NOTICE.txt says whose they are."""

import csv
import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

import numpy as np

from rebalancer.errors import SourceError
from rebalancer.market.clock import NEW_YORK
from rebalancer.model import Bar, Closes, Snapshot, Symbol, symbol
from rebalancer.ports import Clock

FILE = "sample_etf_2008_2016.csv.gz"
NOTES = (
    "Sample prices: real closes without dividends; TBILL and SPYINV are derived, no traded funds.",
    "Sample evenings: the session's own close stands in for the price some minutes before it.",
)


@cache
def shipped() -> Closes:
    """All of the sample. Raises SourceError where the installation is damaged."""
    return read(files("rebalancer.demo").joinpath(FILE).read_bytes())


def read(packed: bytes) -> Closes:
    """Closes from a gzipped CSV: a header of `date` and tickers, then a row a session. Raises SourceError."""
    try:
        header, *rows = csv.reader(gzip.decompress(packed).decode("ascii").splitlines())
        symbols = _tickers(header)
        sessions = np.array([row[0] for row in rows], dtype="datetime64[D]")
        values = np.array([row[1:] for row in rows], dtype=np.float64)
        closes = Closes(sessions, symbols, values, notes=NOTES)
    except (OSError, EOFError, zlib.error, ValueError, IndexError) as error:
        raise SourceError(f"The sample prices can't be read ({error}): install the package again.") from error
    if not _sound(closes):
        raise SourceError(
            "The sample prices are damaged (a ticker twice, dates that do not increase, or a close not above 0): "
            "install the package again."
        )
    return closes


def last_session() -> date:
    """The sample's "today"."""
    return shipped().day(-1)


@dataclass(frozen=True, slots=True)
class SampleHistory:
    sample: Closes = field(default_factory=shipped)

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        """The port's closes. A symbol that the sample lacks is a column of NaN."""
        completed = self.sample.sessions < np.datetime64(before, "D")
        values = np.full((int(completed.sum()), len(symbols)), np.nan)
        for column, name in enumerate(symbols):
            if name in self.sample.symbols:
                values[:, column] = self.sample.values[completed, self.sample.symbols.index(name)]
        return Closes(self.sample.sessions[completed], tuple(symbols), values, notes=self.sample.notes)


@dataclass(frozen=True, slots=True)
class SampleQuotes:
    """Knows daily bars only: on a session of the sample each symbol shows that session's close, at any time of day."""

    clock: Clock
    sample: Closes = field(default_factory=shipped)

    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        now = self.clock.now()
        today = now.astimezone(NEW_YORK).date()
        row = np.flatnonzero(self.sample.sessions == np.datetime64(today, "D"))
        if not row.size:
            return {}
        # The shortest text of a float is the number as the file has it: no digit is lost or made up.
        closes = dict(zip(self.sample.symbols, map(str, self.sample.values[row[0]].tolist()), strict=True))
        return {name: Snapshot(name, bar=Bar(today, Decimal(closes[name]), now)) for name in symbols if name in closes}


def _tickers(header: list[str]) -> tuple[Symbol, ...]:
    if header[0] != "date":
        raise ValueError(f"its first column is {header[0]!r}")
    return tuple(symbol(name) for name in header[1:])


def _sound(closes: Closes) -> bool:
    one_each = len(set(closes.symbols)) == len(closes.symbols)
    increasing = bool(np.all(np.diff(closes.sessions) > np.timedelta64(0, "D")))
    return one_each and increasing and bool(np.all(np.isfinite(closes.values) & (closes.values > 0)))
