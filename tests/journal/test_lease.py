"""One process at a time writes the runs of an account, also where the file lock is gone."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from evenings import NOW, REQUEST, TO_THE_BUYS, order, seen, start
from holders import Machine

from rebalancer.errors import BusyError, StoppedError
from rebalancer.events import Noted, OrderIntended, OrderResent, RunEnded
from rebalancer.journal import read
from rebalancer.journal.lease import COLUMNS, lock_holder, run_lock
from rebalancer.journal.schema import migrations
from rebalancer.journal.store import SqliteJournal
from rebalancer.ports import AlreadyRun

AGAIN = replace(REQUEST, force=True)
END = RunEnded(NOW, "success", "done")


@pytest.fixture
def context():
    return Machine()


@pytest.fixture
def opened(path):
    """Opens the journal as a made-up process would."""
    with ExitStack() as stack:
        yield lambda place: stack.enter_context(SqliteJournal.open(path, place))


# ------------------------------------------------------------------------------------------ under one lock


@pytest.mark.parametrize("number", [1, 2])
def test_a_second_process_is_kept_out_while_the_first_lives_whatever_their_numbers(context, opened, number):
    start(opened(context.process(1)))
    second = opened(context.process(2, number))

    with pytest.raises(BusyError, match=r"process 1 of host desk is running account demo\. Whether it still lives"):
        second.start_run(AGAIN)
    assert second.interrupted("demo") is None


def test_a_process_without_a_lock_waits_for_another_without_one(context, opened):
    """As on a network file system."""
    start(opened(replace(context.process(1), lock="")))
    second = opened(replace(context.process(2), lock=""))

    with pytest.raises(BusyError, match="process 1"):
        second.start_run(AGAIN)


def test_the_lease_is_free_when_the_run_has_ended(context, opened):
    first = opened(context.process(1))
    first.record(start(first), END)

    assert start(opened(context.process(2)), AGAIN) == 2


def test_the_lease_is_free_when_the_journal_is_closed(context, path, opened):
    """The process continues after a run whose end could not be journalled."""
    with SqliteJournal.open(path, context.process(1)) as first:
        start(first)

    assert start(opened(context.process(2)), AGAIN) == 2


def test_a_refused_start_leaves_the_lease_free(context, opened):
    first = opened(context.process(1))
    first.record(start(first), *TO_THE_BUYS, END)
    assert isinstance(first.start_run(REQUEST), AlreadyRun)

    assert start(opened(context.process(2)), AGAIN) == 2


def test_accounts_have_leases_of_their_own(context, opened):
    start(opened(context.process(1)))

    assert start(opened(context.process(2)), replace(REQUEST, account="other")) == 2


@pytest.mark.parametrize("number", [1, 2])
def test_the_run_of_a_dead_process_is_resumed_whatever_its_number(context, opened, number):
    """Holding its lock proves that the earlier process has ended."""
    run = start(opened(context.process(1)))
    context.kill(1)
    second = opened(context.process(2, number))

    assert second.interrupted("demo").run == run
    second.resume(run, AGAIN, running=True)
    second.record(run, END)


def test_a_run_that_another_process_resumed_and_ended_is_not_resumed_again(context, opened):
    run = start(opened(context.process(1)))
    context.kill(1)
    second = opened(context.process(2))
    context.kill(2)
    third = opened(context.process(3))
    assert second.interrupted("demo") == third.interrupted("demo")
    second.resume(run, AGAIN, running=True)
    second.record(run, END)
    before = second.head()

    with pytest.raises(BusyError, match=r"run 1 was cut off, and another process has gone on with it to its end"):
        third.resume(run, AGAIN, running=True)

    assert third.head() == before
    assert start(second, AGAIN) == 2


def test_an_ended_run_is_resumed_to_settle_its_orders(context, opened, path):
    first = opened(context.process(1))
    run = start(first)
    first.record(run, *TO_THE_BUYS, OrderIntended(NOW, order()), END)
    second = opened(context.process(2))

    second.resume(run, AGAIN, running=False)
    second.record(run, seen(order(), "canceled"))

    assert second.unsettled("demo") == ()
    assert read.run(path, run).remarks[-1].text == (
        "the orders that this run left are settled at 2016-07-01 19:50:00 UTC"
    )


def test_a_process_may_take_its_own_lease_again(context, opened):
    """The file lock, not the lease, keeps two threads of one process apart."""
    place = context.process(1)
    start(opened(place))

    assert start(opened(place), AGAIN) == 2


# ------------------------------------------------------------------------------- where the lock does not reach


@pytest.mark.parametrize("host", ["laptop", "desk"])
def test_another_machine_waits_two_hours_after_the_last_renewal_whatever_its_name(context, opened, host):
    first, away = opened(context.process(1)), Machine(host)
    run = start(first)
    context.now += timedelta(minutes=30)
    first.record(run, TO_THE_BUYS[0])
    second = opened(away.process(7, number=1))

    away.now += timedelta(hours=2, minutes=29, seconds=59)
    with pytest.raises(BusyError, match=r"its lock is not this one: run again at 2026-11-20 14:30 UTC or later"):
        second.start_run(AGAIN)

    away.now += timedelta(seconds=1)
    assert start(second, AGAIN) == 2


# ------------------------------------------------------------------------------------------------ the fence


@pytest.fixture
def overtaken(context, opened):
    """A process that was stopped in its run, and another that took the run over meanwhile."""
    first = opened(context.process(1))
    run = start(first)
    first.record(run, *TO_THE_BUYS, OrderIntended(NOW, order()))
    context.kill(1)
    second = opened(context.process(2))
    second.resume(run, AGAIN, running=True)
    return first, second, run


@pytest.mark.parametrize(
    "event", [OrderIntended(NOW, order("rb2")), OrderResent(NOW, "rb1"), seen(order(), "open"), END]
)
def test_a_process_that_lost_its_lease_records_nothing_and_so_sends_nothing(overtaken, path, event):
    first, second, run = overtaken
    before = second.head()

    with pytest.raises(StoppedError, match=r"another process has taken it over meanwhile\. Nothing more is sent"):
        first.record(run, event)

    assert second.head() == before
    second.record(run, seen(order(), "open"))


def test_a_process_that_lost_its_lease_may_still_record_notes(overtaken):
    first, second, run = overtaken

    first.record(run, Noted(NOW, "error", "stopped"))

    said = second.head().seq
    second.record(run, seen(order(), "open"))
    assert second.head().seq == said + 1


def test_closing_late_does_not_release_the_lease_of_another(overtaken, context, opened):
    first, _, _ = overtaken
    first.close()

    with pytest.raises(BusyError, match="process 2"):
        opened(context.process(3)).start_run(AGAIN)


def test_a_run_of_another_process_can_not_be_written(context, opened):
    run = start(opened(context.process(1)))

    with pytest.raises(StoppedError, match="never claimed here"):
        opened(context.process(2)).record(run, *TO_THE_BUYS)


def test_an_interrupted_run_can_record_nothing_once_the_next_has_begun(context, opened):
    first = opened(context.process(1))
    dead = start(first)
    context.kill(1)
    start(opened(context.process(2)), AGAIN)

    with pytest.raises(StoppedError):
        first.record(dead, *TO_THE_BUYS, OrderIntended(NOW, order()))


def test_of_two_processes_that_race_a_thousand_times_exactly_one_runs_each_time(path, context):
    """Both start the run at the same moment; the winner's run continues until the loser was refused."""
    gate = Barrier(2)
    SqliteJournal.open(path).close()

    def race(pid):
        with SqliteJournal.open(path, context.process(pid)) as journal:
            journal._db.execute("PRAGMA synchronous = OFF")  # a thousand waits for the disk show nothing more
            return [one_race(journal, number) for number in range(1000)]

    def one_race(journal, number):
        request = replace(REQUEST, session=REQUEST.session + timedelta(days=number))
        gate.wait()
        try:
            run = journal.start_run(request)
        except BusyError:
            run = None
        gate.wait()
        if run is not None:
            journal.record(run, END)
        return run

    with ThreadPoolExecutor(2) as racers:
        one, other = racers.map(race, (1, 2))

    assert [sum(run is not None for run in pair) for pair in zip(one, other, strict=True)] == [1] * 1000


