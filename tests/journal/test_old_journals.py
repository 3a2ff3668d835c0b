"""Journals that earlier versions wrote: each upgrades, verifies, and reads as it was written.

`journals/schema_N` is of the last version with schema N: two evenings of the demo. `schema_8_every_event` has each kind
of event, as the last version before claims wrote it.
"""

import lzma
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from evenings import REQUEST, evening, start

from rebalancer.journal import read, setting_history
from rebalancer.journal.audit import verify
from rebalancer.journal.chain import has_chain
from rebalancer.journal.codec import from_body, to_body
from rebalancer.journal.connection import reading
from rebalancer.journal.schema import KNOWN, migrations
from rebalancer.journal.store import SqliteJournal
from rebalancer.journal.tables import LAST_STEP, STEPS
from rebalancer.model import Allocation, Symbol
from rebalancer.portfolio.targets import claims_on, contributions

JOURNALS = Path(__file__).parent / "journals"
SCHEMAS = [2, 3, 4, 5, 6, 7, 8, 9]
TBILL = Symbol("TBILL")
NEWER = re.compile('"claims":{},|"cost":null,|"flips":\\[\\],|"since":null,')
"""Fields that earlier versions did not write."""
LINES = "SELECT seq, run, at, kind, body FROM events ORDER BY seq"
LAST_HASH = {
    6: "ead9d8481c3a6ec87459a5a2a667aff4fe829b35dbeb3fd4e30196b858e1cb73",
    7: "dac9a56c6681e22eab478860185129bb5853118a60dc77258e571ab430e88209",
    8: "1104c4361229609c4ee46ebffc98e95cbbf24811172320d89fd6b6f952897d27",
    9: "1104c4361229609c4ee46ebffc98e95cbbf24811172320d89fd6b6f952897d27",
}
"""What the version that wrote it showed as the hash of its last entry."""


def unpacked(name, tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(lzma.decompress((JOURNALS / f"{name}.sqlite.xz").read_bytes()))
    return path


def select(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(params=SCHEMAS)
def old(request, tmp_path):
    return unpacked(f"schema_{request.param}", tmp_path)


def test_there_is_a_journal_of_every_schema_version(tmp_path):
    applied = {
        name
        for schema in SCHEMAS
        for (name,) in select(unpacked(f"schema_{schema}", tmp_path), f"SELECT name FROM {migrations.migrations_table}")
    }
    assert applied == KNOWN


def test_an_old_journal_upgrades_verifies_and_keeps_its_lines(old):
    before = select(old, LINES)

    SqliteJournal.open(old).close()

    assert select(old, LINES) == before
    assert verify(old).faults == ()


def test_what_only_reads_sees_an_old_journal_with_the_tables_of_this_version_and_changes_no_byte(old):
    before = old.read_bytes()
    assert read.halts(old, "demo") == ()
    with reading(old) as journal:
        assert journal.execute("SELECT count(*) FROM holdings WHERE counted_value IS NULL").fetchone()[0] > 0
        chained = has_chain(journal)
    if chained:
        assert verify(old).faults == ()
    assert old.read_bytes() == before


def test_a_journal_of_this_version_is_known_by_its_last_step(tmp_path):
    path = tmp_path / "journal.sqlite"
    SqliteJournal.open(path).close()
    assert migrations.migrations_table == STEPS
    assert select(path, f"SELECT name FROM {STEPS} ORDER BY name")[-1] == (LAST_STEP,)


def test_the_due_check_reads_an_old_journal_without_upgrading_it(old):
    """Else the schedule would never start the run that upgrades it."""
    assert setting_history.enabled_changes(old) == {}
    assert len(read.runs(old, "demo")) == 2


def test_an_old_journal_reads_as_the_two_evenings_that_were_run(old):
    with SqliteJournal.open(old) as journal:
        held = {symbol: int(shares) for symbol, shares in journal.ledger("demo").ours.items()}

    runs = read.runs(old)
    assert [(run.session, run.status) for run in runs] == [(date(2016, 7, 1), "success"), (date(2016, 3, 1), "success")]
    assert [len(read.run(old, run.id).orders) for run in runs] == [7, 7]
    assert held == {"EEM": 49, "LQD": 72, "SPY": 119, "TBILL": 293, "TIP": 75, "TLT": 129, "XLU": 57}
    record = read.run(old)
    assert record.plan is not None
    assert record.plan.investable == Decimal("102968.540")
    assert record.targets is not None
    assert sum(record.targets.weights.values()) <= 0.99


def test_an_old_journal_takes_the_next_run(old):
    with SqliteJournal.open(old) as journal:
        journal.record(start(journal, replace(REQUEST, force=True)), *evening())

    assert read.run(old).run.status == "success"
    assert verify(old).faults == ()


@pytest.mark.parametrize("schema", [6, 7, 8, 9])
def test_the_hash_that_an_old_version_showed_still_is_an_anchor(schema, tmp_path):
    path = unpacked(f"schema_{schema}", tmp_path)
    SqliteJournal.open(path).close()

    assert verify(path, LAST_HASH[schema]).faults == ()


def test_every_kind_of_event_of_the_version_before_is_read_as_it_was_written(tmp_path):
    path = unpacked("schema_8_every_event", tmp_path)

    bodies = select(path, "SELECT kind, body FROM events WHERE kind != 'Claimed' ORDER BY seq")
    assert [from_body(kind, body) for kind, body in bodies] == list(evening())
    assert [NEWER.sub("", to_body(event)) for event in evening()] == [body for _, body in bodies]
    assert verify(path).faults == ()


def test_targets_of_an_old_journal_have_no_claims(old):
    SqliteJournal.open(old).close()

    assert read.run(old).targets.claims == {}


def test_the_golden_journal_has_the_claims_on_each_target(tmp_path):
    """`claims` is of the version that brought them: the same two evenings of the demo."""
    path = unpacked("claims", tmp_path)

    for run in read.runs(path):
        record = read.run(path, run.id)
        decisions = {made.bot: Allocation(made.bot, run.session, made.weights) for made in record.decisions}
        wanted = contributions(record.targets.shares, decisions, TBILL)
        assert record.targets.claims == claims_on(record.targets.weights, wanted, record.targets.nettings, TBILL)
    freed = {"Momentum top 2": 0.14567556265243733, "Trend gate": 0.14567556265243733}
    assert read.run(path).targets.claims[TBILL] == freed
    kinds = select(path, "SELECT kind, body FROM events WHERE kind = 'TargetsSet'")
    assert all(to_body(from_body(kind, body)) == body for kind, body in kinds)
    SqliteJournal.open(path).close()
    assert verify(path).faults == ()
