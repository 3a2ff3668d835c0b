"""JSON bodies of the latest quote, trade, bar and snapshot. Numbers are JSON numbers here."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from local_alpaca.parameters import NEW_YORK, BadRequest, Params, one_of, symbols_of

if TYPE_CHECKING:
    from local_alpaca.tape import Tape

Body = dict[str, Any]
DELAY = timedelta(minutes=15)
FEEDS = frozenset({"iex", "sip", "delayed_sip", "otc", "boats", "overnight"})
VOLUMES = {"iex": 25_000, "sip": 1_000_000}


def each(tape: "Tape", params: Params, now: datetime, shown: Callable[..., Body | None]) -> dict[str, Body]:
    """`shown` of every requested symbol; a symbol without one is absent."""
    feed = one_of("feed", params, default="sip" if tape.paid else "iex", allowed=FEEDS)
    if feed == "sip" and not tape.paid:
        raise BadRequest("subscription does not permit querying recent SIP data", 403)
    seen = now - DELAY if feed == "delayed_sip" else now
    bodies = {symbol: shown(tape, symbol, seen, feed) for symbol in symbols_of(params)}
    return {symbol: body for symbol, body in bodies.items() if body is not None}


def quote(tape: "Tape", symbol: str, now: datetime, feed: str) -> Body | None:
    found = tape.last_quote(symbol, now)
    if found is None:
        return None
    sides = {"ap": float(found.ask), "as": 100 * bool(found.ask), "bp": float(found.bid), "bs": 100 * bool(found.bid)}
    return {**sides, "ax": "V", "bx": "V", "c": ["R"], "t": stamp(found.at), "z": "B"}


def trade(tape: "Tape", symbol: str, now: datetime, feed: str) -> Body | None:
    found = tape.last_trade(symbol, now)
    if found is None:
        return None
    return {"c": ["@"], "i": 826, "p": float(found.price), "s": 100, "t": stamp(found.at), "x": "V", "z": "B"}


def minute_bar(tape: "Tape", symbol: str, now: datetime, feed: str) -> Body | None:
    found = tape.last_trade(symbol, now)
    return bar(found.price, found.at.replace(second=0, microsecond=0), feed) if found else None


def snapshot(tape: "Tape", symbol: str, now: datetime, feed: str) -> Body | None:
    """`dailyBar` is that of the last session with a trade: before today's first trade, of an earlier session."""
    bars = [
        bar(close, datetime.combine(day, time(), NEW_YORK), feed)
        for day, close in list(tape.days(symbol, now).items())[-2:]
    ]
    parts = {
        "dailyBar": bars[-1] if bars else None,
        "latestQuote": quote(tape, symbol, now, feed),
        "latestTrade": trade(tape, symbol, now, feed),
        "minuteBar": minute_bar(tape, symbol, now, feed),
        "prevDailyBar": bars[-2] if len(bars) > 1 else None,
    }
    return {name: part for name, part in parts.items() if part is not None} or None


def bar(price: Decimal, at: datetime, feed: str, shares: Decimal = Decimal(1)) -> Body:
    """A bar from 1 % below its close to 2 % above, opened at the low; `shares` of today were one on its day."""

    def dollars(factor: str) -> float:
        return float(round(price * Decimal(factor), 4))

    return {
        "c": dollars("1"),
        "h": dollars("1.02"),
        "l": dollars("0.99"),
        "n": 100,
        "o": dollars("0.99"),
        "t": stamp(at),
        "v": round(VOLUMES.get(feed, 5_000) * shares),
        "vw": dollars("1"),
    }


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC, with a fraction only if there is one, as the venue writes it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


LATEST: Mapping[str, Callable[..., Body | None]] = {"quotes": quote, "trades": trade, "bars": minute_bar}
