"""Daily closes by Alpaca's bars: fetched, and cached ones updated, with an overlap that verifies them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from rebalancer.errors import SourceError
from rebalancer.market.cache import CachedCloses, ClosesCache, reconciled
from rebalancer.model import NEW_YORK, Session, Symbol
from rebalancer.ports import Calendar
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.venue import CONSOLIDATED
from rebalancer.venues.plugin import OnProgress

ClosesByDay = dict[date, float]
MOST_A_PAGE = 10_000
OVERLAP_SESSIONS = 10
"""How many cached sessions are requested again."""
BATCH_BARS = 100_000
"""About how many bars are fetched before they are written to the cache: ten pages."""
A_MONTH = timedelta(days=30)
Fetched = CachedCloses | str | None
"""A symbol's closes; or why they must be fetched from the first day; or None where Alpaca sent nothing."""


def daily_closes(
    client: AlpacaClient, symbols: Sequence[Symbol], first: date, last: Session, adjustment: str
) -> dict[Symbol, ClosesByDay]:
    """Closes in dollars from `first` to the session `last`, by symbol and New York day; none where there is no bar.

    `adjustment` is Alpaca's parameter: "all", or "raw" for traded prices. Closes that are not above 0 are left out.
    Raises SourceError for a response that can't be read, and for two different closes of one day.
    """
    params = {
        "timeframe": "1Day",
        "start": _utc(datetime.combine(first, time(), NEW_YORK)),
        # The free plan has no SIP prices of the last 15 minutes; a completed session closed before that.
        "end": _utc(last.closes),
        "adjustment": adjustment,
        "feed": CONSOLIDATED,
        "limit": str(MOST_A_PAGE),
    }
    found: dict[Symbol, ClosesByDay] = {symbol: {} for symbol in symbols}
    for page in client.pages("/stocks/bars", symbols, params):
        try:
            bars = page["bars"] or {}
            for symbol, closes in found.items():
                _take(closes, bars.get(symbol, ()), symbol)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SourceError(f"Alpaca's daily bars can't be read ({error!r}): run again later.") from error
    return found


def _take(closes: ClosesByDay, bars: Sequence[Mapping[str, Any]], symbol: Symbol) -> None:
    for bar in bars:
        day, close = new_york_day(bar["t"]), float(bar["c"])
        if not (math.isfinite(close) and close > 0):
            continue
        if closes.setdefault(day, close) != close:
            raise SourceError(
                f"Alpaca has two closes of {symbol} on {day}, {closes[day]} and {close} USD: neither is used. Run "
                "again later."
            )


@lru_cache(maxsize=20_000)
def new_york_day(text: str) -> date:
    """The day of a daily bar, whose time is midnight in New York. Cached: symbols share days. Raises ValueError."""
    return datetime.fromisoformat(text).astimezone(NEW_YORK).date()


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class AlpacaSynced:
    """The result of updating so many `symbols` to the session `last`.

    `thrown_away` has the symbols whose cached closes were replaced, with the reason; `silent` those of which Alpaca
    sent nothing although closes are cached, with the last cached day.
    """

    last: date
    symbols: int
    requests: int
    thrown_away: Mapping[Symbol, str]
    silent: Mapping[Symbol, date]

    def sentences(self) -> tuple[str, ...]:
        replaced = (f"{symbol}: its history was fetched anew, since {why}." for symbol, why in self.thrown_away.items())
        silent = (
            f"{symbol}: Alpaca sent no bars of it; what is known of it up to {day} is kept. If it was renamed or "
            "delisted, change the bots that name it."
            for symbol, day in self.silent.items()
        )
        return (*replaced, *silent)


@dataclass(frozen=True, slots=True)
class CachedBars:
    """Adjusted closes of Alpaca's daily bars from the day `since` on, kept in `cache`."""

    client: AlpacaClient
    cache: ClosesCache
    calendar: Calendar
    since: date

    def read(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, CachedCloses]:
        """What is cached; asks Alpaca nothing."""
        return self.cache.read(CONSOLIDATED, symbols)

    def sync(self, symbols: Sequence[Symbol], last: Session, progress: OnProgress) -> AlpacaSynced:
        """Bring the cache up to `last`; `progress` is called with how many of how many symbols are done.

        Symbols whose cached closes prove wrong are fetched again from the first day. Raises SourceError; what was
        fetched before stays cached.
        """
        requests = self.client.pages_requested
        found: dict[Symbol, Fetched] = {}
        known = self.read(symbols)

        def ask(starts: Mapping[Symbol, date]) -> None:
            for first, batch in _batches(self.calendar, starts, last.day):
                found.update(self._fetched(known, batch, first, last))
                progress(sum(not isinstance(one, str) for one in found.values()), len(symbols))

        ask({symbol: self._start(known.get(symbol), last.day) for symbol in symbols})
        wrong = {symbol: why for symbol, why in found.items() if isinstance(why, str)}
        self.cache.forget(CONSOLIDATED, wrong)  # at once, so that wrong closes are not used should Alpaca fail now
        known = {symbol: past for symbol, past in known.items() if symbol not in wrong}
        ask(dict.fromkeys(wrong, self.since))
        silent = {symbol: known[symbol].days[-1].item() for symbol, one in found.items() if one is None}
        return AlpacaSynced(last.day, len(symbols), self.client.pages_requested - requests, wrong, silent)

    def _fetched(
        self, known: Mapping[Symbol, CachedCloses], symbols: Sequence[Symbol], first: date, last: Session
    ) -> Mapping[Symbol, Fetched]:
        """The result for each symbol, written to the cache. A close on a day without a session is refused."""
        listed = daily_closes(self.client, symbols, first, last, "all")
        sessions = frozenset(self.calendar.sessions(first, last.day))
        found: dict[Symbol, Fetched] = {}
        for symbol, closes in listed.items():
            if strangers := closes.keys() - sessions:
                raise SourceError(
                    f"Alpaca has a close of {symbol} on {min(strangers)}, when the exchange held no session: nothing "
                    "is traded on prices of unknown days. Install the newest pandas-market-calendars."
                )
            answer = CachedCloses.of(closes, first, last.day)
            found[symbol] = reconciled(known.get(symbol), answer, whole=first == self.since)
        self.cache.write(CONSOLIDATED, {symbol: one for symbol, one in found.items() if isinstance(one, CachedCloses)})
        return found

    def _start(self, known: CachedCloses | None, last: date) -> date:
        """The first day to request: the overlap, as far as it is cached, with one cached close at least."""
        if known is None or known.first > self.since:
            return self.since
        until = min(known.last, last)
        newest = min(known.days[-1].item() if known else until, until)
        return max(self.since, min(overlap_start(self.calendar, until), newest))


def overlap_start(calendar: Calendar, until: date) -> date:
    """The first of the OVERLAP_SESSIONS sessions that end with `until`."""
    return calendar.sessions(until - A_MONTH, until)[-OVERLAP_SESSIONS]


def _batches(calendar: Calendar, starts: Mapping[Symbol, date], last: date) -> Iterator[tuple[date, Sequence[Symbol]]]:
    """Symbols with the same first day, at most as many as make BATCH_BARS bars."""
    for first, group in groupby(sorted(starts, key=lambda symbol: (starts[symbol], symbol)), starts.__getitem__):
        symbols = list(group)
        most = max(1, BATCH_BARS // len(calendar.sessions(first, last)))
        for at in range(0, len(symbols), most):
            yield first, symbols[at : at + most]
