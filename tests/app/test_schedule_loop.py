"""APScheduler keeps the time: it polls at each heartbeat and at the next start, one poll at a time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, current_thread

import pytest
from freezegun import freeze_time

from rebalancer.app.schedule_loop import run_until_stopped

LONG = 60.0
"""A heartbeat that no test waits for."""


def counting(stop: Event, enough: int, each: Callable[[int], None] = lambda count: None) -> tuple[list[str], Callable]:
    seen: list[str] = []

    def poll() -> None:
        seen.append(current_thread().name)
        each(len(seen))
        if len(seen) == enough:
            stop.set()

    return seen, poll


def test_the_first_poll_is_immediate() -> None:
    stop = Event()
    seen, poll = counting(stop, 1)
    run_until_stopped(poll, lambda: None, stop, heartbeat=LONG)
    assert len(seen) == 1


def test_a_run_due_before_the_next_heartbeat_is_checked_on_time() -> None:
    stop = Event()
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    seen, poll = counting(stop, 2)
    run_until_stopped(poll, lambda: soon, stop, heartbeat=LONG)
    assert len(seen) == 2
    assert datetime.now(UTC) >= soon


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(hours=9)])
def test_a_clock_jump_does_not_stop_the_heartbeat(jump: timedelta) -> None:
    stop = Event()
    with freeze_time("2026-11-23 14:00") as frozen:
        seen, poll = counting(stop, 3, lambda count: frozen.tick(jump) if count == 1 else None)
        run_until_stopped(poll, lambda: datetime(2026, 11, 23, 20, 50, tzinfo=UTC), stop, heartbeat=0.02)
    assert len(seen) >= 3


def test_polls_never_overlap() -> None:
    stop, inside = Event(), Event()
    overlaps = []

    def each(count: int) -> None:
        overlaps.append(inside.is_set())
        inside.set()
        stop.wait(0.05)
        inside.clear()

    _, poll = counting(stop, 4, each)
    run_until_stopped(poll, lambda: datetime.now(UTC), stop, heartbeat=0.01)
    assert overlaps[:4] == [False] * 4


def test_the_shutdown_waits_for_the_running_poll() -> None:
    stop, ended = Event(), []

    def poll() -> None:
        stop.set()
        Event().wait(0.1)
        ended.append("in its own time")

    run_until_stopped(poll, lambda: None, stop, heartbeat=LONG)
    assert ended == ["in its own time"]


def test_an_unexpected_error_ends_the_loop_and_is_raised() -> None:
    def poll() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_until_stopped(poll, lambda: None, Event(), heartbeat=LONG)
