"""The sessions of an exchange by pandas-market-calendars: planned holidays and half days.

A closure decreed at short notice is known only to a newer release of that package, or to the broker.
"""

from collections.abc import Mapping
from datetime import UTC, date, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from rebalancer.errors import RunFailedError
from rebalancer.market.session_cache import Decade, SessionCache, Sessions, as_content
from rebalancer.model import Session
from rebalancer.model.closes import FIRST_YEAR
from rebalancer.ports import Clock


class ExchangeCalendar:
    """The sessions from 1990 to the end of the clock's next year, as far as holidays are fixed; RunFailedError beyond.

    `exchange` is a name that pandas-market-calendars knows, such as "NYSE" or "XETR"; any other raises ValueError when
    it is first asked for. What was computed is kept in `folder`, if there is one: computing takes a second.
    """

    def __init__(self, clock: Clock, exchange: str = "NYSE", folder: Path | None = None) -> None:
        self._clock = clock
        self._exchange = exchange
        self._cache = None if folder is None else SessionCache(folder, exchange)
        self._decades: dict[int, Decade | None] = {}
        self._years: dict[int, Sessions] = {}

    @property
    def zone(self) -> tzinfo:
        this_year = self._year(self._clock.now().year).values()
        return next((session.zone for session in this_year), None) or _zone_of(self._exchange)

    def session(self, day: date) -> Session | None:
        return self._year(day.year).get(day)

    def sessions(self, first: date, last: date) -> tuple[date, ...]:
        """Every session from `first` to `last`, both included."""
        years = range(first.year, last.year + 1)
        return tuple(day for year in years for day in self._year(year) if first <= day <= last)

    def _year(self, year: int) -> Sessions:
        last = self._clock.now().year + 1
        if not FIRST_YEAR <= year <= last:
            raise RunFailedError(f"The exchange calendar knows {FIRST_YEAR} to {last}, not {year}: choose another day.")
        if year not in self._years:
            kept = self._kept(_decade_with(year))
            self._years[year] = kept.year(year) if kept else self._computed(_decade_with(year))[year]
        return self._years[year]

    def _kept(self, first: int) -> Decade | None:
        if self._cache and first not in self._decades:
            self._decades[first] = self._cache.read(first)
        return self._decades.get(first)

    def _computed(self, first: int) -> Mapping[int, Sessions]:
        if self._cache and (content := _content(self._exchange, first)):
            self._cache.keep(first, content)
        return _computed(self._exchange, first)


def _decade_with(year: int) -> int:
    return year // 10 * 10


@cache
def _zone_of(exchange: str) -> ZoneInfo:
    import pandas_market_calendars  # noqa: PLC0415 - takes five times as long as numpy, and sessions are mostly cached

    if exchange not in pandas_market_calendars.get_calendar_names():
        raise ValueError(f"{exchange!r} is no exchange of pandas-market-calendars: use a name such as NYSE or XETR")
    return ZoneInfo(str(pandas_market_calendars.get_calendar(exchange).tz))


@cache
def _computed(exchange: str, first: int) -> Mapping[int, Sessions]:
    """The sessions of ten years, by year: the package takes 0.3 s to answer, for one year as for ten."""
    import pandas_market_calendars  # noqa: PLC0415 - as above

    zone = _zone_of(exchange)
    schedule = pandas_market_calendars.get_calendar(exchange).schedule(date(first, 1, 1), date(first + 9, 12, 31))
    years: dict[int, dict[date, Session]] = {first + offset: {} for offset in range(10)}
    for day, opens, closes in zip(schedule.index.date, schedule["market_open"], schedule["market_close"], strict=True):
        years[day.year][day] = Session(
            day, opens.to_pydatetime().astimezone(UTC), closes.to_pydatetime().astimezone(UTC), zone
        )
    return years


@cache
def _content(exchange: str, first: int) -> str | None:
    """What of these ten years is kept: checking that it is read back takes as long as computing them."""
    return as_content(first, _zone_of(exchange), _computed(exchange, first))
