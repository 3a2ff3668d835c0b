"""Clocks: the machine's, one with an offset, and a simulated one; and whether an exchange is open by a clock.

Nothing else reads the machine's clock.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rebalancer.errors import SourceError

if TYPE_CHECKING:  # a clock is needed before what trades by it
    from rebalancer.model import Hours
    from rebalancer.ports import Calendar, Clock

# Linux stops its monotonic clock while it is suspended, and so does Python's on a Mac. On Windows neither stops.
_COUNTING_SUSPEND: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
LONGEST_CLOSURE = timedelta(days=14)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return time.clock_gettime(_COUNTING_SUSPEND) if _COUNTING_SUSPEND is not None else time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class OffsetClock:
    """Another clock plus a fixed offset: the clock of a venue that runs at another time."""

    def __init__(self, clock: "Clock", offset: timedelta) -> None:
        self._clock = clock
        self._offset = offset

    def now(self) -> datetime:
        return self._clock.now() + self._offset

    def elapsed(self) -> float:
        return self._clock.elapsed()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


class SimulatedClock:
    """Advances only by `sleep`, which returns at once. Raises ValueError for a start without a zone."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"{start} has no time zone")
        self._start = self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def elapsed(self) -> float:
        return (self._now - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Raises ValueError for less than 0 seconds, as time.sleep does."""
        if not seconds >= 0:
            raise ValueError(f"a sleep of {seconds} seconds")
        self._now += timedelta(seconds=seconds)


def hours(clock: "Clock", calendar: "Calendar") -> "Hours":
    """Raises SourceError where the calendar has no session in the next two weeks."""
    from rebalancer.model import Hours  # noqa: PLC0415 - as above

    now = clock.now()
    # A session lies within one day of its date in UTC.
    for day in calendar.sessions(now.date(), (now + LONGEST_CLOSURE).date()):
        session = calendar.session(day)
        if session is not None and now < session.closes:
            return Hours(now, session.opens <= now, session.closes)
    raise SourceError(f"the calendar has no session in the two weeks after {now:%Y-%m-%d}")
