"""Time: the machine's, and one that a test or a replay can move."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rebalancer.market.clock import OffsetClock, SimulatedClock, SystemClock

NOON = datetime(2016, 7, 1, 12, tzinfo=UTC)


def test_the_system_clock_tells_the_time_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_elapsed_is_monotonic_and_counts_suspended_time() -> None:
    before = time.monotonic()
    elapsed = SystemClock().elapsed()
    assert before <= elapsed  # what was slept since the start is in it
    assert elapsed <= SystemClock().elapsed()


def test_time_elapses_for_another_venue_as_for_the_machine() -> None:
    clock = SimulatedClock(NOON)
    ahead = OffsetClock(clock, timedelta(days=3))
    clock.sleep(90)
    assert (ahead.now() - NOON, ahead.elapsed()) == (timedelta(days=3, seconds=90), 90)


def test_the_simulated_clock_advances_only_by_sleep() -> None:
    clock = SimulatedClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.sleep(90)
    assert clock.now() == NOON + timedelta(seconds=90)


def test_the_simulated_clock_answers_in_utc_whatever_zone_it_began_in() -> None:
    in_india = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    now = SimulatedClock(in_india).now()
    assert (now, now.tzinfo) == (NOON, UTC)


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        SimulatedClock(NOON.replace(tzinfo=None))


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_the_simulated_clock_never_goes_back(seconds: float) -> None:
    with pytest.raises(ValueError, match="sleep"):
        SimulatedClock(NOON).sleep(seconds)
