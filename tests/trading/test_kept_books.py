"""Books that were kept are those of a whole replay, and are used only where they fit journal, code and account."""

import json
import os
import pickle
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from scripted_sim import Script, ScriptedFault
from stage import DAYS, GLD, SPY, Stage, dollars, mix, percent

from rebalancer.events import FillSeen
from rebalancer.journal import read
from rebalancer.journal.books import decisions_of, read_books, recorded_events
from rebalancer.journal.connection import reading
from rebalancer.journal.crossed import crossed
from rebalancer.journal.kept_books import FOLDER, Replayed, books_for_a_run, keep_up, replayed
from rebalancer.journal.kept_file import load
from rebalancer.journal.seal import is_sound
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Fill, OrderId, RunId
from rebalancer.portfolio.attribution import apportion
from rebalancer.portfolio.bookkeeping import Bookkeeper
from rebalancer.portfolio.evenings import Evenings
from rebalancer.portfolio.tax_lots import TaxLots, changes_of

BOTS = {"A": (mix(SPY=60, TLT=40), dollars("A", 50_000)), "B": (mix(GLD=100), percent("B", 20))}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two evenings, with an order that was filled in part."""
    stage = Stage(tmp_path, BOTS, commission=Decimal("0.35"))
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(5))})
    for day in DAYS[:2]:
        evening(stage, day)
    return stage


def evening(stage: Stage, day: object) -> None:
    stage.on(day)
    stage.market.prices[SPY] += 3
    stage.market.prices[GLD] -= 1
    stage.run()


def kept(stage: Stage, bot: str | None = None) -> Replayed:
    return replayed(stage.journal_file, "demo", bot, worth_keeping=1)


def files(stage: Stage) -> list[Path]:
    return sorted((stage.folder / FOLDER).glob("*.kept"))


def require_whole(found: Replayed, stage: Stage, bot: str) -> None:
    """As a replay from the first line on."""
    with reading(stage.journal_file) as journal:
        keeper, lots, whole = Bookkeeper(), TaxLots(), Evenings(bot, decisions_of(journal, "demo", bot))
        for recorded in recorded_events(journal, "demo"):
            whole.see(recorded, keeper, keeper.enter(recorded))
            for change in changes_of(recorded.event):
                lots.take(change)
    assert found.keeper.books == keeper.books
    assert found.keeper.marks == keeper.marks
    assert found.keeper.valuations == keeper.valuations
    assert found.lots == lots
    assert found.evenings is not None
    assert found.evenings.found == whole.found


def test_each_look_after_another_evening_is_a_whole_replay(stage: Stage) -> None:
    for number, day in enumerate(DAYS[2:5]):
        require_whole(kept(stage, "A"), stage, "A")
        if number == 1:
            stage.script = Script()
            stage.bots = {"A": stage.bots["A"]}  # B is closed out
        evening(stage, day)
    found = kept(stage, "A")
    require_whole(found, stage, "A")
    assert found.unassigned == {"opening": Decimal(100_000)}
    assert len(files(stage)) == 1


def test_the_next_look_goes_on_from_what_was_kept(stage: Stage) -> None:
    found = kept(stage, "A")
    found.unassigned["marked"] = Decimal(1)
    of_something_else(found)(files(stage)[0])
    evening(stage, DAYS[2])
    assert kept(stage, "A").unassigned == {"opening": Decimal(100_000), "marked": Decimal(1)}


def test_what_is_quickly_replayed_is_not_kept(stage: Stage) -> None:
    replayed(stage.journal_file, "demo")
    assert files(stage) == []
    kept(stage)
    assert len(files(stage)) == 1


def test_nothing_is_kept_while_a_run_is_under_way(stage: Stage) -> None:
    with SqliteJournal.open(stage.journal_file) as journal:
        stage.on(DAYS[2])
        assert journal.start_run(stage.request()) == 3
        kept(stage)
    assert files(stage) == []


def test_a_run_keeps_the_books_of_the_account_and_of_bots_looked_at_where_they_are_far_behind(stage: Stage) -> None:
    keep_up(stage.journal_file, "demo", BOTS, is_sound, lines=10_000)
    assert files(stage) == []
    keep_up(stage.journal_file, "demo", BOTS, is_sound, lines=1)
    (account,) = files(stage)
    kept(stage, "A")
    keep_up(stage.journal_file, "demo", BOTS, is_sound, lines=1)
    before = {file: file.read_bytes() for file in files(stage)}
    keep_up(stage.journal_file, "demo", BOTS, is_sound, lines=1)
    assert {file: file.read_bytes() for file in files(stage)} == before
    assert account in before
    evening(stage, DAYS[2])
    keep_up(stage.journal_file, "demo", BOTS, is_sound, lines=1)
    after = {file: file.read_bytes() for file in files(stage)}
    assert (len(after), [file for file in after if after[file] == before[file]]) == (2, [])
    require_whole(kept(stage, "A"), stage, "A")


def test_what_crossed_in_a_run_is_told_from_books_kept_before_it_and_after_it(stage: Stage) -> None:
    """B, which had GLD, takes SPY that A gives up."""
    kept(stage)
    stage.script = Script()
    stage.bots = {"A": (mix(TLT=100), dollars("A", 50_000)), "B": (mix(SPY=100), percent("B", 20))}
    evening(stage, DAYS[2])
    before = crossed(stage.journal_file, "demo", RunId(3))
    kept(stage)
    assert crossed(stage.journal_file, "demo", RunId(3)) == before
    assert crossed(stage.journal_file, "demo", RunId(1)) == ()
    (spy,) = before
    assert (spy.symbol, [*spy.gave], [*spy.took]) == (SPY, ["A"], ["B"])


def test_what_crossed_is_kept_of_a_run_that_no_fill_is_expected_of_any_more(stage: Stage) -> None:
    stage.script = Script()
    stage.bots = {"A": (mix(TLT=100), dollars("A", 50_000)), "B": (mix(SPY=100), percent("B", 20))}
    evening(stage, DAYS[2])
    before = crossed(stage.journal_file, "demo", RunId(3))
    found = kept(stage)
    found.forget_before(4)
    of_something_else(found)(files(stage)[0])
    assert replayed(stage.journal_file, "demo").crossings.trades == {}
    assert crossed(stage.journal_file, "demo", RunId(3)) == before != ()
    assert crossed(stage.journal_file, "demo", RunId(2)) == ()


def test_a_late_fill_of_a_forgotten_run_shows_what_crossed_once(stage: Stage) -> None:
    found = kept(stage)
    found.keeper.forget_before(3)
    of_something_else(found)(files(stage)[0])
    stage.script = Script()
    stage.bots = {"A": (mix(TLT=100), dollars("A", 50_000)), "B": (mix(SPY=100), percent("B", 20))}
    evening(stage, DAYS[2])
    before = crossed(stage.journal_file, "demo", RunId(3))
    with SqliteJournal.open(stage.journal_file) as journal:
        stage.on(DAYS[3])
        run = journal.start_run(stage.request())
        assert isinstance(run, int)
        journal.record(RunId(run), FillSeen(stage.clock.now(), late(stage)))
    assert before == crossed(stage.journal_file, "demo", RunId(3)) != ()


def parts(file: Path) -> tuple[dict[str, object], bytes]:
    """The head and the pickled value."""
    _, head, body = file.read_bytes().split(b"\n", 2)
    return json.loads(head), body


def write(file: Path, head: object, body: bytes) -> None:
    """A file whose proof is right."""
    content = json.dumps(head).encode() + b"\n" + body
    file.write_bytes(sha256(content).hexdigest().encode() + b"\n" + content)


def changed_head(**changes: object) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        head, body = parts(file)
        write(file, {**head, **changes}, body)

    return change


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def of_something_else(value: object) -> Callable[[Path], None]:
    """A file of `value`."""

    def change(file: Path) -> None:
        write(file, parts(file)[0], pickle.dumps(value))

    return change


@pytest.mark.parametrize(
    "change",
    [
        *(changed_head(code="other"), changed_head(hash="0" * 64), changed_head(seq=10_000), changed_head(seq="one")),
        *(changed_head(account="other"), changed_head(bot="B"), changed_head(seq=0)),
        *(cut_off, lambda file: file.write_bytes(b"no head"), lambda file: write(file, [], b"")),
        *(of_something_else(os.system), of_something_else(Path("x")), of_something_else(Decimal(1))),
        *(of_something_else(read_books), of_something_else(apportion)),
    ],
)
def test_a_file_that_does_not_fit_is_passed_over(stage: Stage, change: Callable[[Path], None]) -> None:
    kept(stage, "A")
    (file,) = files(stage)
    change(file)
    require_whole(kept(stage, "A"), stage, "A")


def test_a_late_fill_of_a_run_that_was_forgotten_makes_a_whole_replay(stage: Stage) -> None:
    found = kept(stage, "A")
    found.keeper.forget_before(3)
    of_something_else(found)(files(stage)[0])
    with SqliteJournal.open(stage.journal_file) as journal:
        stage.on(DAYS[2])
        run = journal.start_run(stage.request())
        assert isinstance(run, int)
        journal.record(RunId(run), FillSeen(stage.clock.now(), late(stage)))
    require_whole(replayed(stage.journal_file, "demo", "A"), stage, "A")


def late(stage: Stage) -> Fill:
    order = next(each for each in read.orders(stage.journal_file, run_id=RunId(1)) if each.symbol == SPY)
    now = stage.clock.now()
    return Fill("late", OrderId(order.id), SPY, "buy", Decimal(1), Decimal(500), Decimal(0), now)


@pytest.mark.posix
def test_a_folder_that_can_not_be_written_costs_time_alone(stage: Stage) -> None:
    (stage.folder / FOLDER).write_text("no folder")
    require_whole(kept(stage, "A"), stage, "A")


# ----------------------------------------------------------------------------------------------------------------- runs


ROLLING = {
    "A": (mix(SPY=60, TLT=40), dollars("A", 50_000)),
    "B": (mix(GLD=50, TLT=50), replace(dollars("B", 30_000), capital="rollover")),
}


@pytest.fixture(scope="module")
def rolling(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Three evenings; after the second one the books were kept by the run."""
    stage = Stage(tmp_path_factory.mktemp("rolling"), ROLLING)
    for day in DAYS[:3]:
        evening(stage, day)
        if day == DAYS[1]:
            keep_up(stage.journal_file, "demo", (), is_sound, lines=1)
    return stage


