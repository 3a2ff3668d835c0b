"""What the schedule must know before anything heavy is loaded: the sessions, and since when each account is enabled.

Both stand in `almanac.json` in the state folder. Where that file is missing, damaged or out of date, the sessions are
taken from the exchange calendar again, which takes about a second.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from rebalancer.errors import RunFailedError
from rebalancer.files import replace_atomically
from rebalancer.model import NEW_YORK, Session
from rebalancer.ports import Clock

FILE = "almanac.json"
CALENDAR = "pandas_market_calendars"


@dataclass(frozen=True, slots=True)
class Almanac:
    """A `ports.Calendar` of `year`, the year before and the year after; RunFailedError for any other day.

    `made_by` is the release of the calendar the sessions were taken from. `enabled_since` has the time at which each
    enabled account was first seen to be enabled.
    """

    made_by: str
    year: int
    days: Mapping[date, Session]
    enabled_since: Mapping[str, datetime]

    @property
    def zone(self) -> tzinfo:
        return NEW_YORK

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
        since = {name: at.isoformat() for name, at in self.enabled_since.items()}
        kept = {"made_by": self.made_by, "year": self.year, "enabled_since": since, "sessions": sessions}
        return json.dumps(kept)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError, TypeError, KeyError or AttributeError for a text that `to_json` did not write."""
        kept: Any = json.loads(text)
        sessions = (
            Session(date.fromisoformat(day), _utc(opens), _utc(closes)) for day, opens, closes in kept["sessions"]
        )
        since = {str(name): _utc(at) for name, at in kept["enabled_since"].items()}
        return cls(str(kept["made_by"]), int(kept["year"]), {session.day: session for session in sessions}, since)


def open_almanac(folder: Path, clock: Clock, enabled: Iterable[str]) -> Almanac:
    """The almanac in `folder` for the clock's year and the accounts that are `enabled` now, brought up to date on disk.

    Raises RunFailedError where the file can't be written.
    """
    path, now, made_by = folder / FILE, clock.now(), installed_calendar()
    kept = _kept(path)
    current = kept is not None and (kept.made_by, kept.year) == (made_by, now.year)
    days = kept.days if kept is not None and current else _sessions_around(now.year, clock)
    known = kept.enabled_since if kept is not None else {}
    almanac = Almanac(made_by, now.year, days, {name: known.get(name, now) for name in enabled})
    if almanac != kept:
        _write(path, almanac.to_json())
    return almanac


def installed_calendar() -> str:
    """The calendar's name and version by its installation, without loading it: a newer one may know other holidays."""
    spec = find_spec(CALENDAR)
    site = Path(spec.origin).parents[1] if spec and spec.origin else Path()
    return max((folder.stem for folder in site.glob(f"{CALENDAR}-*.dist-info")), default=CALENDAR)


def _sessions_around(year: int, clock: Clock) -> Mapping[date, Session]:
    from rebalancer.market.calendar import ExchangeCalendar  # noqa: PLC0415 - loads pandas

    calendar = ExchangeCalendar(clock)
    days = calendar.sessions(date(year - 1, 1, 1), date(year + 1, 12, 31))
    return {day: session for day in days if (session := calendar.session(day))}


def _kept(path: Path) -> Almanac | None:
    try:
        return Almanac.from_json(path.read_text("utf-8"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        # It holds nothing that can't be found out again; a folder that can't be used is said when it is written.
        return None


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_atomically(path, text.encode())
    except OSError as error:
        raise RunFailedError(f"{path} can't be written: {error.strerror}. Make its folder writable.") from error


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
