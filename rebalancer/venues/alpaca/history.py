"""Adjusted daily closes from Alpaca, in a cache that is replaced after a split, a dividend or a correction."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from rebalancer.errors import SourceError
from rebalancer.market.cache import ClosesCache, as_closes
from rebalancer.market.clock import LONGEST_CLOSURE
from rebalancer.model import NEW_YORK, Closes, CorporateAction, Floats, Session, Symbol
from rebalancer.ports import Calendar, Clock
from rebalancer.venues.alpaca.bars import AlpacaSynced, CachedBars, daily_closes, overlap_start
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.corporate_actions import corporate_actions
from rebalancer.venues.alpaca.venue import CONSOLIDATED, FIRST_DAY
from rebalancer.venues.plugin import OnProgress

SETTLED = timedelta(minutes=20)
"""After the close a session's bar counts as final; the free plan shows it with a delay of 15 minutes."""

DAY = timedelta(days=1)
COUNTED = ("split", "dividend")
"""Kinds of corporate actions whose effect on earlier closes is known."""


class AlpacaHistory:
    """`VenueHistory` of closes from `since` on."""

    def __init__(
        self,
        client: AlpacaClient,
        cache: ClosesCache,
        calendar: Calendar,
        clock: Clock,
        since: date = FIRST_DAY,
    ) -> None:
        self._bars = CachedBars(client, cache, calendar, since)
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
        return corporate_actions(self._bars.client, symbols, first, last)

    def cached(self, symbols: Sequence[Symbol], before: date) -> Closes:
        """The cached closes, a row for each session before `before`; asks Alpaca nothing."""
        note = f"Closes from Alpaca (feed {CONSOLIDATED}), adjusted for splits and dividends."
        closes = as_closes(self._bars.read(symbols), symbols, self._bars.calendar, self._bars.since, before)
        return replace(closes, notes=(note,))

    def last_session(self) -> Session:
        """The last session whose bars are final. Raises SourceError where the calendar has none in two weeks."""
        now, today = self._clock.now(), self._today()
        days = self._bars.calendar.sessions(today - LONGEST_CLOSURE, today)
        sessions = (self._bars.calendar.session(day) for day in reversed(days))
        settled = (session for session in sessions if session and session.closes + SETTLED <= now)
        if (last := next(settled, None)) is None:
            raise SourceError(f"the calendar has no completed session in the two weeks before {today}")
        return last

    def sync(self, symbols: Sequence[Symbol], progress: OnProgress = lambda _done, _total: None) -> AlpacaSynced:
        """Bring the cache up to the last completed session. Raises SourceError."""
        return self._bars.sync(sorted(set(symbols)), self.last_session(), progress)

    def _today(self) -> date:
        return self._clock.now().astimezone(NEW_YORK).date()

    def _brought_up_to_date(self, symbols: Sequence[Symbol], needed: date) -> tuple[str, ...]:
        try:
            return self.sync(symbols).sentences()
        except SourceError as error:
            known = self._bars.read(symbols)
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
            first = overlap_start(self._bars.calendar, last.day)
            traded = daily_closes(self._bars.client, restated, first, last, "raw")
        except SourceError as error:
            note = f"Whether a split or dividend of {today} is in the closes can't be told. {error}"
            return replace(closes, notes=(*closes.notes, note))
        return adjusted_for(closes, traded, actions)


def _require_closes_of(last: date, closes: Closes) -> None:
    if closes.day(-1) != last or not np.isfinite(closes.values[-1]).any():
        raise SourceError(
            f"Alpaca has no close of {last} for any of {len(closes.symbols)} symbols. Run again later; if the exchange "
            "was shut on that day, install the newest pandas-market-calendars."
        )


def adjusted_for(
    closes: Closes, traded: Mapping[Symbol, Mapping[date, float]], actions: Sequence[CorporateAction]
) -> Closes:
    """`closes` adjusted for `actions`, all of the day after the last session, with a note for each.

    `traded` are unadjusted closes in dollars. Where a symbol's last adjusted close is nearer to its traded close than
    to the close that the actions imply, the bars do not reflect the actions yet, and its closes are multiplied: by
    old / new shares for a split, by 1 - dividend / close for a dividend, which is paid on the old shares. Where that
    can't be decided, or the action has no known effect, there is only the note.
    """
    values, notes = closes.values.copy(), list(closes.notes)
    for column, symbol in enumerate(closes.symbols):
        own = [action for action in actions if action.symbol == symbol]
        notes.extend(_marks(own))
        counted = [action for action in own if action.kind in COUNTED]
        if counted and np.isfinite(values[:, column]).any():
            notes.extend(_restate(values[:, column], closes, traded.get(symbol, {}), counted))
    return replace(closes, values=values, notes=tuple(notes))


def _marks(actions: Sequence[CorporateAction]) -> Iterator[str]:
    for action in actions:
        if action.kind not in COUNTED:
            yield f"{action.symbol}: {action.words}: its closes are not adjusted for it, and may mislead its bots."


def _restate(
    prices: Floats, closes: Closes, traded: Mapping[date, float], actions: Sequence[CorporateAction]
) -> Iterator[str]:
    """Multiplies `prices` in place unless they are adjusted for the actions already."""
    symbol, words = actions[0].symbol, " and ".join(action.words for action in actions)
    last = int(np.flatnonzero(np.isfinite(prices))[-1])
    day, adjusted = closes.day(last), float(prices[last])
    raw = traded.get(day, math.nan)
    factor = _factor(actions, raw)
    if not (math.isfinite(factor) and factor > 0):
        yield f"{symbol}: {words}: whether its closes are adjusted for it can't be told, and they may mislead its bots."
    elif not abs(adjusted / raw - factor) <= abs(adjusted / raw - 1):
        prices *= factor
        yield (
            f"{symbol}: {words}: Alpaca's closes are not adjusted for it yet, so they are multiplied by {factor:.6g} "
            f"here: {adjusted:,.4f} USD of {day} became {prices[last]:,.4f} USD."
        )


def _factor(actions: Sequence[CorporateAction], raw: float) -> float:
    dollars = sum(float(action.dollars) for action in actions)
    ratio = math.prod(float(action.ratio) for action in actions)
    return (1 - dollars / raw) / ratio
