"""Cache of closes of completed sessions in one SQLite file, and whether newly fetched closes agree with it.

A row is a symbol with its days and closes as packed arrays: ten years of 500 symbols are 500 rows, not 1.3 million.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rebalancer.errors import SourceError
from rebalancer.files import ensure_private
from rebalancer.model import Closes, Floats, Symbol
from rebalancer.ports import Calendar, Progress, unwatched

TOLERANCE = 1e-6
"""Relative differences up to this are ignored: a split, a dividend or a correction changes a close by more."""
BUSY_SECONDS = 10
FILE = "prices.sqlite"
"""The cache's file name in the state folder."""
DAYS, CLOSES = np.dtype("<i4"), np.dtype("<f8")
"""Days since 1970-01-01, and closes; little-endian on every machine."""
TABLE = """
CREATE TABLE IF NOT EXISTS closes (
    feed TEXT NOT NULL,
    symbol TEXT NOT NULL,
    first TEXT NOT NULL,
    last TEXT NOT NULL,
    days BLOB NOT NULL,
    closes BLOB NOT NULL,
    PRIMARY KEY (feed, symbol)
) STRICT
"""


@dataclass(frozen=True, slots=True, eq=False)
class CachedCloses:
    """All closes that the source had of a symbol from `first` to `last`.

    `days` is (n,) datetime64[D], strictly increasing; `closes` is (n,) float64, finite and above 0, adjusted
    for all corporate actions up to the time they were fetched.
    """

    days: NDArray[np.datetime64]
    closes: Floats
    first: date
    last: date

    @classmethod
    def of(cls, closes: Mapping[date, float], first: date, last: date) -> Self:
        days = sorted(closes)
        values = np.array([closes[day] for day in days], dtype=np.float64)
        return cls(np.array(days, dtype="datetime64[D]"), values, first, last)

    def __bool__(self) -> bool:
        return bool(self.days.size)


def reconciled(
    known: CachedCloses | None, answer: CachedCloses, *, whole: bool, currency: str
) -> CachedCloses | str | None:
    """`known` updated by the fetched closes `answer`, which replace it where they are the `whole` history.

    Returns a sentence where the two contradict each other, so that the whole history must be fetched; None where
    nothing was fetched for a symbol with cached closes, which stay valid.
    """
    if known and not answer:
        return None
    if known is None or whole:
        return answer
    return contradiction(known, answer, currency) or extended(known, answer)


def contradiction(known: CachedCloses, answer: CachedCloses, currency: str) -> str | None:
    """How the closes of `known` and `answer` disagree; None where they agree.

    A split or dividend changes every adjusted close before it, so one changed close invalidates all.
    """
    if not known:
        return "it had no closes before" if answer else None
    overlap = (known.days >= np.datetime64(answer.first, "D")) & (known.days <= np.datetime64(answer.last, "D"))
    days, closes = known.days[overlap], known.closes[overlap]
    held = np.isin(days, answer.days)
    if not held.all():
        return f"its close of {days[~held][-1]} is gone"
    now = answer.closes[np.searchsorted(answer.days, days)]
    moved = np.flatnonzero(~(np.abs(now / closes - 1) <= TOLERANCE))
    if not moved.size:
        return None
    at = moved[-1]
    return f"its close of {days[at]} was {closes[at]:,.4f} {currency} and is {now[at]:,.4f} {currency} now"


def extended(known: CachedCloses, answer: CachedCloses) -> CachedCloses:
    """`answer` within its span, `known` outside of it."""
    outside = (known.days < np.datetime64(answer.first, "D")) | (known.days > np.datetime64(answer.last, "D"))
    days = np.concatenate([known.days[outside], answer.days])
    closes = np.concatenate([known.closes[outside], answer.closes])
    order = np.argsort(days)
    return CachedCloses(days[order], closes[order], known.first, max(known.last, answer.last))