def copy_of(stage: Stage, folder: Path) -> Stage:
    shutil.copytree(stage.folder, folder)
    copied = replace(stage, folder=folder)
    copied.market.prices = dict(stage.market.prices)
    return copied


def decided(stage: Stage) -> object:
    """What the fourth evening used of the books, and its orders."""
    stage.market.prices[GLD] += 30
    evening(stage, DAYS[3])
    record = stage.record()
    orders = [(order.id, order.symbol, order.side, order.quantity, order.limit) for order in record.orders]
    assert orders
    return orders, [note.text for note in record.remarks]


def mark(stage: Stage) -> None:
    """B has a thousand dollars more by the kept books, which prove to be right all the same."""
    (file,) = files(stage)
    with reading(stage.journal_file) as journal:
        kept = load(file, journal, Replayed, "demo", None)
    assert kept
    books = kept.value.keeper.books
    kept.value.keeper.books = {**books, "B": replace(books["B"], cash=books["B"].cash + 1000)}
    of_something_else(kept.value)(file)


def test_a_run_begins_from_the_books_that_a_run_kept(rolling: Stage, tmp_path: Path) -> None:
    expected = decided(copy_of(rolling, tmp_path / "kept"))
    marked = copy_of(rolling, tmp_path / "marked")
    mark(marked)
    assert decided(marked) != expected
    unkept = copy_of(rolling, tmp_path / "unkept")
    shutil.rmtree(unkept.folder / FOLDER)
    assert decided(unkept) == expected


