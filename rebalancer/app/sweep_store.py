"""The SQLite file of all trials of all sweeps: what is in it is not computed again, and is counted as tried.

A trial is stored when its chunk is done, in one transaction with the rest of the chunk. Its key is the hash of
everything that its result depends on.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from rebalancer.app.variants import Outcome
from rebalancer.backtest.parameters import Point
from rebalancer.backtest.trial import Trial
from rebalancer.bots.varied import Value
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.files import ensure_private
from rebalancer.model import Symbol

VERSION = 1
COLUMNS = 14
SECONDS_TO_WAIT = 30
SCHEMA = """
CREATE TABLE IF NOT EXISTS trials (
    key TEXT PRIMARY KEY,       -- hash of variant, prices, program
    variant TEXT NOT NULL,      -- hash of the bot's file with its values, and of the costs
    bot TEXT NOT NULL,
    "values" TEXT NOT NULL,     -- JSON by parameter
    symbols TEXT NOT NULL,      -- JSON, of the sweep's prices
    first TEXT NOT NULL,        -- first and last session of the sweep's prices
    last TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    seconds REAL NOT NULL,
    error TEXT NOT NULL,        -- '' or why there is no result
    returns BLOB,               -- float64, little endian, one a session; NaN before the variant begins
    turnover REAL,
    exposure REAL,
    undecided INTEGER
);
CREATE INDEX IF NOT EXISTS trials_by_days ON trials (first, last);
"""


@dataclass(frozen=True, slots=True)
class SweepPrices:
    """The prices of a sweep, as its trials are stored with."""

    symbols: tuple[Symbol, ...]
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Stored:
    """A trial with what it is stored by."""

    key: str
    variant: str
    values: Mapping[str, Value]
    outcome: Outcome


class SweepStore:
    """Open it by `opened`. Every method raises RunFailedError where the file can't be read or written."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def known(self, keys: Mapping[str, Point]) -> Iterator[Outcome]:
        """The stored trials among `keys`."""
        rows = "SELECT key, seconds, error, returns, turnover, exposure, undecided FROM trials WHERE key = ?"
        with self._guarded():
            for key, point in keys.items():
                row = self._connection.execute(rows, (key,)).fetchone()
                if row:
                    yield _outcome(point, *row[1:])

    def add(self, bot: str, prices: SweepPrices, trials: Iterable[Stored], stored_at: str) -> None:
        """All of them or none."""
        places = ", ".join("?" * COLUMNS)
        rows = [_row(bot, prices, each, stored_at) for each in trials]
        with self._guarded(), self._connection:
            self._connection.executemany(f"INSERT OR IGNORE INTO trials VALUES ({places})", rows)

    def earlier(self, variants: Sequence[str], prices: SweepPrices) -> int:
        """How many other variants were tried on some of these sessions of some of these symbols.

        The same variant on prices of a day more is no other.
        """
        overlapping = "SELECT DISTINCT variant, symbols FROM trials WHERE first <= ? AND last >= ?"
        ours, symbols, others = {*variants}, {*prices.symbols}, set[str]()
        with self._guarded():
            found = self._connection.execute(overlapping, (prices.last.isoformat(), prices.first.isoformat()))
            for variant, names in found:
                if variant not in ours and symbols.intersection(json.loads(names)):
                    others.add(variant)
        return len(others)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = f"{self.path} can't be used: {error}. Make room on the disk, or name another file by --store"
            raise RunFailedError(f"{text}; what was stored before is kept.") from error


@contextmanager
def opened(path: Path) -> Iterator[SweepStore]:
    """Create the file where there is none. Raises BadInputError for a file that is no store, or of a newer version."""
    try:
        ensure_private(path)
        connection = sqlite3.connect(path, timeout=SECONDS_TO_WAIT)
    except (OSError, sqlite3.Error) as error:
        raise BadInputError.of("--store", f"{path} can't be opened ({_reason(error)}): name another file") from error
    with closing(connection):
        try:
            _prepare(connection, path)
        except sqlite3.Error as error:
            text = f"{path} is no store of sweeps, or can't be written ({error}): name another file"
            raise BadInputError.of("--store", text) from error
        yield SweepStore(connection, path)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if version > VERSION or (tables and "trials" not in tables):
        text = f"{path} is no store of sweeps that this version reads: name another file"
        raise BadInputError.of("--store", text)
    if version != VERSION:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    with suppress(sqlite3.OperationalError):  # a file system without shared memory keeps its own mode
        connection.execute("PRAGMA synchronous = FULL")


def _row(bot: str, prices: SweepPrices, stored: Stored, stored_at: str) -> tuple[object, ...]:
    outcome, found = stored.outcome, stored.outcome.trial
    return (
        stored.key,
        stored.variant,
        bot,
        json.dumps(stored.values),
        json.dumps(prices.symbols),
        prices.first.isoformat(),
        prices.last.isoformat(),
        stored_at,
        outcome.seconds,
        outcome.error,
        *((None,) * 4 if found is None else (_blob(found), found.turnover, found.exposure, found.undecided)),
    )


def _blob(found: Trial) -> bytes:
    return found.returns.astype("<f8").tobytes()


def _outcome(
    point: Point,
    seconds: float,
    error: str,
    returns: bytes | None,
    turnover: float | None,
    exposure: float,
    undecided: int,
) -> Outcome:
    if returns is None:
        return Outcome(point, None, error, seconds)
    found = Trial(np.frombuffer(returns, "<f8").astype(np.float64), turnover, exposure, undecided)
    return Outcome(point, found, error, seconds)
