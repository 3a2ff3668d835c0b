"""One real run an account and session, whatever triggers it and however often."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from subprocess import PIPE

import pytest
from evenings import DAY, NOW, REQUEST, TO_THE_BUYS, order, start

from rebalancer.events import OrderAnswered, OrderIntended, RunEnded
from rebalancer.journal import read
from rebalancer.journal.store import SqliteJournal
from rebalancer.ports import AlreadyRun

AGAIN = replace(REQUEST, at=NOW + timedelta(minutes=5))
FORCED = replace(AGAIN, force=True)


def end(journal, run, status):
    journal.record(run, RunEnded(NOW, status, "said so"))


def intend(journal, run, *names):
    journal.record(run, *TO_THE_BUYS, *(OrderIntended(NOW, order(name)) for name in names))


def test_the_first_trigger_of_a_session_starts_run_number_one(journal):
    assert journal.run_number(start(journal)) == 1


def test_a_second_trigger_of_a_session_does_nothing(journal):
    run = start(journal)
    end(journal, run, "success")

    assert journal.start_run(AGAIN) == AlreadyRun(
        run,
        "the run of 2016-07-01 for account demo is done (run 1, success, 0 orders): nothing to do; "
        "`rebalance run --force` starts another",
    )


def test_of_several_runs_of_a_session_the_last_is_named(journal):
    end(journal, start(journal), "success")
    forced = start(journal, FORCED)
    end(journal, forced, "success")

    answer = journal.start_run(AGAIN)
    assert isinstance(answer, AlreadyRun)
    assert (answer.run, f"(run {forced}, success, 0 orders)" in answer.reason) == (forced, True)


@pytest.mark.parametrize(
    ("running", "note"),
    [
        (
            True,
            "this run was cut off; it is gone on with at 2016-07-01 19:55:00 UTC by what was recorded when it began",
        ),
        (False, "the orders that this run left are settled at 2016-07-01 19:55:00 UTC"),
    ],
)
def test_a_resumed_run_says_whether_it_was_interrupted(journal, path, note, *, running):
    run = start(journal)
    if not running:
        end(journal, run, "partial")
    journal.resume(run, AGAIN, running=running)

    assert [remark.text for remark in read.run(path, run).remarks] == [note]


def test_a_second_trigger_after_a_partial_run_with_an_order_does_nothing(journal):
    run = start(journal)
    intend(journal, run, "rb1")
    end(journal, run, "partial")

    assert journal.start_run(AGAIN) == AlreadyRun(
        run,
        "the run of 2016-07-01 for account demo is done (run 1, partial, 1 order): nothing to do; "
        "`rebalance run --force` starts another",
    )


@pytest.mark.parametrize("status", ["failed", "skipped", "partial"])
def test_a_run_that_ended_before_its_first_order_does_not_use_up_the_session(journal, status):
    end(journal, start(journal), status)

    assert journal.run_number(start(journal, AGAIN)) == 2


def test_a_run_that_failed_after_an_order_may_have_left_uses_up_the_session(journal):
    run = start(journal)
    intend(journal, run, "rb1")
    end(journal, run, "failed")

    assert journal.start_run(AGAIN) == AlreadyRun(
        run,
        "the run of 2016-07-01 for account demo failed after 1 order (run 1): see what came of it with "
        "`rebalance orders`, then start another with `rebalance run --force`",
    )


def test_an_order_that_was_refused_uses_up_the_session_all_the_same(journal):
    run = start(journal)
    intend(journal, run, "rb1")
    journal.record(run, OrderAnswered(NOW, "rb1", "refused", "no such ticker"))
    end(journal, run, "failed")

    assert isinstance(journal.start_run(AGAIN), AlreadyRun)


def test_a_run_interrupted_before_its_first_order_is_ended_and_the_session_tried_again(path, journal):
    dead = start(journal)

    run = start(journal, AGAIN)

    assert journal.run_number(run) == 2
    first = read.run(path, dead).run
    assert (first.status, first.reason, first.ended) == ("failed", "cut off before its first order", AGAIN.at)


def test_a_run_interrupted_after_an_order_needs_a_person(path, journal):
    run = start(journal)
    intend(journal, run, "rb1", "rb2")

    assert journal.start_run(AGAIN) == AlreadyRun(
        run,
        "the run of 2016-07-01 for account demo was cut off after 2 orders had been written down (run 1): see what "
        "came of it with `rebalance orders`, then start another with `rebalance run --force`",
    )
    assert read.run(path, run).run.status == "running"


def test_force_starts_the_next_run_and_ends_the_interrupted_one(path, journal):
    dead = start(journal)
    intend(journal, dead, "rb1")

    assert journal.run_number(start(journal, FORCED)) == 2
    assert read.run(path, dead).run.reason == "cut off after 1 order had been written down"


def test_after_a_forced_run_the_session_is_still_used_up(journal):
    end(journal, start(journal), "success")
    forced = start(journal, FORCED)
    end(journal, forced, "skipped")

    assert isinstance(journal.start_run(AGAIN), AlreadyRun)


def test_the_next_session_starts_at_number_one_and_ends_the_run_interrupted_the_day_before(path, journal):
    dead = start(journal)
    intend(journal, dead, "rb1")
    tomorrow = start(journal, replace(AGAIN, session=DAY + timedelta(days=3)))

    assert journal.run_number(tomorrow) == 1
    assert read.run(path, dead).run.status == "partial"


def test_accounts_are_independent_of_each_other(path, journal):
    start(journal)
    other = start(journal, replace(AGAIN, account="other"))

    assert journal.run_number(other) == 1
    assert [line.status for line in read.runs(path)] == ["running", "running"]


def test_a_dry_run_always_gets_a_number(journal):
    dry = replace(REQUEST, dry_run=True)
    for number in (1, 2, 3):
        run = start(journal, dry)
        intend(journal, run, f"rb{number}")
        end(journal, run, "success")
        assert journal.run_number(run) == number


def test_forced_runs_started_at_once_get_different_numbers(path):
    SqliteJournal.open(path).close()

    def trigger(_):
        with SqliteJournal.open(path) as journal:
            return journal.run_number(start(journal, FORCED))

    with ThreadPoolExecutor(4) as triggers:
        assert sorted(triggers.map(trigger, range(12))) == list(range(1, 13))


TRIGGER = """
import sys
from pathlib import Path
from evenings import REQUEST, NOW, order, TO_THE_BUYS
from rebalancer.errors import RunFailedError
from rebalancer.events import OrderIntended
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.ports import AlreadyRun

path = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    with run_lock(path), SqliteJournal.open(path) as journal:
        run = journal.start_run(REQUEST)
        if isinstance(run, AlreadyRun):
            print("already run")
        else:
            journal.record(run, *TO_THE_BUYS, OrderIntended(NOW, order(f"rb{run}")))
            print("sent")
except RunFailedError:
    print("locked out")
"""


def test_of_three_processes_triggered_at_once_exactly_one_sends(path):
    SqliteJournal.open(path).close()
    command = [sys.executable, "-c", TRIGGER, str(path)]
    folders = os.pathsep.join(sys.path)
    processes = [
        subprocess.Popen(  # noqa: S603 - our own interpreter
            command, stdin=PIPE, stdout=PIPE, text=True, env={**os.environ, "PYTHONPATH": folders}
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    said = sorted(process.communicate()[0].strip() for process in processes)

    assert said.count("sent") == 1
    assert set(said) <= {"sent", "already run", "locked out"}
    assert [line.number for line in read.runs(path)] == [1]
