"""A rolled-back journal is detected before any order is sent."""

import json
import shutil
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from evenings import NOW, REQUEST, evening, start

from rebalancer.errors import StoppedError
from rebalancer.events import Halted, Noted, RunEnded
from rebalancer.journal import read
from rebalancer.journal.chain import Head
from rebalancer.journal.connection import back_up, head, load_high_water_mark, rolled_back, save_high_water_mark
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN

HALT = Halted(NOW, "", "ann", "a look")


@pytest.fixture
def file(path):
    return path.with_name("journal.sqlite.head")


@pytest.fixture
def restored(path, tmp_path):
    """The journal from before its last evening, with the high-water mark from after it."""
    with SqliteJournal.open(path) as journal:
        journal.record(NO_RUN, HALT)
        back_up(path, tmp_path / "backup.sqlite")
        journal.record(start(journal), *evening())
    shutil.copy(tmp_path / "backup.sqlite", path)
    return path


@pytest.mark.posix
def test_the_mark_is_the_last_line_after_a_start_an_end_and_an_event_outside_a_run(journal, path, file):
    run = start(journal)
    assert load_high_water_mark(path) == journal.head()

    journal.record(run, Noted(NOW, "note", "in between"))
    assert load_high_water_mark(path).seq == journal.head().seq - 1

    journal.record(run, RunEnded(NOW, "success", "done"))
    assert load_high_water_mark(path) == journal.head()

    journal.record(NO_RUN, HALT)
    assert load_high_water_mark(path) == journal.head()
    assert [stat.S_IMODE(file.stat().st_mode), *file.parent.glob("*.head.*")] == [0o600]


def test_threads_may_save_the_mark_at_the_same_time(path, file):
    path.parent.mkdir(parents=True, exist_ok=True)

    def remember_some(number):
        for seq in range(50):
            save_high_water_mark(path, Head(seq, f"{number}"))

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(remember_some, range(8)))
    assert load_high_water_mark(path).seq == 49
    assert list(file.parent.glob("*.head.*")) == []


def test_a_mark_that_can_not_be_saved_leaves_no_draft(path, file):
    file.mkdir(parents=True)

    with pytest.raises(OSError, match=r"journal\.sqlite\.head"):
        save_high_water_mark(path, Head(1, "1"))
    assert list(file.parent.glob("*.head.*")) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "5", '{"seq": 1}', '{"seq": "1", "hash": ""}', '{"seq": 1, "hash": 1}', "[" * 9_000, "{"]
)
def test_a_damaged_mark_is_none(path, file, text):
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert load_high_water_mark(path) is None


def test_a_mark_beyond_any_journal_is_none(path, file):
    file.parent.mkdir(parents=True)
    file.write_text(f'{{"seq": {10**30}, "hash": "0"}}')
    assert load_high_water_mark(path) is None


def test_a_rolled_back_journal_is_refused_with_the_remedy(restored):
    with pytest.raises(StoppedError, match=r"is older than .* lacks line 36 .* audit accept-restore /.*sqlite`"):
        SqliteJournal.open(restored)


def test_another_journal_of_the_same_length_is_refused(path, tmp_path):
    other = tmp_path / "elsewhere" / "journal.sqlite"
    for file, text in ((path, "one"), (other, "other")):
        with SqliteJournal.open(file) as journal:
            journal.record(NO_RUN, Halted(NOW, "", "ann", text))
    shutil.copy(other, path)

    with pytest.raises(StoppedError, match="or another one: it lacks line 1 "):
        SqliteJournal.open(path)


def test_a_deleted_journal_is_refused(restored):
    restored.unlink()

    with pytest.raises(StoppedError, match="or another one: it lacks line 36"):
        SqliteJournal.open(restored)


@pytest.mark.parametrize("before", ["a backup", "a journal from before the chain", "nothing"])
def test_the_read_only_check_gives_the_same_reason(restored, before):
    if before == "nothing":
        restored.unlink()
    elif before != "a backup":
        with closing(sqlite3.connect(restored)) as connection:
            connection.execute("ALTER TABLE events DROP COLUMN hash")

    assert "or another one: it lacks line " in rolled_back(restored)
    assert restored.exists() == (before != "nothing")


def test_a_restored_journal_can_be_used_once_a_person_accepts_it(restored):
    save_high_water_mark(restored, head(restored))
    assert rolled_back(restored) is None

    with SqliteJournal.open(restored) as journal:
        before = journal.head().seq
        start(journal)
        assert journal.head().seq > before


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"seq": 1}'])
def test_the_next_run_notes_a_missing_or_damaged_mark_once(path, file, content):
    with SqliteJournal.open(path) as journal:
        journal.record(NO_RUN, HALT)
    file.unlink() if content is None else file.write_text(content)

    with SqliteJournal.open(path) as journal:
        journal.record(start(journal), RunEnded(NOW, "failed", "no prices"))
        start(journal)

    first, second = (read.run(path, run).notes for run in (1, 2))
    assert first[-1].startswith("Nothing beside the journal remembers its last line")
    assert second == REQUEST.notes


def test_a_new_journal_has_no_mark(path, file):
    with SqliteJournal.open(path) as journal:
        assert not file.exists()
        start(journal)

    assert read.run(path).notes == REQUEST.notes
    assert json.loads(file.read_text())["seq"] == 1
