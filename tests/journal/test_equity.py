"""The equity after a run, and the gain of its day."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from evenings import NOW, REQUEST, holdings_read, start

from rebalancer.events import RunEnded
from rebalancer.journal import read

FAILED = RunEnded(NOW, "failed", "no prices")


def reading(equity, deposits=None):
    found = holdings_read()
    return replace(found, account=replace(found.account, equity=Decimal(equity), deposits=deposits))


def on_day(journal, number, **changes):
    return start(journal, replace(REQUEST, session=REQUEST.session + timedelta(number), **changes))


def test_the_gain_is_counted_from_the_last_session_that_read_the_account_without_what_was_paid_in(path, journal):
    journal.record(on_day(journal, 0), reading(1000), FAILED)
    journal.record(on_day(journal, 1), FAILED)
    journal.record(on_day(journal, 2), reading(1150, Decimal(100)), FAILED)

    found = [(run.equity, run.gain) for run in read.runs(path)]
    assert found == [(Decimal(1150), Decimal(50)), (None, None), (Decimal(1000), None)]


def test_another_run_of_the_session_counts_from_the_session_before(path, journal):
    journal.record(on_day(journal, 0), reading(1000), FAILED)
    for equity in (1010, 1020):
        journal.record(on_day(journal, 1, force=True), reading(equity), FAILED)
    assert [run.gain for run in read.runs(path)] == [20, 10, None]


def test_a_reading_between_sells_and_buys_does_not_count(path, journal):
    journal.record(start(journal), reading(1000), replace(reading(7), phase="again"), FAILED)
    assert read.runs(path)[0].equity == 1000
