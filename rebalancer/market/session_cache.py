"""Computed sessions of an exchange kept in files, one a decade, so that pandas need not compute them again.

A file is used while it is whole and the packages that computed it are those installed. It has the hours as the
exchange's clocks show them: a change of the time zone's rules changes the times in UTC, and no file.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from rebalancer.files import read_regular, replace_atomically
from rebalancer.model import Session

Sessions = Mapping[date, Session]

FILE = "sessions-{exchange}-{decade}.json"
MAX_BYTES = 1_000_000
PACKAGES = ("pandas_market_calendars", "exchange_calendars", "pandas")
"""Holidays depend on the releases of these."""
RULES = 1
"""Raised when sessions are kept in another way than before."""
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Decade:
    """The sessions of ten years. `hours` are by year and day: the open and the close, in seconds of that day's clock.

    Seconds are counted from the day's midnight at the exchange: below 0 for a session that opens the evening before.
    """

    zone: ZoneInfo
    hours: Mapping[int, Mapping[date, tuple[int, int]]]

    def year(self, year: int) -> Sessions:
        return {
            day: Session(day, _time_at(day, opens, self.zone), _time_at(day, closes, self.zone), self.zone)
            for day, (opens, closes) in self.hours[year].items()
        }


@dataclass(frozen=True, slots=True)
class SessionCache:
    """The files in `folder` of one exchange. A file that can't be read or written costs time only."""

    folder: Path
    exchange: str

    def read(self, first: int) -> Decade | None:
        """The decade that begins with the year `first`; None where no file of the installed packages has it whole."""
        try:
            stored: Any = json.loads(read_regular(self._path(first), MAX_BYTES))
            key, content, checksum = (str(stored[name]) for name in ("key", "content", "checksum"))
            if key != self._key(first) or checksum != _checksum(key, content):
                return None
            return _decade(first, json.loads(content))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def keep(self, first: int, content: str) -> None:
        """Write a decade, unless a package has no release."""
        key = self._key(first)
        if key is None:
            return
        stored = {"key": key, "content": content, "checksum": _checksum(key, content)}
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_atomically(self._path(first), json.dumps(stored).encode())

    def _key(self, first: int) -> str | None:
        """What the sessions depend on; None where the release of a package is not known."""
        releases = [_release(package) for package in PACKAGES]
        return None if None in releases else " ".join(map(str, (RULES, self.exchange, first, *releases)))

    def _path(self, first: int) -> Path:
        return self.folder / FILE.format(exchange=quote(self.exchange, safe=""), decade=first)


def as_content(first: int, zone: ZoneInfo, years: Mapping[int, Sessions]) -> str | None:
    """A decade as it is kept; None where its sessions would not be read back as they are."""
    hours = {day: _hours(day, at, zone) for sessions in years.values() for day, at in sessions.items()}
    content = json.dumps({"zone": zone.key, "sessions": [(f"{day}", *both) for day, both in hours.items()]})
    read_back = _decade(first, json.loads(content))
    return content if all(read_back.year(year) == sessions for year, sessions in years.items()) else None


def _release(package: str) -> str | None:
    """Name and release of an installed package, which is not imported; None unless there is exactly one."""
    spec = find_spec(package)
    site = Path(spec.origin).parents[1] if spec and spec.origin else Path()
    # importlib.metadata would take longer than reading the sessions.
    releases = [folder.stem for folder in site.glob(f"{package}-*.dist-info")]
    return releases[0] if len(releases) == 1 else None


def _decade(first: int, content: Mapping[str, Any]) -> Decade:
    hours: dict[int, dict[date, tuple[int, int]]] = {first + offset: {} for offset in range(10)}
    for text, opens, closes in content["sessions"]:
        day = date.fromisoformat(text)
        hours[day.year][day] = opens, closes
    return Decade(ZoneInfo(content["zone"]), hours)


def _hours(day: date, at: Session, zone: ZoneInfo) -> tuple[int, int]:
    return _seconds(day, at.opens, zone), _seconds(day, at.closes, zone)


def _seconds(day: date, at: datetime, zone: ZoneInfo) -> int:
    return (at.astimezone(zone).replace(tzinfo=None) - datetime.combine(day, time())) // SECOND


def _time_at(day: date, seconds: int, zone: ZoneInfo) -> datetime:
    return (datetime.combine(day, time(), zone) + seconds * SECOND).astimezone(UTC)


def _checksum(key: str, content: str) -> str:
    return blake2b(f"{key}\0{content}".encode(), digest_size=16).hexdigest()
