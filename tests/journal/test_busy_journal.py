"""A journal that another program holds, or without file handles left."""

import sqlite3
from contextlib import closing

import pytest
from evenings import NOW, start

from rebalancer.errors import RunFailedError
from rebalancer.events import Noted
from rebalancer.journal.store import SqliteJournal

resource = pytest.importorskip("resource", reason="only Linux and macOS limit the open files of a process")


def test_a_journal_that_another_program_is_writing_is_not_written(path, journal):
    run = start(journal)
    journal._db.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RunFailedError, match="another program holds it"):
            journal.record(run, Noted(NOW, "note", "mine"))
    journal.record(run, Noted(NOW, "note", "mine"))


def test_without_a_file_handle_left_the_journal_is_not_opened(path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(RunFailedError, match="can't be used"):
            SqliteJournal.open(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    SqliteJournal.open(path).close()
