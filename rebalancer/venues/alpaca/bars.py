"""Alpaca's daily bars: fetched as closes by day, and closes adjusted for actions that the bars do not reflect yet."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

import numpy as np

from rebalancer.errors import SourceError
from rebalancer.model import NEW_YORK, Closes, CorporateAction, Floats, Session, Symbol
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.parse import finite
from rebalancer.venues.alpaca.venue import CONSOLIDATED

ClosesByDay = dict[date, float]
DailyBars = dict[date, tuple[float, ...]]
"""The fields of a symbol's bars by New York day, NaN for one that is no number."""
MOST_A_PAGE = 10_000
COUNTED = ("split", "dividend")
"""Kinds of corporate actions whose effect on earlier closes is known."""


def daily_closes(
    client: AlpacaClient, symbols: Sequence[Symbol], first: date, last: Session, adjustment: str
) -> dict[Symbol, ClosesByDay]:
    """Closes in dollars from `first` to the session `last`, by symbol and New York day; none where there is no bar.

    `adjustment` is Alpaca's parameter: "all", or "raw" for traded prices. Closes that are not above 0 are left out.
    Raises SourceError for a response that can't be read, and for two different closes of one day.
    """
    found: dict[Symbol, ClosesByDay] = {symbol: {} for symbol in symbols}
    _read(client, symbols, first, last, adjustment, lambda symbol, bars: _take(found[symbol], bars, symbol))
    return found


def daily_bars(
    client: AlpacaClient, symbols: Sequence[Symbol], first: date, last: Session, adjustment: str, keys: Sequence[str]
) -> dict[Symbol, DailyBars]:
    """As `daily_closes`, what bars have under the `keys` of Alpaca's JSON. Raises as that does."""
    found: dict[Symbol, DailyBars] = {symbol: {} for symbol in symbols}

    def take(symbol: Symbol, bars: Sequence[Mapping[str, Any]]) -> None:
        for bar in bars:
            day, values = new_york_day(bar["t"]), tuple(_number(bar.get(key)) for key in keys)
            if repr(found[symbol].setdefault(day, values)) != repr(values):
                raise SourceError(f"Alpaca has two bars of {symbol} on {day}: neither is used. Run again later.")

    _read(client, symbols, first, last, adjustment, take)
    return found


def _number(written: object) -> float:
    return math.nan if (found := finite(written)) is None else float(found)


def _read(
    client: AlpacaClient,
    symbols: Sequence[Symbol],
    first: date,
    last: Session,
    adjustment: str,
    take: Callable[[Symbol, Sequence[Mapping[str, Any]]], None],
) -> None:
    params = {
        "timeframe": "1Day",
        "start": _utc(datetime.combine(first, time(), NEW_YORK)),
        # The free plan has no SIP prices of the last 15 minutes; a completed session closed before that.
        "end": _utc(last.closes),
        "adjustment": adjustment,
        "feed": CONSOLIDATED,
        "limit": str(MOST_A_PAGE),
    }
    for page in client.pages("/stocks/bars", symbols, params):
        try:
            bars = page["bars"] or {}
            for symbol in symbols:
                take(symbol, bars.get(symbol, ()))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise SourceError(f"Alpaca's daily bars can't be read ({error!r}): run again later.") from error


def _take(closes: ClosesByDay, bars: Sequence[Mapping[str, Any]], symbol: Symbol) -> None:
    for bar in bars:
        day, written = new_york_day(bar["t"]), bar["c"]
        found = finite(written)
        if found is None and not isinstance(written, float):  # NaN and infinity are floats
            raise ValueError("a close is no number")
        if found is None or found <= 0:
            continue
        close = float(found)
        if closes.setdefault(day, close) != close:
            raise SourceError(
                f"Alpaca has two closes of {symbol} on {day}, {closes[day]} and {close} USD: neither is used. Run "
                "again later."
            )


@lru_cache(maxsize=20_000)
def new_york_day(text: str) -> date:
    """The day of a daily bar, whose time is midnight in New York. Cached: symbols share days.

    Raises ValueError, and OverflowError for the first and the last day there is.
    """
    return datetime.fromisoformat(text).astimezone(NEW_YORK).date()


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


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