def test_a_run_does_not_begin_from_books_that_a_look_kept(rolling: Stage, tmp_path: Path) -> None:
    """The tables that a look read may have been damaged, and be repaired by now."""
    expected = decided(copy_of(rolling, tmp_path / "kept"))
    looked_at = copy_of(rolling, tmp_path / "looked_at")
    shutil.rmtree(looked_at.folder / FOLDER)
    kept(looked_at)
    mark(looked_at)
    assert decided(looked_at) == expected
    keep_up(looked_at.journal_file, "demo", (), is_sound, lines=1)
    assert (
        replayed(looked_at.journal_file, "demo").keeper.books == replayed(rolling_after(looked_at), "demo").keeper.books
    )


@pytest.mark.parametrize(
    "damage",
    [
        'UPDATE events SET body = replace(body, \'"side":"buy"\', \'"side":"sell"\') WHERE kind = \'FillSeen\'',
        "DELETE FROM fills WHERE seq = (SELECT min(seq) FROM fills)",
    ],
    ids=["a line", "a table"],
)
def test_no_books_are_kept_for_runs_of_a_journal_that_was_damaged_during_one(
    rolling: Stage, tmp_path: Path, damage: str
) -> None:
    """Once it is repaired, nothing would tell that these books are wrong."""
    damaged = copy_of(rolling, tmp_path / "damaged")
    shutil.rmtree(damaged.folder / FOLDER)
    with closing(sqlite3.connect(damaged.journal_file)) as journal:
        guards = journal.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            journal.execute(f"DROP TRIGGER {name}")
        assert journal.execute(damage).rowcount > 0
        for _, sql in guards:
            journal.execute(sql)
        journal.commit()
    keep_up(damaged.journal_file, "demo", (), is_sound, lines=1)
    assert files(damaged) == []


