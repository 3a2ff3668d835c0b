"""A dry run reads the real journal and writes its own."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from evenings import BIL, DAY, NOW, REQUEST, SPY, filled, holding, holdings_read, order, start, start_buying

from rebalancer.events import OrderIntended, Restated
from rebalancer.journal.dry_run import DryRunJournal
from rebalancer.journal.store import SqliteJournal
from rebalancer.ports import Ledger

SPLIT = Restated(NOW, "demo", SPY, Decimal(100), Decimal(150), "10 for 1 split of 2016-07-01")


@pytest.fixture
def own(tmp_path):
    with SqliteJournal.open(tmp_path / "dry" / "journal.sqlite") as own:
        yield own


@pytest.fixture
def dry_run_journal(own, journal):
    """The real journal knows of 15 shares, 10 of them ours."""
    journal.record(start(journal), holdings_read(holding(SPY, "15", "10")))
    return DryRunJournal(own, journal)


def pretend(dry_run_journal, *events):
    dry_run_journal.record(start(dry_run_journal, replace(REQUEST, dry_run=True)), *events)
    return dry_run_journal.ledger("demo")


def test_it_begins_with_the_ledger_of_the_real_journal(dry_run_journal, journal):
    assert pretend(dry_run_journal) == journal.ledger("demo") == Ledger({SPY: 10}, {SPY: 15}, recorded=DAY)


def test_the_holdings_it_records_change_no_ledger(dry_run_journal):
    assert pretend(dry_run_journal, holdings_read(holding(SPY, "99", "99"))).expected == {SPY: 15}


def test_its_split_and_simulated_fills_change_its_ledger_in_order(dry_run_journal):
    ledger = pretend(dry_run_journal, filled(order(), "5"), SPLIT, filled(order(side="sell"), "40", execution="x2"))

    assert ledger == Ledger({SPY: 60}, {SPY: 110}, recorded=DAY, restated={SPY: DAY})


def test_each_restatement_keeps_the_session_of_its_own_journal(dry_run_journal, journal):
    journal.record(start(journal, replace(REQUEST, force=True)), replace(SPLIT, symbol=BIL))
    tomorrow = replace(REQUEST, dry_run=True, session=DAY + timedelta(days=1))

    dry_run_journal.record(start(dry_run_journal, tomorrow), SPLIT)

    assert dry_run_journal.ledger("demo").restated == {BIL: DAY, SPY: tomorrow.session}


def test_the_earlier_orders_it_sees_are_the_real_ones(dry_run_journal, journal):
    journal.record(start_buying(journal, replace(REQUEST, force=True)), OrderIntended(NOW, order()))
    run = start_buying(dry_run_journal, replace(REQUEST, dry_run=True))
    dry_run_journal.record(run, OrderIntended(NOW, order("pretended")))

    assert [sent.order.id for sent in dry_run_journal.orders_since("demo", DAY)] == [order().id]
    assert dry_run_journal.balances("demo", DAY) == journal.balances("demo", DAY)


def test_it_never_writes_to_the_real_journal(dry_run_journal, journal):
    before = journal.ledger("demo"), journal._db["events"].count

    pretend(dry_run_journal, SPLIT, filled(order(), "5"))

    assert (journal.ledger("demo"), journal._db["events"].count) == before
