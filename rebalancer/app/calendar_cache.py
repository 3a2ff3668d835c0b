"""Three years of the exchange calendar cached in a file, so that the schedule need not load pandas.

The file is rebuilt from the exchange calendar, in about a second, if it is missing, damaged or made in another year or
by another release of the calendar package.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from rebalancer.errors import RunFailedError
from rebalancer.files import read_regular, replace_atomically
from rebalancer.model import Session
from rebalancer.ports import Clock

FILE = "sessions-{exchange}.json"
MAX_BYTES = 1_000_000
CALENDAR = "pandas_market_calendars"


@dataclass(frozen=True, slots=True)
class CachedCalendar:
    """A `ports.Calendar` of `year` and the years before and after it; raises RunFailedError for any other day.

    `made_by` is the release of the calendar package it was built from, `zone` the time zone of the exchange.
    """

    made_by: str
    year: int
    zone: ZoneInfo
    days: Mapping[date, Session]

    def session(self, day: date) -> Session | None:
        self._require(day)
        return self.days.get(day)

    def sessions(self, first: date, last: date) -> tuple[date, ...]:
        """Every session from `first` to `last`, both included."""
        self._require(first)
        self._require(last)
        return tuple(day for day in self.days if first <= day <= last)

    def _require(self, day: date) -> None:
        if not self.year - 1 <= day.year <= self.year + 1:
            known = f"{self.year - 1} to {self.year + 1}"
            raise RunFailedError(f"the exchange calendar is known for {known}, not for {day}: ask for fewer days.")

    def to_json(self) -> str:
        sessions = [[f"{day}", at.opens.isoformat(), at.closes.isoformat()] for day, at in self.days.items()]
        return json.dumps({"made_by": self.made_by, "year": self.year, "zone": self.zone.key, "sessions": sessions})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError, TypeError or KeyError for a text that `to_json` did not write."""
        stored: Any = json.loads(text)
        zone = ZoneInfo(stored["zone"])
        sessions = (
            Session(date.fromisoformat(day), datetime.fromisoformat(opens), datetime.fromisoformat(closes), zone)
            for day, opens, closes in stored["sessions"]
        )
        return cls(str(stored["made_by"]), int(stored["year"]), zone, {session.day: session for session in sessions})


def cached_calendar(folder: Path, clock: Clock, exchange: str) -> CachedCalendar:
    """The calendar of `exchange` around the clock's year, from the cache in `folder`, which is rebuilt if needed.

    Raises RunFailedError if the file can't be written.
    """
    path, year, made_by = folder / FILE.format(exchange=exchange), clock.now().year, installed_calendar()
    cached = _read(path)
    if cached is not None and (cached.made_by, cached.year) == (made_by, year):
        return cached
    calendar = _build(year, clock, exchange, made_by)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_atomically(path, calendar.to_json().encode())
    except OSError as error:
        raise RunFailedError(f"{path} can't be written: {error.strerror}. Make its folder writable.") from error
    return calendar


def installed_calendar() -> str:
    """Name and version of the installed calendar package, without importing it. Holidays depend on the version."""
    spec = find_spec(CALENDAR)
    site = Path(spec.origin).parents[1] if spec and spec.origin else Path()
    return max((folder.stem for folder in site.glob(f"{CALENDAR}-*.dist-info")), default=CALENDAR)


def _build(year: int, clock: Clock, exchange: str, made_by: str) -> CachedCalendar:
    from rebalancer.market.calendar import ExchangeCalendar  # noqa: PLC0415 - loads pandas

    calendar = ExchangeCalendar(clock, exchange)
    days = calendar.sessions(date(year - 1, 1, 1), date(year + 1, 12, 31))
    sessions = {day: session for day in days if (session := calendar.session(day))}
    return CachedCalendar(made_by, year, ZoneInfo(str(calendar.zone)), sessions)


def _read(path: Path) -> CachedCalendar | None:
    try:
        return CachedCalendar.from_json(read_regular(path, MAX_BYTES).decode())
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None  # an unusable folder is reported by the write
