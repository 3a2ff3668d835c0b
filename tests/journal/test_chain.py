"""Every change to a journal from outside is detected, and the first wrong line is named."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

import pytest
from evenings import NOW, REQUEST, evening, start
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.errors import BadInputError, StoppedError
from rebalancer.events import Noted
from rebalancer.journal.audit import first_wrong, quick_faults, require_sound, verify
from rebalancer.journal.chain import GENESIS, JournalLine, chained, link
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.journal.tables import GUARDS, PROJECTIONS

CONFIG_HASH = sha256(b"{}").hexdigest()

LINES = 1 + len(evening())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A journal with one whole evening."""
    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"
    with SqliteJournal.open(path) as journal:
        journal.record(start(journal), *evening())
    return path


@pytest.fixture
def written(whole, path):
    path.parent.mkdir()
    return shutil.copy(whole, path)


def tamper(path, *statements):
    """As somebody would who knows the file: the guards are taken down and put back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for guard in GUARDS:
            connection.execute(f"DROP TRIGGER {guard}")
        for statement in statements:
            connection.execute(statement)
        for sql in GUARDS.values():
            connection.execute(sql)


def hashes(path):
    with closing(sqlite3.connect(path)) as connection:
        return [each for (each,) in connection.execute("SELECT hash FROM events ORDER BY seq")]


def test_an_untouched_journal_has_no_faults(written):
    verdict = verify(written)

    assert verdict.faults == ()
    assert (verdict.head.seq, verdict.head.hash) == (LINES, hashes(written)[-1])


def test_an_empty_journal_has_no_faults(path):
    SqliteJournal.open(path).close()

    assert verify(path).faults == ()


def found_after(whole, path, *statements):
    """The first fault that `verify` finds in a fresh copy after this change."""
    tamper(shutil.copy(whole, path), *statements)
    return verify(path).faults[0]


@pytest.mark.parametrize("change", ["run = run + 1", "at = at || ' '", "kind = 'Told'", "body = body || ' '"])
def test_an_edit_of_any_line_is_found_where_it_is(whole, written, change):
    for line in range(1, LINES + 1):
        found = found_after(whole, written, f"UPDATE events SET {change} WHERE seq = {line}")
        assert found.startswith(f"line {line} (")


def test_a_deletion_of_any_line_is_found_where_it_was(whole, written):
    for line in range(1, LINES):
        found = found_after(whole, written, f"DELETE FROM events WHERE seq = {line}")
        assert found.startswith(f"line {line} is missing")


def test_a_deletion_with_the_later_lines_moved_up_is_found_where_it_was(whole, written):
    for line in range(1, LINES):
        found = found_after(
            whole,
            written,
            f"DELETE FROM events WHERE seq = {line}",
            f"UPDATE events SET seq = -seq WHERE seq > {line}",
            "UPDATE events SET seq = -seq - 1 WHERE seq < 0",
        )
        assert found.startswith(f"line {line} (")


def test_an_insertion_before_any_line_is_found_where_it_is(whole, written):
    for line in range(1, LINES + 1):
        found = found_after(
            whole,
            written,
            f"UPDATE events SET seq = -seq - 1 WHERE seq >= {line}",
            "UPDATE events SET seq = -seq WHERE seq < 0",
            f"INSERT INTO events VALUES ({line}, 1, '', 'Noted', '{{}}', '{'ab' * 32}')",
        )
        assert found.startswith(f"line {line} (")


def test_a_swap_of_any_two_neighbours_is_found_at_the_first(whole, written):
    for line in range(1, LINES):
        found = found_after(
            whole,
            written,
            f"UPDATE events SET seq = -1 WHERE seq = {line}",
            f"UPDATE events SET seq = {line} WHERE seq = {line + 1}",
            f"UPDATE events SET seq = {line + 1} WHERE seq = -1",
        )
        assert found.startswith(f"line {line} (")


def test_an_edit_with_its_hash_recomputed_is_found_at_the_next_line(written):
    with closing(sqlite3.connect(written)) as connection:
        row = JournalLine(*connection.execute("SELECT seq, run, at, kind, body FROM events WHERE seq = 5").fetchone())
    forged = link(hashes(written)[3], row._replace(body="{}"))
    tamper(written, f"UPDATE events SET body = '{{}}', hash = '{forged}' WHERE seq = 5")

    assert verify(written).faults[0].startswith("line 6 (")


def test_lines_cut_off_at_the_end_are_found_only_by_an_anchor(written):
    """Nothing that is left in the file tells that there was more."""
    anchor = hashes(written)[-1]
    with SqliteJournal.open(written) as journal:
        journal.record(1, Noted(NOW, "note", "one line too many"))
    last = hashes(written)[-1]
    tamper(written, f"DELETE FROM events WHERE seq = {LINES + 1}", f"DELETE FROM notes WHERE seq = {LINES + 1}")

    assert verify(written).faults == verify(written, anchor).faults == ()
    assert verify(written, last).faults[0].startswith(f"no line has the hash {last}: lines were cut off")


def test_twelve_digits_of_an_anchor_are_enough_and_other_text_is_refused(written):
    assert verify(written, hashes(written)[7][:12]).faults == ()
    for wrong in ("abc", "ABCDEF012345", "line 7", "x" * 64):
        with pytest.raises(BadInputError, match="is no hash"):
            verify(written, wrong)


def test_a_changed_a_missing_and_an_added_file_are_named(written):
    tamper(written, "UPDATE files SET content = x'00' WHERE content = x'7b7d'")
    assert verify(written).faults == (f"the file {CONFIG_HASH} is not what was kept",)

    tamper(written, "PRAGMA foreign_keys = OFF", "DELETE FROM files WHERE content = x'00'")
    assert verify(written).faults == (f"the file {CONFIG_HASH} is gone",)

    zero = sha256(b"\0").hexdigest()
    tamper(written, f"INSERT INTO files VALUES ('{zero}', x'00')")
    assert verify(written).faults[-1] == f"the file {zero} is named by no claim"


@pytest.mark.parametrize("table", PROJECTIONS)
def test_a_table_that_differs_from_a_rebuild_is_named(written, table):
    tamper(written, "PRAGMA foreign_keys = OFF", f"DELETE FROM {table}")

    (fault,) = verify(written).faults
    assert fault.startswith(f"the table {table!r} does not say what the lines say")


@pytest.mark.parametrize("guard", GUARDS)
def test_a_missing_guard_is_named(written, guard):
    with closing(sqlite3.connect(written)) as connection:
        connection.execute(f"DROP TRIGGER {guard}")

    assert verify(written).faults == (
        f"the guard {guard!r} is gone or changed, so lines may have been changed or deleted",
    )


def test_without_a_journal_there_is_nothing_to_verify(path):
    with pytest.raises(BadInputError, match="there is no journal"):
        verify(path)


# ------------------------------------------------------------------------------------------------- a run


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE events SET body = body || ' ' WHERE seq = 3", "line 3 (Adopted of run 1,"),
        ("UPDATE orders SET settled = NOT settled", "the table 'orders' does not say what the lines say"),
        ("DELETE FROM halts", "the table 'halts' does not say what the lines say"),
        ("UPDATE holdings SET ours = '0'", "the table 'holdings' does not say what the lines say"),
        (
            "UPDATE files SET content = x'00' WHERE content = x'7b7d'",
            f"the file {CONFIG_HASH} is not what was kept",
        ),
    ],
)
def test_no_run_starts_on_a_journal_with_a_fault(written, change, fault):
    tamper(written, change)

    with run_lock(written) as place, pytest.raises(StoppedError) as stopped:
        SqliteJournal.open_for_a_run(written, place)
    assert fault in str(stopped.value)
    assert "Restore the last backup that verifies. Nothing was sent." in str(stopped.value)


def test_the_error_names_the_first_fault_and_counts_the_others(written):
    tamper(written, "DELETE FROM halts", "DELETE FROM arms")

    with pytest.raises(StoppedError, match=r"'halts' .* on one side only, and 1 more\."):
        require_sound(written)


def test_a_run_opens_a_journal_without_faults_and_an_empty_one(written, tmp_path):
    for path in (written, tmp_path / "new.sqlite"):
        with run_lock(path) as place, SqliteJournal.open_for_a_run(path, place) as journal:
            assert journal.run_number(start(journal, replace(REQUEST, force=True))) > 0


# ------------------------------------------------------------------------------------------------- a glance


def test_the_quick_check_finds_nothing_in_a_sound_journal_or_where_there_is_none(written, tmp_path):
    assert [*quick_faults(written), *quick_faults(tmp_path / "none.sqlite")] == []


def test_the_quick_check_finds_a_missing_guard(written):
    with closing(sqlite3.connect(written)) as connection:
        connection.execute("DROP TRIGGER events_never_go")

    (found,) = quick_faults(written)
    assert "has lost its guard 'events_never_go'" in found


# ------------------------------------------------------------------------------------------------ the hashes


def test_the_hash_of_a_line_never_changes():
    """A change of this value would make every journal that was ever written look forged."""
    assert GENESIS == "9abc98dc4e501e05c186362a896b5f0f93fc4e32846c516cf020fec6671cf95f"
    assert link(GENESIS, JournalLine(1, 1, "2016-07-01T19:50:00+00:00", "Noted", '{"text":"ü"}')) == (
        "0ff69af12d039832fa8e45a92cad0d08912ca66bc3c568e12c7440e0d91e36aa"
    )


texts = st.text(st.characters(exclude_categories=["Cs"]))
rows = st.builds(JournalLine, st.integers(1, 99), st.integers(0, 99), texts, texts, texts)


@given(rows, rows)
def test_two_lines_have_one_hash_only_if_they_are_the_same(one, other):
    assert (link(GENESIS, one) == link(GENESIS, other)) == (one == other)


@given(st.lists(st.tuples(texts, texts), min_size=1), st.data())
def test_a_chain_breaks_at_the_line_that_was_changed_and_not_before(bodies, data):
    lines = [JournalLine(seq, 1, at, "Noted", body) for seq, (at, body) in enumerate(bodies, 1)]
    shown = list(chained(lines))
    assert first_wrong(zip(lines, shown, strict=True)) is None

    where = data.draw(st.integers(0, len(lines) - 1))
    lines[where] = lines[where]._replace(body=lines[where].body + "!")

    assert first_wrong(zip(lines, shown, strict=True)).startswith(f"line {where + 1} (")


def test_the_same_evening_has_the_same_head_whoever_wrote_it():
    heads = []
    for _ in range(2):
        with SqliteJournal.in_memory() as journal:
            journal.record(start(journal, REQUEST), *evening())
            heads.append(journal.head())

    assert heads[0] == heads[1]