# ---------------------------------------------------------------------------------------------- this machine


TELL = "from rebalancer.journal.lease import lock_holder; print(lock_holder().process.id)"


def test_each_process_draws_an_id_of_its_own_and_keeps_it():
    ids = [subprocess.check_output([sys.executable, "-c", TELL], text=True).strip() for _ in range(2)]  # noqa: S603

    assert len({*ids, lock_holder().process.id, lock_holder().process.id}) == 3


@pytest.mark.posix
def test_a_forked_process_has_another_id_than_its_parent():
    forked = (
        f"import os; from rebalancer.journal.lease import lock_holder; lock_holder(); os.fork() and os.wait(); {TELL}"
    )

    assert len({*subprocess.check_output([sys.executable, "-c", forked], text=True).split()}) == 2  # noqa: S603


KILLED = """
import os, signal, sys
from pathlib import Path
from evenings import TO_THE_BUYS, start
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal

path = Path(sys.argv[1])
with run_lock(path) as place, SqliteJournal.open(path, place) as journal:
    journal.record(start(journal), *TO_THE_BUYS)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.posix
def test_the_run_of_a_killed_process_is_resumed_at_once_under_its_lock_and_not_without(path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, env=environment)  # noqa: S603

    with SqliteJournal.open(path) as journal:
        assert journal.interrupted("demo") is None
    with run_lock(path) as place, SqliteJournal.open(path, place) as journal:
        assert journal.interrupted("demo").run == 1
        journal.resume(1, AGAIN, running=True)


def test_a_lease_of_an_earlier_version_is_kept_until_it_is_stale(path, context):
    with SqliteJournal.open(path, context.process(1)) as earlier:
        run = start(earlier)
        for column in COLUMNS:
            earlier._db.execute(f"ALTER TABLE leases DROP COLUMN {column}")
        earlier._db.execute(f"DELETE FROM {migrations.migrations_table} WHERE name = 'm007_leases_by_lock'")
        context.kill(1)
        with SqliteJournal.open(path, context.process(2)) as second, pytest.raises(BusyError, match="process 1"):
            second.start_run(AGAIN)

        earlier.record(run, END)
