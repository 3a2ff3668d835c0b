"""The books of an account by replay of its journal, also of journals that earlier versions wrote."""

from dataclasses import replace

import pytest
from book_rules import replayed
from evenings import REQUEST, SURVEYED, evening, start
from test_old_journals import SCHEMAS, unpacked

from rebalancer.events import FillSeen
from rebalancer.journal.books import books
from rebalancer.journal.connection import reading
from rebalancer.journal.store import SqliteJournal
from rebalancer.portfolio.attribution import UNASSIGNED

HELD = {"EEM": 49, "LQD": 72, "SPY": 119, "TBILL": 293, "TIP": 75, "TLT": 129, "XLU": 57}


@pytest.fixture(params=[*(f"schema_{schema}" for schema in SCHEMAS), "claims"])
def journal(request, tmp_path):
    path = unpacked(request.param, tmp_path)
    SqliteJournal.open(path).close()
    return path


def bots_shares(keeper):
    held = {}
    for owner, book in keeper.books.items():
        for symbol, shares in book.shares.items() if owner != UNASSIGNED else ():
            held[symbol] = held.get(symbol, 0) + shares
    return held


def test_the_books_of_an_old_journal_add_up_and_every_share_belongs_to_a_bot(journal):
    with reading(journal) as connection:
        keeper, entries = replayed(connection, "demo")
    assert dict(sorted(bots_shares(keeper).items())) == HELD
    assert keeper.books[UNASSIGNED].shares == {}
    assert {entry.reason for entry in entries} <= {"opening", "capital", "trade", "crossing"}


def test_a_version_without_claims_gives_the_books_that_one_with_claims_does(tmp_path):
    """`claims` has the same two evenings; there the claims were journalled, here they follow from the decisions."""
    (tmp_path / "new").mkdir()
    old, new = unpacked("schema_9", tmp_path), unpacked("claims", tmp_path / "new")
    kept = [{owner: book.shares for owner, book in books(path, "demo").books.items()} for path in (old, new)]
    assert kept[0] == kept[1]


def test_every_kind_of_event_of_the_version_before_is_read(tmp_path):
    with reading(unpacked("schema_8_every_event", tmp_path)) as connection:
        keeper, _ = replayed(connection, "demo")
    assert keeper.valuations


def test_dry_runs_and_other_accounts_do_not_count(tmp_path):
    path = tmp_path / "journal.sqlite"
    with SqliteJournal.open(path) as journal:
        journal.record(start(journal, replace(REQUEST, dry_run=True)), *evening())
        journal.record(start(journal, replace(REQUEST, account="other")), SURVEYED)
    assert books(path, "demo").valuations == []
    assert books(path, "demo").books[UNASSIGNED].cash == 0


def test_without_a_journal_the_books_are_empty(tmp_path):
    assert books(tmp_path / "none.sqlite", "demo").valuations == []


def test_an_execution_that_is_journalled_twice_counts_once(tmp_path):
    path = tmp_path / "journal.sqlite"
    events = evening()
    fills = [event for event in events if isinstance(event, FillSeen)]
    with SqliteJournal.open(path) as journal:
        last = events.index(fills[-1])
        journal.record(start(journal), *events[:last], *fills, *events[last:])
    assert sum(book.fees for book in books(path, "demo").books.values()) == sum(each.fill.fee for each in fills)
