"""A spin-off: the new shares are those of the bots that held their source, and are sold where none wants them."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from book_rules import replayed
from stage import DAYS, SPY, Stage, dollars, mix

from rebalancer.events import Adopted
from rebalancer.journal.books import books
from rebalancer.journal.connection import reading
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN, CorporateAction, Symbol
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.books import Entry

NEW = Symbol("NEW")
SPIN_OFF = CorporateAction(NEW, DAYS[1], "other", words="spin off", spun_from=SPY, spun_rate=Decimal("0.25"))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """After the first evening: A has 40 SPY, B 20. Then 15 NEW come at 30 dollars, and SPY falls by as much."""
    stage = Stage(
        tmp_path,
        {
            "A": (mix(SPY=100), replace(dollars("A", 20_000), capital="rollover")),
            "B": (mix(SPY=100), dollars("B", 10_000)),
        },
    )
    stage.run()
    return stage


def spin_off(stage: Stage, shares: str = "15", *announced: CorporateAction) -> list[Entry]:
    stage.on(DAYS[1])
    broker = stage.broker()
    broker.change_position(NEW, Decimal(shares))
    broker.close()
    stage.market.prices |= {NEW: Decimal(30), SPY: Decimal("492.50")}
    stage.market.announced = announced
    stage.run()
    with reading(stage.journal_file) as journal:
        return replayed(journal, "demo")[1]


def of_new(entries: list[Entry], *reasons: str) -> list[tuple[str, Decimal, Decimal]]:
    return [
        (entry.owner, entry.shares, entry.cash) for entry in entries if entry.symbol == NEW and entry.reason in reasons
    ]


def test_new_shares_go_by_the_shares_of_their_source_and_what_no_bot_wants_is_sold(stage: Stage) -> None:
    entries = spin_off(stage, "15", SPIN_OFF)
    assert of_new(entries, "spin-off") == [("A", 10, 0), ("B", 5, 0)]
    assert of_new(entries, "trade") == [("A", -10, 300), ("B", -5, 150)]
    assert books(stage.journal_file, "demo").has("A") == 20_000
    said = " ".join(note.text for note in stage.record().remarks)
    assert "NEW: spin off: 15 shares came for SPY, of which 15 are ours" in said
    assert "shares that no fill explains" not in {entry.reason for entry in entries}


@pytest.mark.parametrize(
    ("shares", "announced"),
    [("15", ()), ("14", (SPIN_OFF,)), ("15", (replace(SPIN_OFF, day=DAYS[3]),))],
    ids=["not announced", "another number of shares", "not due yet"],
)
def test_shares_that_no_spin_off_explains_are_no_bots_and_stay(stage: Stage, shares: str, announced: tuple) -> None:
    entries = spin_off(stage, shares, *announced)
    assert of_new(entries, "shares that no fill explains") == [(UNASSIGNED, Decimal(shares), 0)]
    assert stage.shares()[NEW] == Decimal(shares)


def test_shares_that_came_for_those_of_the_owner_stay_the_owners(stage: Stage) -> None:
    """40 more SPY are in the account that no bot bought: of 25 NEW 15 are the bots'."""
    broker = stage.broker()
    broker.change_position(SPY, Decimal(40))
    broker.close()
    with SqliteJournal.open(stage.journal_file) as journal:
        journal.record(NO_RUN, Adopted(stage.clock.now(), "demo", SPY, Decimal(0), Decimal(0), Decimal(100)))
    entries = spin_off(stage, "25", SPIN_OFF)
    assert of_new(entries, "spin-off") == [("A", 10, 0), ("B", 5, 0), (UNASSIGNED, 10, 0)]
    assert stage.shares()[NEW] == 10
