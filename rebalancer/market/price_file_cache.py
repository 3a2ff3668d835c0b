"""The prices of files that did not change since they were read, kept in one SQLite file in the state folder.

A kept file is used while its path, device, inode, size and times of change are those under which it was read. While
that holds for all files, their one table is used as it was kept: merging millions of prices takes longer than reading
them.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rebalancer import __version__
from rebalancer.files import ensure_private
from rebalancer.market.cells import Cells
from rebalancer.model import Closes, Symbol

if TYPE_CHECKING:
    from rebalancer.ports import Clock

FILE = "price_files.sqlite"
"""The cache's file name in the state folder."""
BARS_FILE = "price_files_{field}.sqlite"
"""The same of another field of the bars, there only where a bot reads it."""
RULES = 1
"""Raised when files are read or kept in another way than before."""
QUIET_SECONDS = 2
"""A file that changed less than so long ago is not kept: one more change in the same tick would not show."""
BUSY_SECONDS = 2
MAX_BYTES = 500_000_000
"""Of the prices of one file."""
PRICE = np.dtype([("price", "<f8"), ("day", "<i4"), ("column", "<i4"), ("row", "<i4")])
DAY, VALUE = np.dtype("<i4"), np.dtype("<f8")
TABLES = """
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    symbols TEXT NOT NULL,
    prices BLOB NOT NULL,
    checksum BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS merged (
    key TEXT PRIMARY KEY,
    symbols TEXT NOT NULL,
    days BLOB NOT NULL,
    prices BLOB NOT NULL,
    checksum BLOB NOT NULL
) STRICT;
"""

Keys = Mapping[Path, str | None]
"""The `key_of` each file."""


class PriceFileCache(NamedTuple):
    """The cache at `path`. It may be missing, damaged, locked or another program's file: then files are read anew."""

    path: Path
    clock: "Clock"

    def read(self, keys: Keys) -> dict[Path, Cells]:
        """The prices of the files that were kept under these `keys`."""
        wanted = {str(file): file for file in keys}
        found: dict[Path, Cells] = {}
        if not self.path.is_file():
            return found
        with suppress(OSError, sqlite3.Error), self._open() as connection:
            for path, key, *row in connection.execute("SELECT path, key, symbols, prices, checksum FROM files"):
                if path in wanted and key == keys[wanted[path]] and (cells := _unpacked(path, key, row)):
                    found[wanted[path]] = cells
        return found

    def keep(self, read: Mapping[Path, Sequence[Cells]], keys: Keys) -> None:
        """Keep what was `read`, under `keys` from before it was read, and forget all files but those of `keys`."""
        rows = [row for file, parts in read.items() if (row := self._row(file, keys[file], parts))]
        paths = json.dumps([str(file) for file in keys])

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM files WHERE path NOT IN (SELECT value FROM json_each(?))", (paths,))
            connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)

        self._write(write)

    def read_merged(self, keys: Keys) -> Closes | None:
        """The table that was kept under these `keys`; None where there is none, or a damaged one."""
        if not self.path.is_file():
            return None
        query = "SELECT symbols, days, prices, checksum FROM merged WHERE key = ?"
        with suppress(OSError, sqlite3.Error), self._open() as connection:
            return next((_table(_joined(keys), row) for row in connection.execute(query, (_joined(keys),))), None)
        return None

    def keep_merged(self, closes: Closes, keys: Keys) -> None:
        """Keep the table of all files, under `keys` from before they were read, instead of any other.

        It is not kept where a file has changed since then, or just before.
        """
        if not all(self._unchanged(file, key) for file, key in keys.items()):
            return
        key, symbols = _joined(keys), json.dumps(closes.symbols)
        days, prices = closes.sessions.astype(DAY).tobytes(), closes.values.astype(VALUE).tobytes()
        if len(prices) > MAX_BYTES:
            return

        def write(connection: sqlite3.Connection) -> None:
            row = key, symbols, days, prices, _checksum(key, symbols, days, prices)
            connection.execute("DELETE FROM merged")
            connection.execute("INSERT INTO merged VALUES (?, ?, ?, ?, ?)", row)

        self._write(write)

    def _write(self, write: Callable[[sqlite3.Connection], None]) -> None:
        if self.path.exists() and not self.path.is_file():
            return
        # Whatever goes wrong here costs time only: the next call reads the files again.
        with suppress(OSError, sqlite3.Error):
            try:
                self._in_transaction(write)
            except sqlite3.Error as error:
                if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL}:
                    return
                self.path.unlink(missing_ok=True)  # no database, a damaged one, or another program's
                self._in_transaction(write)

    def _in_transaction(self, write: Callable[[sqlite3.Connection], None]) -> None:
        with self._open() as connection, connection:
            write(connection)

    def _row(self, file: Path, key: str | None, parts: Sequence[Cells]) -> tuple[str, str, str, bytes, bytes] | None:
        """None for a file that changed while it was read, or only just before."""
        if key is None or not self._unchanged(file, key):
            return None
        symbols, prices = _packed(parts)
        if len(prices) > MAX_BYTES:
            return None
        return str(file), key, symbols, prices, _checksum(key, symbols, prices)

    def _unchanged(self, file: Path, key: str | None) -> bool:
        """Whether `file` is as `key` says, and was so for some time."""
        if key is None or key != key_of(file):
            return False
        status = file.stat()
        return max(status.st_mtime, status.st_ctime) + QUIET_SECONDS <= self.clock.now().timestamp()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        ensure_private(self.path)
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as connection:
            connection.executescript(TABLES)
            yield connection


