"""Daily closes by Alpaca's bars."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

from rebalancer.errors import SourceError
from rebalancer.model import NEW_YORK, Session, Symbol
from rebalancer.venues.alpaca.bulk import Bulk

ClosesByDay = dict[date, float]
MOST_A_PAGE = 10_000


def daily_closes(
    bulk: Bulk, symbols: Sequence[Symbol], first: date, last: Session, *, feed: str, adjustment: str
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
        "feed": feed,
        "limit": str(MOST_A_PAGE),
    }
    found: dict[Symbol, ClosesByDay] = {symbol: {} for symbol in symbols}
    for page in bulk.pages("/stocks/bars", symbols, params):
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
