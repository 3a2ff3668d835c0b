"""Adjusted daily closes from Alpaca, in a cache that is replaced after a split, a dividend or a correction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import groupby

import numpy as np

from rebalancer.errors import SourceError
from rebalancer.market.cache import CachedCloses, ClosesCache, as_closes, reconciled
from rebalancer.market.clock import LONGEST_CLOSURE
from rebalancer.model import NEW_YORK, Bars, BarsRead, Closes, CorporateAction, Session, Symbol
from rebalancer.model.text import counted
from rebalancer.ports import Calendar, Clock
from rebalancer.venues.alpaca.bars import COUNTED, adjusted_for, daily_closes
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.corporate_actions import corporate_actions
from rebalancer.venues.alpaca.full_bars import bars_beside
from rebalancer.venues.alpaca.venue import ALPACA, CONSOLIDATED, FIRST_DAY
from rebalancer.venues.plugin import OnProgress

SETTLED = timedelta(minutes=20)
"""How long after the close a session's bar is final; the free plan shows it with a delay of 15 minutes."""
OVERLAP_SESSIONS = 10
"""How many cached sessions are requested again, to verify them."""
BATCH_BARS = 100_000
"""About how many bars are fetched before they are written to the cache: ten pages."""
DAY, A_MONTH = timedelta(days=1), timedelta(days=30)
Fetched = CachedCloses | str | None
"""A symbol's closes; or why they must be fetched from the first day; or None where Alpaca sent nothing."""


@dataclass(frozen=True, slots=True)
class AlpacaSynced:
    """The result of updating the closes of `symbol_count` symbols to the session `last` with so many `requests`.

    `thrown_away` has the symbols whose cached closes were replaced, with the reason; `silent` those of which Alpaca
    sent nothing although closes are cached, with the last cached day.
    """

    last: date
    symbol_count: int
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
class AlpacaHistory:
    """`VenueHistory` of closes from the day `since` on, kept in `cache`."""

    client: AlpacaClient
    cache: ClosesCache
    calendar: Calendar
    clock: Clock
    since: date = FIRST_DAY
    progress: OnProgress = lambda _done, _total: None

    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        """The port's closes, a row for each session of the exchange, after bringing the cache up to date.

        Where Alpaca can't be read but every completed session is cached, the cache is used, with a note. Closes that
        are not adjusted for a split or dividend of today yet are adjusted here. Raises SourceError also where Alpaca
        has no close of the last completed session for any of `symbols`.
        """
        last = self.last_session()
        notes = self._brought_up_to_date(symbols, min(last.day, before - DAY))
        closes = self.cached(symbols, before)
        closes = replace(closes, notes=(*closes.notes, *notes))
        if before <= last.day or not len(closes.sessions):
            return closes
        _require_closes_of(last.day, closes)
        return self._restated(closes, min(before, self._today()), last)

    def bars(self, closes: Closes, read: BarsRead) -> Bars:
        """The port's bars, of sessions that are final."""
        last = self.last_session()
        return bars_beside(self.client, closes, read, last, partial(self._split_since, last.day))

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
        return corporate_actions(self.client, symbols, first, last)

    def cached(self, symbols: Sequence[Symbol], before: date) -> Closes:
        """The cached closes, a row for each session before `before`; asks Alpaca nothing."""
        note = f"Closes from Alpaca (feed {CONSOLIDATED}), adjusted for splits and dividends."
        closes = as_closes(self._known(symbols), symbols, self.calendar, self.since, before)
        return replace(closes, notes=(note,))

    def last_session(self) -> Session:
        """The last session whose bars are final. Raises SourceError where the calendar has none in two weeks."""
        now, today = self.clock.now(), self._today()
        days = self.calendar.sessions(today - LONGEST_CLOSURE, today)
        sessions = (self.calendar.session(day) for day in reversed(days))
        settled = (session for session in sessions if session and session.closes + SETTLED <= now)
        if (last := next(settled, None)) is None:
            raise SourceError(f"the calendar has no completed session in the two weeks before {today}")
        return last

    def sync(self, symbols: Sequence[Symbol]) -> AlpacaSynced:
        """Bring the cache up to the last completed session.

        Symbols whose cached closes prove wrong are fetched again from the first day. Raises SourceError; what was
        fetched before stays cached.
        """
        symbols, last = sorted(set(symbols)), self.last_session()
        requests, known = self.client.pages_requested, self._known(symbols)
        found: dict[Symbol, Fetched] = {}
        self.progress(0, len(symbols))

        def ask(starts: Mapping[Symbol, date]) -> None:
            for first, batch in _batches(self.calendar, starts, last.day):
                found.update(self._fetched(known, batch, first, last))
                self.progress(sum(not isinstance(one, str) for one in found.values()), len(symbols))

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
            found[symbol] = reconciled(known.get(symbol), answer, whole=first == self.since, currency=ALPACA.currency)
        self.cache.write(CONSOLIDATED, {symbol: one for symbol, one in found.items() if isinstance(one, CachedCloses)})
        return found

    def _start(self, known: CachedCloses | None, last: date) -> date:
        """The first day to request: that of the overlap, or an earlier one so that a cached close is verified."""
        if known is None or known.first > self.since:
            return self.since
        until = min(known.last, last)
        newest = min(known.days[-1].item() if known else until, until)
        return max(self.since, min(overlap_start(self.calendar, until), newest))

    def _split_since(self, last: date, symbols: Sequence[Symbol]) -> Mapping[Symbol, float]:
        """By symbol, how many shares one of the session `last` is today."""
        ratios = dict.fromkeys(symbols, 1.0)
        for action in self.actions(symbols, last + DAY, self._today()) if symbols else ():
            if action.kind == "split":
                ratios[action.symbol] *= float(action.ratio)
        return ratios

    def _known(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, CachedCloses]:
        return self.cache.read(CONSOLIDATED, symbols)

    def _today(self) -> date:
        return self.clock.now().astimezone(NEW_YORK).date()

    def _brought_up_to_date(self, symbols: Sequence[Symbol], needed: date) -> tuple[str, ...]:
        try:
            return self.sync(symbols).sentences()
        except SourceError as error:
            known = self._known(symbols)
            if not all(symbol in known and known[symbol].last >= needed for symbol in symbols):
                raise
            return (f"Alpaca's history can't be checked now; what is kept is complete up to {needed}. {error}",)

    def _restated(self, closes: Closes, today: date, last: Session) -> Closes:
        """Adjusted for actions since the session `last`; the bars are adjusted for earlier ones."""
        if today <= last.day:
            return closes
        try:
            actions = self.actions(closes.symbols, last.day + DAY, today)
            restated = sorted({action.symbol for action in actions if action.kind in COUNTED})
            first = overlap_start(self.calendar, last.day)
            traded = daily_closes(self.client, restated, first, last, "raw")
        except SourceError as error:
            note = f"Whether a split or dividend of {today} is in the closes can't be told. {error}"
            return replace(closes, notes=(*closes.notes, note))
        return adjusted_for(closes, traded, actions)


def _require_closes_of(last: date, closes: Closes) -> None:
    if closes.day(-1) != last or not np.isfinite(closes.values[-1]).any():
        symbols = counted(len(closes.symbols), "symbol")
        raise SourceError(
            f"Alpaca has no close of {last} for any of {symbols}. Run again later; if the exchange was "
            "shut on that day, install the newest pandas-market-calendars."
        )


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
