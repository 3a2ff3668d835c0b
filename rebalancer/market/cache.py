"""Cache of closes of completed sessions, in one SQLite file.

SQLite because Python has it and it commits a batch whole or not at all. A row is a symbol with its days and closes as
packed arrays: ten years of 500 symbols are 500 rows, not 1.3 million.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path

import numpy as np

from rebalancer.errors import SourceError
from rebalancer.files import create_private
from rebalancer.market.cached_closes import CachedCloses
from rebalancer.model import Symbol

BUSY_SECONDS = 10
MOST_VARIABLES = 500
FILE = "prices.sqlite"
"""What the cache is called in the state folder."""
DAYS, CLOSES = np.dtype("<i4"), np.dtype("<f8")
"""Days since 1970-01-01, and dollars; the same bytes on every machine."""

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
        found: dict[Symbol, CachedCloses] = {}
        with self._open() as connection:
            for start in range(0, len(symbols), MOST_VARIABLES):
                asked = symbols[start : start + MOST_VARIABLES]
                marks = ", ".join("?" * len(asked))
                query = f"SELECT symbol, first, last, days, closes FROM closes WHERE feed = ? AND symbol IN ({marks})"
                found |= {Symbol(name): _known(*row) for name, *row in connection.execute(query, [feed, *asked])}
        return found

    def write(self, feed: str, known: Mapping[Symbol, CachedCloses]) -> None:
        """Replace the closes of these symbols, all or (where this raises) none."""
        rows = [(feed, symbol, *_row(past)) for symbol, past in known.items()]
        with self._open() as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO closes VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, feed: str, symbols: Iterable[Symbol]) -> None:
        with self._open() as connection, connection:
            rows = [(feed, symbol) for symbol in symbols]
            connection.executemany("DELETE FROM closes WHERE feed = ? AND symbol = ?", rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                create_private(self._path)
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
