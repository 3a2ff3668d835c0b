"""The sessions of the New York Stock Exchange by pandas-market-calendars: planned holidays and half days.

A closure decreed at short notice is known only to a newer release of that package, or to the broker.
"""

from collections.abc import Mapping
from datetime import UTC, date
from functools import cache

import pandas_market_calendars

from rebalancer.errors import RunFailedError
from rebalancer.model import Session
from rebalancer.ports import Clock

FIRST_YEAR = 1990


class ExchangeCalendar:
    """Answers from 1990 to the end of the clock's next year, as far as holidays are fixed; RunFailedError beyond."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

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
        return _decade_of(year // 10 * 10)[year]


@cache
def _decade_of(first: int) -> Mapping[int, Mapping[date, Session]]:
    """The sessions of ten years, by year: the package takes 0.3 s to answer, for one year as for ten."""
    schedule = pandas_market_calendars.get_calendar("NYSE").schedule(date(first, 1, 1), date(first + 9, 12, 31))
    years: dict[int, dict[date, Session]] = {first + offset: {} for offset in range(10)}
    for opens, closes in zip(schedule["market_open"], schedule["market_close"], strict=True):
        day = opens.date()
        years[day.year][day] = Session(
            day, opens.to_pydatetime().astimezone(UTC), closes.to_pydatetime().astimezone(UTC)
        )
    return years
