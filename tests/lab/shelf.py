"""Where the journal is kept, and each process's own way to it: in memory, or for one world in a hundred in a file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlite_utils import Database

from lab.fate import Crash
from rebalancer.journal.lease import LockHolder
from rebalancer.journal.store import IN_MEMORY, SqliteJournal


class Shelf:
    """`connection` reads what the processes wrote. `folder` None keeps the journal in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / "journal.sqlite"
        self._copy: sqlite3.Connection | None = None
        self.connection = self._new()

    @contextmanager
    def process(self, holder: LockHolder) -> Iterator[SqliteJournal]:
        """The journal as a new process opens it. One that is killed leaves its lease as it is."""
        if self._file is None:
            yield SqliteJournal(IN_MEMORY, Database(self.connection, execute_plugins=False), holder)
            return
        with SqliteJournal.open(self._file, holder) as journal:
            try:
                yield journal
            except Crash:
                journal._db.close()  # so that it can't give its lease back
                raise

    def close(self) -> None:
        self.connection.close()
        self.keep_copy(wanted=False)

    @property
    def in_memory(self) -> bool:
        return self._file is None

    def keep_copy(self, *, wanted: bool) -> None:
        """A backup of now, if it is `wanted` tomorrow."""
        if self._copy is not None:
            self._copy.close()
        self._copy = _copied(self.connection) if wanted else None

    def restore(self) -> bool:
        """Put the backup in the journal's place. False where there is none."""
        if self._copy is None:
            return False
        self.connection.close()
        self.connection, self._copy = self._copy, None
        return True

    def delete(self) -> None:
        self.connection.close()
        self.connection = self._new()

    def _new(self) -> sqlite3.Connection:
        if self._file is None:
            return _copied(_blank())
        SqliteJournal.open(self._file).close()
        return sqlite3.connect(self._file, isolation_level=None)


@cache
def _blank() -> sqlite3.Connection:
    """A journal without a line, to copy: to make one takes forty times as long."""
    connection: sqlite3.Connection = SqliteJournal.in_memory()._db.conn
    return connection


def _copied(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(IN_MEMORY, isolation_level=None)
    connection.backup(copy)
    copy.execute("PRAGMA foreign_keys = ON")
    return copy
