"""The journal as a screen reads it."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from evenings import (
    NOW,
    PLAN,
    REQUEST,
    SPY,
    TARGETS,
    evening,
    filled,
    holdings_read,
    order,
    start,
    start_buying,
)

from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.events import BotDecided, BotFailed, OrderIntended, RunEnded
from rebalancer.journal import read
from rebalancer.journal.codec import to_json
from rebalancer.journal.connection import high_water_mark_file
from rebalancer.journal.read import PositionSummary, RunSummary
from rebalancer.journal.store import SqliteJournal


def test_without_a_journal_the_lists_are_empty_and_no_file_is_made(path):
    assert (read.runs(path), read.orders(path), read.positions(path, "demo")) == ((), (), ())
    assert not path.parent.exists()


def test_a_missing_run_is_reported(path, journal):
    with pytest.raises(BadInputError, match="has no run yet"):
        read.run(path)
    with pytest.raises(BadInputError, match=r"has no run 7; `rebalance history` lists its runs"):
        read.run(path, 7)


def test_a_file_that_is_no_journal_is_refused_in_a_sentence(path):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)

    with pytest.raises(RunFailedError, match="no journal of this program"):
        read.runs(path)


def test_runs_are_listed_newest_first(path, journal):
    for account in ("demo", "other", "demo"):
        journal.record(start(journal, replace(REQUEST, account=account)), RunEnded(NOW, "failed", "no prices"))

    assert [line.id for line in read.runs(path)] == [3, 2, 1]
    assert [line.id for line in read.runs(path, "demo")] == [3, 1]
    assert [line.id for line in read.runs(path, limit=1)] == [3]


def test_a_run_in_the_list_has_every_field_of_the_screen(path, journal):
    journal.record(start(journal), *evening())

    assert read.runs(path) == (
        RunSummary(
            id=1,
            account="demo",
            broker="sim",
            mode="paper",
            session=REQUEST.session,
            number=1,
            dry_run=False,
            forced=False,
            version="0.1.0",
            started=NOW,
            ended=datetime(2016, 7, 1, 19, 52, tzinfo=UTC),
            status="success",
            reason="1 of 1 orders done",
            orders=2,
            equity=Decimal("100000.00"),
        ),
    )


def test_a_run_is_shown_as_journalled(path, journal):
    journal.record(start(journal), *evening())

    record = read.run(path)

    assert record.closes == REQUEST.closes
    assert record.notes == REQUEST.notes
    assert sorted(record.files) == ["bot trend", "config"]
    assert [read.phase for read in record.holdings] == ["start", "after_sells", "end"]
    assert [taken.purpose for taken in record.prices] == ["signals"]
    assert [type(decision) for decision in record.decisions] == [BotDecided, BotFailed]
    assert (record.targets, record.plan) == (TARGETS, PLAN)
    assert [(line.id, line.state, line.filled, len(line.fills)) for line in record.orders] == [
        ("rb1", "filled", 10, 2),
        ("rb2", "lost", 0, 0),
    ]
    assert [remark.text for remark in record.remarks] == ["SGOV has no price", "this run was cut off"]


def test_a_run_that_ended_early_has_no_targets_and_no_plan(path, journal):
    journal.record(start(journal), RunEnded(NOW, "failed", "no prices"))

    record = read.run(path, 1)

    assert (record.targets, record.plan, record.orders) == (None, None, ())


def test_a_run_shows_only_its_own_orders_in_the_order_they_were_sent(path, journal):
    journal.record(start_buying(journal), OrderIntended(NOW, order("rb1")))
    forced = start_buying(journal, replace(REQUEST, force=True))
    journal.record(forced, OrderIntended(NOW, order("rb2")), OrderIntended(NOW, order("rb3")))

    assert [line.id for line in read.run(path, forced).orders] == ["rb2", "rb3"]


def test_orders_are_listed_newest_first_by_account_and_by_run(path, journal):
    journal.record(start_buying(journal), OrderIntended(NOW, order("rb1")))
    other = start_buying(journal, replace(REQUEST, account="other"))
    journal.record(other, OrderIntended(NOW, order("rb2")), OrderIntended(NOW, order("rb3")))

    assert [line.id for line in read.orders(path)] == ["rb3", "rb2", "rb1"]
    assert [line.id for line in read.orders(path, account="demo")] == ["rb1"]
    assert [line.id for line in read.orders(path, run_id=other, limit=1)] == ["rb3"]


def test_the_whole_record_can_be_written_as_json_with_money_as_text(path, journal):
    journal.record(start(journal), *evening())

    shown = json.loads(to_json(read.run(path)))

    assert shown["run"]["session"] == "2016-07-01"
    assert shown["holdings"][0]["account"]["equity"] == "100000.00"
    assert shown["orders"][0]["fills"][0]["price"] == "201.50"


def test_a_position_shows_its_last_value(path, journal):
    journal.record(start(journal), *evening())

    (position,) = read.positions(path, "demo")

    assert position == PositionSummary(SPY, Decimal(10), Decimal(15), value=Decimal("2015.00"))


def test_a_position_bought_since_the_last_record_has_no_value_yet(path, journal):
    journal.record(start(journal), holdings_read(), filled(order(), "10"))

    (position,) = read.positions(path, "demo")

    assert (position.ours, position.at_broker, position.value) == (10, None, None)


def test_reading_goes_on_while_the_journal_is_written(path):
    with SqliteJournal.open(path) as journal:
        run = start(journal)
        journal._db.execute("BEGIN IMMEDIATE")
        assert [line.id for line in read.runs(path)] == [run]
        journal._db.execute("ROLLBACK")


def test_reading_changes_nothing_in_the_file(path):
    with SqliteJournal.open(path) as journal:
        journal.record(start(journal), *evening())
    before = path.read_bytes()

    read.run(path)

    assert path.read_bytes() == before


def test_reading_loads_neither_the_writer_nor_pandas():
    """They take longer to load than a list of runs takes to show."""
    program = "import sys, rebalancer.journal.read as q; print({'sqlite_utils', 'pandas'} & set(sys.modules))"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert said.stdout == "set()\n"


def test_a_journal_that_is_just_being_made_is_an_empty_one_and_one_that_lost_its_tables_is_not(tmp_path):
    journal = tmp_path / "journal.sqlite"
    journal.touch()
    assert read.runs(journal) == ()
    high_water_mark_file(journal).write_text('{"seq": 7, "hash": "ab"}')
    with pytest.raises(RunFailedError, match="no such table"):
        read.runs(journal)
