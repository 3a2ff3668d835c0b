"""A seal spares the audit of old lines, and hides no fault: whatever was changed, no run starts."""

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from evenings import DAY, NOW, REQUEST, evening, filled, order, start
from hypothesis import HealthCheck, given, settings
from test_chain import tamper

from rebalancer.errors import RunFailedError, StoppedError
from rebalancer.events import Noted, RunEnded, RunTakenUp
from rebalancer.journal.codec import from_body, to_body
from rebalancer.journal.lease import run_lock
from rebalancer.journal.seal import RECENT_RUNS, keep_sealed, require_sound_for_a_run, seal_file
from rebalancer.journal.store import SqliteJournal
from rebalancer.journal.tables import PROJECTIONS
from rebalancer.model import RunId

WORTH = 100
"""Lines from which on these short journals are sealed."""
RUNS = RECENT_RUNS + 6
IDS = ('"rb1"', '"rb2"', '"x1"', '"x2"')


def evening_of(number):
    """The evening with every kind of event, under ids of its own."""
    for event in evening():
        body = to_body(event)
        for name in IDS:
            body = body.replace(name, f'{name[:-1]}.{number}"')
        yield from_body(type(event).__name__, body)


def add_evenings(path, first, count):
    with SqliteJournal.open(path) as journal:
        for number in range(first, first + count):
            run = start(journal, replace(REQUEST, session=DAY + timedelta(days=number)))
            journal.record(run, *evening_of(number))


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of many runs, sealed."""
    path = tmp_path_factory.mktemp("years") / "journal.sqlite"
    add_evenings(path, 1, RUNS)
    require_sound_for_a_run(path, worth=WORTH)
    return path


@pytest.fixture
def sealed(years, path):
    """A copy of it, with its seal."""
    path.parent.mkdir()
    for name in (seal_file(years), Path(f"{years}.head")):
        shutil.copy(name, path.parent)
    return shutil.copy(years, path)


def audited(path, worth=WORTH):
    """How many lines a run's start audits one by one."""
    counts = [0]
    require_sound_for_a_run(path, lambda _, done=0, total=0: counts.append(total), worth)
    return max(counts)


def lines_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT COUNT(*) FROM events").fetchone()[0]


def seal_of(path):
    return json.loads(seal_file(path).read_text())


def test_what_is_sealed_is_not_audited_again_and_the_last_runs_are(sealed):
    assert seal_of(sealed)["run"] == RUNS - RECENT_RUNS
    add_evenings(sealed, RUNS + 1, 1)
    assert audited(sealed) == lines_of(sealed) - seal_of(sealed)["seq"]


def test_a_journal_that_nobody_has_written_to_since_its_audit_is_not_audited_again(sealed):
    assert audited(sealed) == 0
    add_evenings(sealed, RUNS + 1, 1)
    assert audited(sealed) > 0
    keep_sealed(sealed, worth=10_000)
    assert audited(sealed) == 0


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_byte_of_the_file_has_changed_the_journal_is_audited_or_refused(years, sealed, place, bit):
    content = bytearray(years.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    sealed.write_bytes(content)
    shutil.copy(seal_file(years), seal_file(sealed))
    with suppress(StoppedError, RunFailedError):
        assert audited(sealed) > 0


def test_lines_that_sqlite_has_not_moved_to_the_file_yet_are_audited(sealed):
    with closing(sqlite3.connect(sealed)) as other:
        other.execute("SELECT count(*) FROM events").fetchone()
        add_evenings(sealed, RUNS + 1, 1)
        assert sealed.with_name(f"{sealed.name}-wal").stat().st_size > 0
        assert audited(sealed) == lines_of(sealed) - seal_of(sealed)["seq"]
        keep_sealed(sealed, worth=10_000)
        assert seal_of(sealed)["file"] == ""
        assert audited(sealed) > 0


def test_a_short_journal_is_audited_whole_and_not_sealed(path):
    add_evenings(path, 1, 2)
    assert audited(path) == lines_of(path)
    assert not seal_file(path).exists()


@pytest.mark.parametrize("place", ["1", "(SELECT MAX(seq) FROM events) - 40"])
@pytest.mark.parametrize("change", ["at = at || ' '", "kind = 'Noted'", "body = body || char(0) || ' '", "hash = ''"])
def test_a_line_that_was_edited_stops_a_run_whether_it_is_sealed_or_not(sealed, place, change):
    tamper(sealed, f"UPDATE events SET {change} WHERE seq = {place}")
    with pytest.raises(StoppedError, match="is not what was written"):
        audited(sealed)


@pytest.mark.parametrize("table", PROJECTIONS)
def test_a_sealed_row_that_is_gone_stops_a_run(sealed, table):
    tamper(sealed, f"DELETE FROM {table} WHERE rowid = (SELECT MIN(rowid) FROM {table})")
    with pytest.raises(StoppedError, match=f"the table '{table}' does not say what the lines say"):
        audited(sealed)


@pytest.mark.parametrize("table", ["runs", "run_files", "holdings", "halts"])
def test_a_later_row_that_is_gone_stops_a_run(sealed, table):
    tamper(sealed, f"DELETE FROM {table} WHERE rowid = (SELECT MAX(rowid) FROM {table})")
    with pytest.raises(StoppedError, match=f"the table '{table}' does not say what the lines say"):
        audited(sealed)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE orders SET state = state || char(0) || 'x' WHERE rowid = 1",
        "UPDATE targets SET merged = merged + 1e-16 WHERE rowid = 1",
        "UPDATE runs SET status = 'partial' WHERE id = 2",
        "UPDATE trades SET target_shares = CAST(target_shares AS TEXT) || '.0' WHERE rowid = 1",
        "INSERT INTO accounted VALUES (2, 1, '', 'demo', 'rb9', 'ann', '')",
        "UPDATE files SET content = x'00' WHERE content = x'7b7d'",
        "DROP TRIGGER events_never_go",
    ],
)
def test_the_smallest_change_of_what_is_sealed_stops_a_run(sealed, change):
    if change.startswith("DROP"):
        with closing(sqlite3.connect(sealed)) as connection:
            connection.execute(change)
    else:
        tamper(sealed, change)
    with pytest.raises(StoppedError):
        audited(sealed)