def as_closes(
    known: Mapping[Symbol, CachedCloses], symbols: Sequence[Symbol], calendar: Calendar, since: date, before: date
) -> Closes:
    """A row for each session from the first close (not before `since`) to the last fetched one before `before`."""
    past = [known[symbol] for symbol in symbols if known.get(symbol)]
    sessions = np.array(_span(past, calendar, since, before) if past else (), dtype="datetime64[D]")
    values = np.full((len(sessions), len(symbols)), np.nan)
    for column, symbol in enumerate(symbols):
        if symbol in known:
            days = known[symbol].days
            _, rows, there = np.intersect1d(sessions, days, assume_unique=True, return_indices=True)
            values[rows, column] = known[symbol].closes[there]
    return Closes(sessions, tuple(symbols), values)


def _span(past: Sequence[CachedCloses], calendar: Calendar, since: date, before: date) -> Sequence[date]:
    first = max(since, min(one.days[0].item() for one in past))
    return calendar.sessions(first, min(max(one.last for one in past), before - timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class ClosesCompacted:
    """Whose closes were removed from `file`, and its size in bytes before and after."""

    file: str
    removed_symbols: tuple[Symbol, ...]
    size_before: int
    size: int


class ClosesCache:
    """The file at `path`, made for its owner alone when it is first written.

    Every method raises SourceError where it can't be used. It may be deleted at any time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, feed: str, symbols: Sequence[Symbol]) -> dict[Symbol, CachedCloses]:
        """The cached closes of `symbols` from `feed`; symbols without any are absent."""
        if not self._path.exists():
            return {}
        asked = "feed = ? AND symbol IN (SELECT value FROM json_each(?))"
        with self._open() as connection:
            rows = connection.execute(
                f"SELECT symbol, first, last, days, closes FROM closes WHERE {asked}", (feed, json.dumps(symbols))
            )
            return {Symbol(name): _known(*row) for name, *row in rows}

    def write(self, feed: str, known: Mapping[Symbol, CachedCloses]) -> None:
        """Replace the closes of these symbols, all or (where this raises) none."""
        rows = [(feed, symbol, *_row(past)) for symbol, past in known.items()]
        with self._open() as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO closes VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, feed: str, symbols: Iterable[Symbol]) -> None:
        with self._open() as connection, connection:
            rows = [(feed, symbol) for symbol in symbols]
            connection.executemany("DELETE FROM closes WHERE feed = ? AND symbol = ?", rows)

    def compact(self, needed: Collection[Symbol], progress: Progress = unwatched) -> ClosesCompacted | None:
        """Remove the closes of all other symbols, of every feed; None where nothing is kept.

        Whenever it is cut off, the closes of `needed` are there.
        """
        if not self._path.exists():
            return None
        before = self._path.stat().st_size
        with self._open() as connection:
            with connection:
                kept = {Symbol(name) for (name,) in connection.execute("SELECT DISTINCT symbol FROM closes")}
                removed = tuple(sorted(kept - {*needed}))
                connection.executemany("DELETE FROM closes WHERE symbol = ?", ((symbol,) for symbol in removed))
                progress("Removing the closes of tickers that nothing refers to")
            progress("Making the file of closes smaller")
            connection.execute("VACUUM")
        return ClosesCompacted(str(self._path), removed, before, self._path.stat().st_size)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            ensure_private(self._path)
            with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS)) as connection:
                connection.execute(TABLE)
                yield connection
        except (OSError, sqlite3.Error, ValueError) as error:
            raise SourceError(
                f"the closes kept in {self._path} can't be used ({error}). Make the file and its folder writable, or "
                "delete it: it is fetched again."
            ) from error


def _row(known: CachedCloses) -> tuple[str, str, bytes, bytes]:
    days = known.days.astype("datetime64[D]").astype(np.int64).astype(DAYS)
    return f"{known.first}", f"{known.last}", days.tobytes(), known.closes.astype(CLOSES).tobytes()


def _known(first: str, last: str, days: bytes, closes: bytes) -> CachedCloses:
    """Raises ValueError for a row that `_row` did not write."""
    packed = np.frombuffer(days, DAYS)
    values = np.frombuffer(closes, CLOSES)
    if len(packed) != len(values):
        raise ValueError("a row of it is damaged")
    sessions = packed.astype(np.int64).astype("datetime64[D]")
    return CachedCloses(sessions, values.astype(np.float64), date.fromisoformat(first), date.fromisoformat(last))
