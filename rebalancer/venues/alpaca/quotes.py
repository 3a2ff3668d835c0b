"""Current prices by Alpaca's snapshots: one call for quotes, trades and bars of many symbols."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rebalancer.model import NEW_YORK, Bar, BarField, Quote, Snapshot, Symbol, Tick
from rebalancer.ports import Clock
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.full_bars import KEYS
from rebalancer.venues.alpaca.parse import finite
from rebalancer.venues.alpaca.transport import Json
from rebalancer.venues.alpaca.venue import CONSOLIDATED

MINUTE = timedelta(minutes=1)
NEVER = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
"""Alpaca writes 0001-01-01T00:00:00Z as the time of a quote or trade that does not exist."""
FOREVER = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
"""A minute later there is no time any more in some zone."""


@dataclass(frozen=True, slots=True)
class AlpacaQuotes:
    """`ports.Quotes`. `feed` is "iex", "sip" or "delayed_sip"."""

    _client: AlpacaClient
    _clock: Clock
    _feed: str

    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        """Zero prices and old times are passed on; an unreadable quote, trade or bar is None. Raises SourceError."""
        bodies: dict[str, Json] = {}
        for page in self._client.pages("/stocks/snapshots", symbols, {"feed": self._feed}):
            bodies |= page
        now = self._clock.now()
        # Open, high, low and volume of one exchange are not those of the market.
        keys = KEYS if self._feed == CONSOLIDATED else {}
        return {symbol: snapshot(symbol, bodies[symbol], now, keys) for symbol in symbols if bodies.get(symbol)}


def snapshot(symbol: Symbol, body: Json, now: datetime, keys: Mapping[BarField, str] = KEYS) -> Snapshot:
    """`bar` is the newest daily bar of any session, `previous` the newest one before the day of `now`.

    `keys` of the JSON are read beside the newest bar's close.
    """
    trade, today = _trade(body), now.astimezone(NEW_YORK).date()
    seen = [at for at in (trade and trade.at, _minute_end(body, now)) if at]
    newest, before = _bar(body, "dailyBar", seen, keys), _bar(body, "prevDailyBar", seen, {})
    earlier = [bar for bar in (newest, before) if bar and bar.session < today]
    previous = max(earlier, key=lambda bar: bar.session, default=None)
    return Snapshot(symbol, _quote(body), trade, newest, previous)


def _quote(body: Json) -> Quote | None:
    part = _part(body, "latestQuote")
    bid, ask, at = finite(part.get("bp")), finite(part.get("ap")), _time(part)
    return None if bid is None or ask is None or at is None else Quote(bid, ask, at)


def _trade(body: Json) -> Tick | None:
    part = _part(body, "latestTrade")
    price, at = finite(part.get("p")), _time(part)
    return None if price is None or at is None else Tick(price, at)


def _bar(body: Json, name: str, seen: Sequence[datetime], keys: Mapping[BarField, str]) -> Bar | None:
    """A daily bar has only its start time: the latest time `seen` on its day counts as its last update."""
    part = _part(body, name)
    close, began = finite(part.get("c")), _time(part)
    if close is None or began is None:
        return None
    session = began.astimezone(NEW_YORK).date()
    at = max((at for at in seen if at.astimezone(NEW_YORK).date() == session), default=began)
    rest = ((field, finite(part.get(key))) for field, key in keys.items())
    return Bar(session, close, at, {field: value for field, value in rest if value is not None})


def _minute_end(body: Json, now: datetime) -> datetime | None:
    began = _time(_part(body, "minuteBar"))
    return None if began is None else min(began + MINUTE, max(began, now))


def _part(body: Json, name: str) -> Json:
    part = body.get(name) if isinstance(body, dict) else None
    return part if isinstance(part, dict) else {}


def _time(part: Json) -> datetime | None:
    """None for anything but a time with a zone, and for times before NEVER."""
    text = part.get("t")
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return at.astimezone(UTC) if at and at.tzinfo and NEVER <= at <= FOREVER else None
    except (ValueError, OverflowError):
        return None