@pytest.mark.parametrize(
    "member",
    [("content", "0" * 64), ("code", "0" * 64), ("hash", "0" * 64), ("seq", 10**6), ("run", -1), ("seq", None)],
)
def test_a_seal_that_does_not_fit_costs_a_whole_audit_and_is_made_anew(sealed, member):
    right = seal_of(sealed)
    name, value = member
    seal_file(sealed).write_text(json.dumps({**right, "file": "", name: value}))
    assert audited(sealed) == lines_of(sealed)
    assert seal_of(sealed) == right


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 9000])
def test_a_damaged_seal_counts_as_none(sealed, content):
    seal_file(sealed).write_bytes(content)
    assert audited(sealed) == lines_of(sealed)


def test_a_fill_of_a_sealed_order_that_comes_late_costs_a_whole_audit_and_no_more(sealed):
    late = filled(order("rb1.1"), "1", execution="late")
    with SqliteJournal.open(sealed) as journal:
        run = start(journal, replace(REQUEST, session=DAY + timedelta(days=100)))
        journal.record(run, late)
    assert audited(sealed) == lines_of(sealed)
    assert audited(sealed) < lines_of(sealed)


def test_a_sealed_run_that_is_resumed_costs_whole_audits_until_that_is_long_ago_too(sealed):
    with SqliteJournal.open(sealed) as journal:
        journal.resume(RunId(2), REQUEST, running=False)
        journal.record(RunId(2), RunTakenUp(NOW, "once more"))
    assert audited(sealed) == lines_of(sealed)
    add_evenings(sealed, RUNS + 1, 1)
    assert audited(sealed) == lines_of(sealed)


def test_the_journal_of_a_restored_backup_is_audited_whole(sealed, years):
    short = sealed.with_name("short.sqlite")
    add_evenings(short, 1, 2)
    shutil.copy(seal_file(years), seal_file(short))
    assert audited(short) == lines_of(short)


def test_after_a_run_the_seal_is_brought_up_to_date_once_that_is_worth_it(sealed):
    before = seal_of(sealed)
    keep_sealed(sealed, worth=10_000)
    assert seal_of(sealed) == before
    add_evenings(sealed, RUNS + 1, 2)
    keep_sealed(sealed, worth=WORTH)
    assert {**seal_of(sealed), "file": ""} == {**before, "file": ""}
    add_evenings(sealed, RUNS + 3, 1)
    counts = [0]
    keep_sealed(sealed, lambda _, done=0, total=0: counts.append(total), worth=WORTH)
    assert max(counts) == lines_of(sealed) - before["seq"]
    assert seal_of(sealed)["run"] == before["run"] + 3
    add_evenings(sealed, RUNS + 4, 1)
    assert audited(sealed) == lines_of(sealed) - seal_of(sealed)["seq"]


def test_a_fault_that_is_found_after_a_run_stops_the_next_start_and_not_this_one(sealed):
    tamper(sealed, "DELETE FROM halts")
    add_evenings(sealed, RUNS + 1, 3)
    keep_sealed(sealed, worth=WORTH)
    assert not seal_file(sealed).exists()
    with run_lock(sealed) as place, pytest.raises(StoppedError, match="the table 'halts'"):
        SqliteJournal.open_for_a_run(sealed, place)


@pytest.mark.posix
def test_where_no_seal_can_be_written_every_start_audits_all(sealed):
    seal_file(sealed).unlink()
    seal_file(sealed).mkdir()
    assert audited(sealed) == lines_of(sealed)
    assert audited(sealed) == lines_of(sealed)


def test_no_journal_and_one_that_can_not_be_read_are_left_to_the_next_start(tmp_path):
    keep_sealed(tmp_path / "none.sqlite")
    (tmp_path / "broken.sqlite").write_bytes(b"no database")
    keep_sealed(tmp_path / "broken.sqlite")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.sqlite"]


def test_a_run_starts_by_the_seal_and_goes_on_as_always(sealed):
    with run_lock(sealed) as place, SqliteJournal.open_for_a_run(sealed, place) as journal:
        run = start(journal, replace(REQUEST, session=DAY + timedelta(days=200)))
        journal.record(run, Noted(NOW, "warning", "all is well"), RunEnded(NOW, "failed", "a test"))
    assert audited(sealed) == lines_of(sealed) - seal_of(sealed)["seq"]
