"""When the exchange is open: the venue's own calendar, by the rules of the New York Stock Exchange."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
OPENS, CLOSES, HALF_DAY = time(9, 30), time(16), time(13)
MOURNING_AND_STORMS = {date(2012, 10, 29), date(2012, 10, 30), date(2018, 12, 5), date(2025, 1, 9)}
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Session:
    """Aware times of New York."""

    day: date
    opens: datetime
    closes: datetime


class Sessions:
    """The exchange's sessions by its rules and a test's overrides."""

    def __init__(self) -> None:
        self.closed: set[date] = set()
        self.early: dict[date, time] = {}

    def of(self, day: date) -> Session | None:
        if day.weekday() >= SATURDAY or day in self.closed or day in holidays(day.year):
            return None
        closes = self.early.get(day, HALF_DAY if _is_half(day) else CLOSES)
        return Session(day, datetime.combine(day, OPENS, NEW_YORK), datetime.combine(day, closes, NEW_YORK))

    def between(self, first: date, last: date) -> Iterator[Session]:
        for days in range((last - first).days + 1):
            if session := self.of(first + days * DAY):
                yield session

    def under_way(self, now: datetime) -> Session | None:
        session = self.of(now.astimezone(NEW_YORK).date())
        return session if session and session.opens <= now < session.closes else None

    def settlement_of(self, day: date) -> date:
        """When a trade of `day` settles: banks are closed on two days on which the exchange is open."""
        later = (day + days * DAY for days in range(1, 16))
        return next(at for at in later if self.of(at) and at not in _bank_holidays(at.year))

    def ending_after(self, now: datetime) -> Session:
        """The current session, else the next one."""
        today = now.astimezone(NEW_YORK).date()
        return next(session for session in self.between(today, today + 30 * DAY) if now < session.closes)

    def opening_after(self, now: datetime) -> Session:
        today = now.astimezone(NEW_YORK).date()
        return next(session for session in self.between(today, today + 30 * DAY) if now < session.opens)


def holidays(year: int) -> frozenset[date]:
    """The weekdays of `year` without a session, by the holidays of recent years."""
    july, christmas = date(year, 7, 4), date(year, 12, 25)
    regular = {
        _nth(year, 1, MONDAY, 3),
        _nth(year, 2, MONDAY, 3),
        _easter(year) - 2 * DAY,
        _nth(year, 6, MONDAY, 1) - 7 * DAY,
        _observed(july),
        _nth(year, 9, MONDAY, 1),
        _nth(year, 11, THURSDAY, 4),
        _observed(christmas),
    }
    # New Year's Day on a Saturday is not observed on the Friday before, the last trading day of the old year.
    new_year = date(year, 1, 1)
    if new_year.weekday() != SATURDAY:
        regular.add(_observed(new_year))
    if year >= 2022:
        regular.add(_observed(date(year, 6, 19)))
    return frozenset(regular | {day for day in MOURNING_AND_STORMS if day.year == year})


def _bank_holidays(year: int) -> frozenset[date]:
    """Columbus Day and Veterans Day. Source: DTCC's holiday schedule; Alpaca's calendar with date_type=SETTLEMENT."""
    return frozenset({_nth(year, 10, MONDAY, 2), _observed(date(year, 11, 11))})


def _is_half(day: date) -> bool:
    before_july_4 = (day.month, day.day) == (7, 3) and day.weekday() < FRIDAY
    before_christmas = (day.month, day.day) == (12, 24) and day.weekday() < FRIDAY
    return before_july_4 or before_christmas or day == _nth(day.year, 11, THURSDAY, 4) + DAY


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (n - 1)) * DAY


def _observed(day: date) -> date:
    return {SATURDAY: day - DAY, SUNDAY: day + DAY}.get(day.weekday(), day)


def _easter(year: int) -> date:
    """Gauss's rule as Meeus, Astronomical Algorithms, chapter 8, gives it."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    month, day = divmod(d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114, 31)
    return date(year, month, day + 1)
