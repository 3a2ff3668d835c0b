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
        return _sessions_of(year)


@cache
def _sessions_of(year: int) -> Mapping[date, Session]:
    schedule = pandas_market_calendars.get_calendar("NYSE").schedule(date(year, 1, 1), date(year, 12, 31))
    return {
        row.Index.date(): Session(
            day=row.Index.date(),
            opens=row.market_open.to_pydatetime().astimezone(UTC),
            closes=row.market_close.to_pydatetime().astimezone(UTC),
        )
        for row in schedule.itertuples()
    }
