"""Equity of the sim account at the last snapshot of the previous session, and deposits since."""

import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from scripted_sim import ScriptedSimBroker
from street import SPY, Street, buy

WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, MONDAY = (
    datetime.fromisoformat(f"2016-{day}T19:50:00+00:00") for day in ("06-29", "06-30", "07-01", "07-02", "07-04")
)


@pytest.fixture
def sim(street: Street, tmp_path: Path):
    """An account of 10,000 dollars."""
    with closing(opened(street, tmp_path / "sim.sqlite")) as sim:
        yield sim


def opened(street: Street, path: Path) -> ScriptedSimBroker:
    return ScriptedSimBroker(path, street, street, street, starting_cash=Decimal(10_000))


def figures(sim: ScriptedSimBroker, street: Street, at: datetime) -> tuple[Decimal | None, Decimal | None]:
    street.moment = at
    account = sim.account()
    return account.previous_equity, account.deposits


def test_a_new_account_has_no_previous_session(sim, street):
    assert figures(sim, street, THURSDAY) == (None, None)


def test_the_last_snapshot_of_the_previous_session_counts(sim, street):
    figures(sim, street, THURSDAY)
    sim.submit(buy("rb1", SPY, "50"))
    street.trades_at(SPY, "110.00")
    assert sim.account().previous_equity is None
    street.trades_at(SPY, "90.00")
    assert figures(sim, street, FRIDAY) == (Decimal(10_500), Decimal(0))
    assert sim.account().equity == Decimal(9_500)


def test_the_session_before_monday_is_friday(sim, street):
    figures(sim, street, FRIDAY)
    figures(sim, street, SATURDAY)
    assert figures(sim, street, MONDAY) == (Decimal(10_000), Decimal(0))


def test_a_session_without_a_snapshot_has_no_equity(sim, street):
    figures(sim, street, WEDNESDAY)
    assert figures(sim, street, FRIDAY) == (None, None)


def test_deposits_and_withdrawals_since_that_snapshot_are_exact(sim, street):
    street.moment = THURSDAY
    sim.deposit(Decimal(1))
    figures(sim, street, THURSDAY)
    sim.deposit(Decimal("250.50"))
    assert figures(sim, street, FRIDAY) == (Decimal(10_001), Decimal("250.50"))
    sim.deposit(Decimal(-50))
    assert figures(sim, street, FRIDAY) == (Decimal(10_001), Decimal("200.50"))


def test_a_trade_is_no_deposit(sim, street):
    figures(sim, street, THURSDAY)
    street.moment = FRIDAY
    sim.submit(buy("rb1", SPY, "50"))
    assert figures(sim, street, FRIDAY) == (Decimal(10_000), Decimal(0))


def test_a_book_of_an_earlier_version_begins_its_record_now(street, tmp_path):
    path = tmp_path / "sim.sqlite"
    opened(street, path).close()
    with closing(sqlite3.connect(path)) as file:
        file.executescript("DROP TABLE looks; DROP TABLE deposits")
    with closing(opened(street, path)) as sim:
        assert figures(sim, street, THURSDAY) == (None, None)
        assert figures(sim, street, FRIDAY) == (Decimal(10_000), Decimal(0))


def test_a_write_off_counts_as_a_withdrawal(sim, street):
    sim.submit(buy("rb1", SPY, "50"))
    figures(sim, street, THURSDAY)
    del street.shown[SPY]
    figures(sim, street, FRIDAY)
    sim.write_off(SPY)
    assert figures(sim, street, MONDAY) == (10_000, -5_000)
    assert sim.account().equity == 5_000