def rolling_after(stage: Stage) -> Path:
    """The same journal with nothing kept beside it."""
    folder = stage.folder / "bare"
    folder.mkdir()
    for file in stage.folder.glob("journal.sqlite*"):
        shutil.copy(file, folder)
    return folder / "journal.sqlite"


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_whatever_byte_of_the_kept_books_changes_a_run_uses_the_right_ones(rolling: Stage, data: st.DataObject) -> None:
    (file,) = files(rolling)
    content = file.read_bytes()
    place, new = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 255))
    with reading(rolling.journal_file) as journal:
        right = read_books(journal, "demo")
        try:
            file.write_bytes(content[:place] + bytes([new]) + content[place + 1 :])
            assert new == content[place] or load(file, journal, Replayed, "demo", None) is None
            found = books_for_a_run(journal, rolling.journal_file, "demo")
        finally:
            file.write_bytes(content)
    assert (found.books, found.marks, found.valuations) == (right.books, right.marks, right.valuations)
    assert found.has("B") == right.has("B") is not None


@pytest.mark.parametrize("place", [0, 70, 200, -1])
def test_a_run_with_a_damaged_file_of_books_sends_the_same_orders(rolling: Stage, tmp_path: Path, place: int) -> None:
    expected = decided(copy_of(rolling, tmp_path / "kept"))
    damaged = copy_of(rolling, tmp_path / "damaged")
    (file,) = files(damaged)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert decided(damaged) == expected


@pytest.mark.parametrize("seq", ["Infinity", "[" * 100_000, "null", ""])
def test_a_run_keeps_the_books_anew_where_their_head_can_not_be_read(stage: Stage, seq: str) -> None:
    keep_up(stage.journal_file, "demo", (), is_sound, lines=1)
    (file,) = files(stage)
    proof, head, body = file.read_bytes().split(b"\n", 2)
    damaged = re.sub(rb'"seq": \d+', b'"seq": ' + seq.encode(), head)
    file.write_bytes(b"\n".join((proof, damaged, body)))
    keep_up(stage.journal_file, "demo", (), is_sound, lines=1)
    with reading(stage.journal_file) as journal:
        assert load(file, journal, Replayed, "demo", None) is not None
