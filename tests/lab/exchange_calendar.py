"""The simulated exchange calendar: weekdays, one holiday and one half day a month."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice

from rebalancer.model import NEW_YORK, Session

FIRST = date(2026, 1, 5)
HOLIDAY, HALF_DAY = 16, 24
"""Days of the month."""


@cache
def session_of(day: date) -> Session | None:
    if day.weekday() >= 5 or day.day == HOLIDAY:
        return None
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    closes = midnight + timedelta(hours=18 if day.day == HALF_DAY else 21)
    return Session(day, midnight + timedelta(hours=14, minutes=30), closes)


def sessions_from(day: date) -> Iterator[Session]:
    while True:
        if found := session_of(day):
            yield found
        day += timedelta(days=1)


@cache
def first_sessions(count: int) -> tuple[Session, ...]:
    return tuple(islice(sessions_from(FIRST), count))


@cache
def days_between(first: date, last: date) -> tuple[date, ...]:
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return tuple(day for day in days if session_of(day))


class LabCalendar:
    """`ports.Calendar`."""

    zone = NEW_YORK

    def session(self, day: date) -> Session | None:
        return session_of(day)

    def sessions(self, first: date, last: date) -> tuple[date, ...]:
        return days_between(first, last)