def key_of(file: Path) -> str | None:
    """What tells one state of a file from another; None where it can't be looked at."""
    try:
        status = file.stat()
    except OSError:
        return None
    place = (os.path.realpath(file), status.st_dev, status.st_ino)
    return json.dumps([RULES, __version__, *place, status.st_size, status.st_mtime_ns, status.st_ctime_ns])


def _joined(keys: Keys) -> str:
    return blake2b(json.dumps([(str(file), key) for file, key in keys.items()]).encode()).hexdigest()


def _packed(parts: Sequence[Cells]) -> tuple[str, bytes]:
    """The symbols as JSON, and the prices of all parts with their columns in these symbols."""
    places = {
        symbol: place for place, symbol in enumerate(dict.fromkeys(name for one in parts for name in one.symbols))
    }
    prices = np.zeros(sum(len(one.prices) for one in parts), PRICE)
    end = 0
    for one in parts:
        begin, end = end, end + len(one.prices)
        columns = np.array([places[symbol] for symbol in one.symbols], dtype=np.int32)
        prices["column"][begin:end] = columns[one.columns]
        prices["day"][begin:end] = one.days.astype(np.int64)
        prices["price"][begin:end] = one.prices
        prices["row"][begin:end] = one.rows
    return json.dumps(list(places)), prices.tobytes()


def _unpacked(source: str, key: str, row: Sequence[object]) -> Cells | None:
    """None for a damaged row."""
    match row:
        case [str(symbols), bytes(prices), bytes(checksum)] if checksum == _checksum(key, symbols, prices):
            kept = np.frombuffer(prices, PRICE)
        case _:
            return None
    return Cells(
        source=source,
        symbols=tuple(map(Symbol, json.loads(symbols))),
        columns=kept["column"].astype(np.int64),
        days=kept["day"].astype(np.int64).astype("datetime64[D]"),
        prices=kept["price"].astype(np.float64),
        rows=kept["row"].astype(np.int64),
    )


def _table(key: str, row: Sequence[object]) -> Closes | None:
    """None for a damaged row."""
    match row:
        case [str(symbols), bytes(days), bytes(prices), bytes(checksum)]:
            if checksum != _checksum(key, symbols, days, prices):
                return None
        case _:
            return None
    names = tuple(map(Symbol, json.loads(symbols)))
    sessions = np.frombuffer(days, DAY).astype("datetime64[D]")
    return Closes(sessions, names, np.frombuffer(prices, VALUE).reshape(len(sessions), len(names)))


def _checksum(key: str, symbols: str, *content: bytes) -> bytes:
    sum_of = blake2b(f"{key}\0{symbols}\0".encode(), digest_size=16)
    for part in content:  # they are not joined: that would copy them
        sum_of.update(len(part).to_bytes(8))
        sum_of.update(part)
    return sum_of.digest()
