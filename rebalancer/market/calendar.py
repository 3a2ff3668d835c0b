"""The sessions of an exchange by pandas-market-calendars: planned holidays and half days.

A closure decreed at short notice is known only to a newer release of that package, or to the broker.
"""

from collections.abc import Mapping
from datetime import UTC, date, tzinfo
from functools import cache

import pandas_market_calendars

from rebalancer.errors import RunFailedError
from rebalancer.model import Session
from rebalancer.ports import Clock

FIRST_YEAR = 1990


class ExchangeCalendar:
    """The sessions from 1990 to the end of the clock's next year, as far as holidays are fixed; RunFailedError beyond.

    `exchange` is a name that pandas-market-calendars knows, such as "NYSE" or "XETR". Raises ValueError for any other.
    """

    def __init__(self, clock: Clock, exchange: str = "NYSE") -> None:
        if exchange not in pandas_market_calendars.get_calendar_names():
            raise ValueError(f"{exchange!r} is no exchange of pandas-market-calendars: use a name such as NYSE or XETR")
        self._clock = clock
        self._exchange = exchange

    @property
    def zone(self) -> tzinfo:
        return _zone_of(self._exchange)

    def session(self, day: date) -> Session | None:
        return self._year(day.year).get(day)

    def sessions(self, first: date, last: date) -> tuple[date, ...]:
        """Every session from `first` to `last`, both included."""
        years = range(first.year, last.year + 1)
        return tuple(day for year in years for day in self._year(year) if first <= day <= last)

    def _year(self, year: int) -> Mapping[date, Session]:
        last = self._clock.now().year + 1
        if not FIRST_YEAR <= year <= last:
            raise RunFailedError(f"The exchange calendar knows {FIRST_YEAR} to {last}, not {year}: choose another day.")
        return _decade_of(self._exchange, year // 10 * 10)[year]


@cache
def _zone_of(exchange: str) -> tzinfo:
    zone: tzinfo = pandas_market_calendars.get_calendar(exchange).tz
    return zone


@cache
def _decade_of(exchange: str, first: int) -> Mapping[int, Mapping[date, Session]]:
    """The sessions of ten years, by year: the package takes 0.3 s to answer, for one year as for ten."""
    zone = _zone_of(exchange)
    schedule = pandas_market_calendars.get_calendar(exchange).schedule(date(first, 1, 1), date(first + 9, 12, 31))
    years: dict[int, dict[date, Session]] = {first + offset: {} for offset in range(10)}
    for day, opens, closes in zip(schedule.index.date, schedule["market_open"], schedule["market_close"], strict=True):
        years[day.year][day] = Session(
            day, opens.to_pydatetime().astimezone(UTC), closes.to_pydatetime().astimezone(UTC), zone
        )
    return years
