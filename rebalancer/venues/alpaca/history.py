"""Adjusted daily closes from Alpaca, in a cache that is replaced after a split, a dividend or a correction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from rebalancer.errors import SourceError
from rebalancer.market.cache import ClosesCache
from rebalancer.market.cached_closes import as_closes
from rebalancer.model import NEW_YORK, Closes, CorporateAction, Session, Symbol
from rebalancer.ports import Calendar, Clock
from rebalancer.venues.alpaca.bars import ClosesByDay, daily_closes
from rebalancer.venues.alpaca.bulk import Bulk
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.corporate_actions import corporate_actions
from rebalancer.venues.alpaca.sync import AlpacaSynced, BarSource, overlap_start, sync
from rebalancer.venues.alpaca.unadjusted import COUNTED, adjusted_for
from rebalancer.venues.alpaca.venue import CONSOLIDATED, FIRST_DAY
from rebalancer.venues.plugin import OnProgress

SETTLED = timedelta(minutes=20)
"""After the close a session's bar counts as final; the free plan shows it with a delay of 15 minutes."""

DAY = timedelta(days=1)
LONGEST_CLOSURE = timedelta(days=14)


class AlpacaHistory:
    """`VenueHistory` of closes from `since` on. `feed` is "sip" or "iex"."""

    def __init__(
        self,
        client: AlpacaClient,
        cache: ClosesCache,
        calendar: Calendar,
        clock: Clock,
        since: date = FIRST_DAY,
        feed: str = CONSOLIDATED,
    ) -> None:
        self._supply = BarSource(Bulk(client), cache, calendar, since, feed)
        self._clock = clock

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

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
        return corporate_actions(self._supply.bulk, symbols, first, last)

    def cached(self, symbols: Sequence[Symbol], before: date) -> Closes:
        """The cached closes, a row for each session before `before`; asks Alpaca nothing."""
        supply = self._supply
        known = supply.cache.read(supply.feed, symbols)
        note = f"Closes from Alpaca (feed {supply.feed}), adjusted for splits and dividends."
        return replace(as_closes(known, symbols, supply.calendar, supply.since, before), notes=(note,))

    def last_session(self) -> Session:
        """The last session whose bars are final. Raises SourceError where the calendar has none in two weeks."""
        now, today = self._clock.now(), self._today()
        days = self._supply.calendar.sessions(today - LONGEST_CLOSURE, today)
        sessions = (self._supply.calendar.session(day) for day in reversed(days))
        settled = (session for session in sessions if session and session.closes + SETTLED <= now)
        if (last := next(settled, None)) is None:
            raise SourceError(f"the calendar has no completed session in the two weeks before {today}")
        return last

    def sync(self, symbols: Sequence[Symbol], progress: OnProgress = lambda _done, _total: None) -> AlpacaSynced:
        """Bring the cache up to the last completed session. Raises SourceError."""
        return sync(self._supply, sorted(set(symbols)), self.last_session(), progress)

    def _today(self) -> date:
        return self._clock.now().astimezone(NEW_YORK).date()

    def _brought_up_to_date(self, symbols: Sequence[Symbol], needed: date) -> tuple[str, ...]:
        try:
            return self.sync(symbols).sentences()
        except SourceError as error:
            known = self._supply.cache.read(self._supply.feed, symbols)
            if not all(symbol in known and known[symbol].last >= needed for symbol in symbols):
                raise
            return (f"Alpaca's history can't be checked now; what is kept is complete up to {needed}. {error}",)

    def _restated(self, closes: Closes, today: date, last: Session) -> Closes:
        """Adjusted for actions since the session `last`; the bars are adjusted for earlier ones."""
        if today <= last.day:
            return closes
        try:
            actions = self.actions(closes.symbols, last.day + DAY, today)
            traded = self._traded({action.symbol for action in actions if action.kind in COUNTED}, last)
        except SourceError as error:
            note = f"Whether a split or dividend of {today} is in the closes can't be told. {error}"
            return replace(closes, notes=(*closes.notes, note))
        return adjusted_for(closes, traded, actions)

    def _traded(self, symbols: set[Symbol], last: Session) -> Mapping[Symbol, ClosesByDay]:
        """The last unadjusted closes."""
        first = overlap_start(self._supply.calendar, last.day)
        return daily_closes(self._supply.bulk, sorted(symbols), first, last, feed=self._supply.feed, adjustment="raw")


def _require_closes_of(last: date, closes: Closes) -> None:
    if closes.day(-1) != last or not np.isfinite(closes.values[-1]).any():
        raise SourceError(
            f"Alpaca has no close of {last} for any of {len(closes.symbols)} symbols. Run again later; if the exchange "
            "was shut on that day, install the newest pandas-market-calendars."
        )
