"""The journal file: permissions, append-only guards, and damage by a full disk or another program."""

import os
import sqlite3
import stat
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
from evenings import NOW, REQUEST, evening, holdings_read, order, start, start_buying

from rebalancer.errors import BadInputError, RunFailedError, StoppedError
from rebalancer.events import Noted, OrderIntended
from rebalancer.journal import read
from rebalancer.journal.audit import verify
from rebalancer.journal.connection import ROOM, SMALL_CACHE_KIB, head
from rebalancer.journal.lease import run_lock
from rebalancer.journal.schema import migrations
from rebalancer.journal.store import SqliteJournal
from rebalancer.journal.tables import GUARDS, PROJECTIONS


@contextmanager
def stranger(path):
    """A plain connection, as any other program would open it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def rows(path, table):
    with stranger(path) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


def test_the_file_and_its_folder_belong_to_their_owner_alone(path, journal):
    start(journal)

    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    files = ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "journal.sqlite.head")
    assert modes == dict.fromkeys(files, 0o600)


def test_a_commit_waits_for_the_disk(journal):
    settings = {name: journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}

    assert settings == {"journal_mode": "wal", "synchronous": 2}


def test_recorded_events_are_there_after_opening_again(path):
    with SqliteJournal.open(path) as journal:
        journal.record(start(journal), *evening())
    before = rows(path, "events")

    with SqliteJournal.open(path):
        assert rows(path, "events") == before
    assert len(before) == 1 + len(evening())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = '{}' WHERE seq = 1",
        "DELETE FROM events WHERE seq = 1",
        "INSERT OR REPLACE INTO events VALUES (1, 1, '', 'Noted', '{}', '')",
        "INSERT OR IGNORE INTO events VALUES (1, 1, '', 'Noted', '{}', '')",
        "INSERT INTO events VALUES (3, 1, '', 'Noted', '{}', '')",
        "INSERT INTO events VALUES (NULL, 1, '', 'Noted', '{}', '')",
        "UPDATE files SET content = x'00'",
        "DELETE FROM files",
        "INSERT OR REPLACE INTO files SELECT sha256, x'00' FROM files",
    ],
)
def test_a_line_of_the_journal_can_only_be_added(path, journal, statement):
    start(journal)
    with pytest.raises(sqlite3.IntegrityError, match="journal"), stranger(path) as connection:
        connection.execute(statement)


def test_a_file_is_kept_once_by_its_hash(path, journal):
    start(journal)
    start(journal, replace(REQUEST, account="other"))

    assert len(rows(path, "files")) == len(REQUEST.files)
    assert {content for _, content in rows(path, "files")} == set(REQUEST.files.values())


def test_the_same_order_cannot_be_intended_twice(journal):
    run = start_buying(journal)
    journal.record(run, OrderIntended(NOW, order()))

    with pytest.raises(StoppedError, match="must never happen"):
        journal.record(run, OrderIntended(NOW, order()))


def test_an_event_of_a_run_that_was_never_started_is_refused(journal):
    with pytest.raises(StoppedError, match="must never happen"):
        journal.record(7, Noted(NOW, "note", "whose?"))


def test_events_recorded_together_are_all_there_or_none(path, journal):
    run = start(journal)
    before = rows(path, "events")

    with pytest.raises(ValueError, match="NaN"):
        journal.record(run, Noted(NOW, "note", "fine"), replace(holdings_read(), reserve=Decimal("NaN")))

    assert rows(path, "events") == before
    assert rows(path, "notes") == []


def test_a_full_disk_leaves_no_half_event_wherever_it_strikes(path):
    """Pages run out one later at each try, until the whole evening fits."""
    for spare in range(200):
        file = path.with_name(f"{spare}.sqlite")
        with SqliteJournal.open(file) as journal:
            run = start(journal)
            (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
            journal._db.execute(f"PRAGMA max_page_count = {pages + spare}")
            failure = failure_of_recording(journal, run, *evening(), Noted(NOW, "note", "x" * 9000))
        assert_projections_match_events(file)
        if failure is None:
            break
        assert "the disk is full. Free some space" in failure
    assert spare > 1


def failure_of_recording(journal, run, *events):
    try:
        for event in events:
            journal.record(run, event)
    except RunFailedError as error:
        return str(error)
    return None


def assert_projections_match_events(file):
    kinds = [kind for _, _, _, kind, *_ in rows(file, "events")]
    assert len(rows(file, "notes")) == kinds.count("Noted") + kinds.count("RunTakenUp")
    assert len(rows(file, "balances")) == kinds.count("HoldingsRead")
    assert len(rows(file, "orders")) == kinds.count("OrderIntended")
    assert len(rows(file, "plans")) == kinds.count("PlanMade")


def test_a_journal_that_may_not_be_written_says_what_to_do(journal):
    journal._db.execute("PRAGMA query_only = ON")

    with pytest.raises(RunFailedError, match="it is read-only"):
        start(journal)


@pytest.mark.posix
def test_a_pipe_in_place_of_the_journal_is_refused_by_readers_and_writers(path):
    path.parent.mkdir(parents=True)
    os.mkfifo(path)

    for use in (SqliteJournal.open, head):
        with pytest.raises(RunFailedError, match=r"it is no ordinary file\. Move it away"):
            use(path)


def test_a_folder_in_place_of_the_journal_is_refused(path):
    path.mkdir(parents=True)

    with pytest.raises(RunFailedError, match=r"it is no ordinary file\. Move it away"):
        SqliteJournal.open(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "state").write_text("a file")

    with pytest.raises(RunFailedError, match=r"state/journal\.sqlite can't be used: File exists"):
        SqliteJournal.open(tmp_path / "state" / "journal.sqlite")


def test_a_file_that_is_not_a_journal_is_refused(path):
    path.parent.mkdir()
    path.write_bytes(b"a letter to my bank, which is no database at all" * 100)

    with pytest.raises(RunFailedError, match="no journal of this program"):
        SqliteJournal.open(path)


def test_a_damaged_journal_is_refused(path):
    with SqliteJournal.open(path) as journal:
        run = start(journal)
        for _ in range(40):
            journal.record(run, *evening()[:7])
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :: 512] = b"\xff" * len(content[len(content) // 2 :: 512])
    path.write_bytes(content)

    with pytest.raises(RunFailedError, match=r"damaged.* Restore a copy"):
        SqliteJournal.open(path)


def test_a_symbolic_link_is_refused_because_the_lock_would_not_hold(path, tmp_path):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere.sqlite")

    with pytest.raises(RunFailedError, match="symbolic link"):
        SqliteJournal.open(path)


@pytest.mark.parametrize("guard", GUARDS)
def test_a_journal_without_one_of_its_guards_is_refused(path, guard):
    SqliteJournal.open(path).close()
    with stranger(path) as connection:
        connection.execute(f"DROP TRIGGER {guard}")

    with pytest.raises(StoppedError, match=f"lost its guard '{guard}'"):
        SqliteJournal.open(path)


def test_a_changed_trigger_is_refused(path):
    SqliteJournal.open(path).close()
    with stranger(path) as connection:
        connection.execute("DROP TRIGGER events_never_go")
        connection.execute("CREATE TRIGGER events_never_go BEFORE DELETE ON events WHEN 0 BEGIN SELECT 1; END")

    with pytest.raises(StoppedError, match="lost its guard"):
        SqliteJournal.open(path)


def test_a_journal_of_a_newer_version_is_refused(path):
    SqliteJournal.open(path).close()
    with stranger(path) as connection:
        columns = "migration_set, name, applied_at"
        connection.execute(f"INSERT INTO {migrations.migrations_table} ({columns}) VALUES ('journal', 'm999', '')")

    with pytest.raises(StoppedError, match=r"newer version of this program \(m999\)"):
        SqliteJournal.open(path)


def before_the_chain(path):
    """Make the journal what the version before the chain would have left."""
    with stranger(path) as connection:
        connection.execute("ALTER TABLE events DROP COLUMN hash")
        connection.execute("DROP TABLE leases")
        connection.execute(f"DELETE FROM {migrations.migrations_table} WHERE name >= 'm006'")
    path.with_name("journal.sqlite.head").unlink()


@pytest.fixture
def unchained(path):
    with SqliteJournal.open(path) as journal:
        journal.record(start(journal), *evening())
    before_the_chain(path)
    return path


@pytest.mark.parametrize(
    ("step", "tables"),
    [
        ("m002_projections", tuple(PROJECTIONS)),
        ("m003_settings_and_adoptions", ("setting_changes", "adoptions")),
        ("m004_restatements", ("restatements",)),
        ("m005_order_and_run_states", ("halts", "arms", "losses", "accounted")),
        ("m008_open_differences", ("holdings", "adoptions", "restatements")),
    ],
)
def test_a_journal_of_an_earlier_version_gets_the_tables_it_lacks_and_keeps_its_lines(unchained, step, tables):
    lines = "SELECT seq, run, at, kind, body FROM events"
    with stranger(unchained) as connection:
        before = connection.execute(lines).fetchall()
        for table in tables:
            connection.execute(f"DROP TABLE {table}")
        connection.execute(f"DELETE FROM {migrations.migrations_table} WHERE name >= ?", [step])

    SqliteJournal.open(unchained).close()

    with stranger(unchained) as connection:
        assert connection.execute(lines).fetchall() == before
    assert verify(unchained).faults == ()
    assert all(rows(unchained, table) for table in tables)


def test_lines_from_before_the_chain_get_the_hashes_they_would_have_had(unchained, tmp_path):
    with SqliteJournal.open(tmp_path / "new.sqlite") as new:
        new.record(start(new), *evening())
        with SqliteJournal.open(unchained) as old:
            assert old.head() == new.head()

    assert verify(unchained).faults == ()


def test_a_journal_from_before_the_chain_can_be_read_and_says_that_it_has_none(unchained):
    assert read.run(unchained).head is None
    assert head(unchained) is None
    with pytest.raises(BadInputError, match="an earlier version wrote it, without hashes: the next run adds them"):
        verify(unchained)


def test_a_guard_lost_before_the_chain_is_not_silently_restored(unchained):
    with stranger(unchained) as connection:
        connection.execute("DROP TRIGGER events_never_change")

    with pytest.raises(StoppedError, match="lost its guard 'events_never_change'"):
        SqliteJournal.open(unchained)


def test_a_file_left_empty_by_a_crash_becomes_a_journal(path):
    path.parent.mkdir()
    path.touch(0o600)

    with SqliteJournal.open(path) as journal:
        assert start(journal) == 1


def test_a_second_run_is_kept_out_while_the_first_holds_the_lock(path):
    with (
        run_lock(path),
        pytest.raises(RunFailedError, match="such as recover, is in progress"),
        run_lock(path),
    ):
        pass

    with run_lock(path):
        assert stat.S_IMODE(path.with_name("journal.sqlite.lock").stat().st_mode) == 0o600


# ------------------------------------------------------------------------------------------- the disk has room


def test_a_disk_without_room_for_a_run_is_found_before_it_begins(path, journal):
    run = start(journal)
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages + 20}")
    before = journal.head()

    with pytest.raises(RunFailedError, match=r"the disk is full\. Free some space"):
        journal.check_disk_space()

    assert journal.head() == before
    journal.record(run, Noted(NOW, "note", "a small line still fits"))


def test_the_disk_space_check_writes_and_rolls_back(path, journal):
    start(journal)
    files = rows(path, "files")

    journal.check_disk_space()

    assert path.with_name("journal.sqlite-wal").stat().st_size > ROOM
    assert rows(path, "files") == files
    assert journal._db.execute("PRAGMA cache_size").fetchone() != (-SMALL_CACHE_KIB,)


# ---------------------------------------------------------------------------------------------- in memory


def test_a_journal_in_memory_gives_the_same_answers_and_leaves_no_file(path, journal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with SqliteJournal.in_memory() as simulated:
        for each in (journal, simulated):
            each.record(start(each), *evening())

        assert simulated.head() == journal.head()
        assert simulated.ledger("demo") == journal.ledger("demo")
    assert [file.name for file in tmp_path.iterdir()] == [path.parent.name]
