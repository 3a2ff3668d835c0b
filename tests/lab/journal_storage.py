"""Storage of the journal and its backups: in memory, or in a file for one world in a hundred."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlite_utils import Database

from lab.interruptions import Crash
from rebalancer.journal.lease import LockHolder
from rebalancer.journal.store import IN_MEMORY, SqliteJournal


class JournalStorage:
    """`connection` reads what all processes wrote. In memory if `folder` is None."""

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / "journal.sqlite"
        self._copy: sqlite3.Connection | None = None
        self.connection = self._new()

    @contextmanager
    def process(self, holder: LockHolder) -> Iterator[SqliteJournal]:
        """Open the journal as a new process does. A killed process leaves its lease unreleased."""
        if self._file is None:
            yield SqliteJournal(IN_MEMORY, Database(self.connection, execute_plugins=False), holder)
            return
        with SqliteJournal.open(self._file, holder) as journal:
            try:
                yield journal
            except Crash:
                journal._db.close()  # so that it can't release its lease
                raise

    def close(self) -> None:
        self.connection.close()
        self.keep_copy(wanted=False)

    @property
    def in_memory(self) -> bool:
        return self._file is None

    def keep_copy(self, *, wanted: bool) -> None:
        """Take a backup if `wanted`, and drop the previous one."""
        if self._copy is not None:
            self._copy.close()
        self._copy = _copied(self.connection) if wanted else None

    def restore(self) -> bool:
        """Replace the journal by its backup; False if there is none."""
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
    """An empty journal to copy, which is forty times faster than creating one."""
    connection: sqlite3.Connection = SqliteJournal.in_memory()._db.conn
    return connection


def _copied(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(IN_MEMORY, isolation_level=None)
    connection.backup(copy)
    copy.execute("PRAGMA foreign_keys = ON")
    return copy
