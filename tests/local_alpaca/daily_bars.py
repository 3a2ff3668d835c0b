"""Daily bars in pages, sorted by symbol and then by time across all requested symbols and days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from local_alpaca.adjustments import SPLITS, kinds_of
from local_alpaca.latest_prices import bar
from local_alpaca.parameters import (
    NEW_YORK,
    BadRequest,
    Params,
    from_token,
    limit,
    moment,
    one_of,
    symbols_of,
    to_token,
)

if TYPE_CHECKING:
    from local_alpaca.tape import Tape

DELAY = timedelta(minutes=15)
RECENT_SIP = "subscription does not permit querying recent SIP data"
FEEDS = frozenset({"sip", "iex", "otc", "boats"})


@dataclass(frozen=True, slots=True)
class BarsRequest:
    """`seen` is the latest time that the feed may show; `after` the last bar of the previous page."""

    symbols: list[str]
    start: datetime
    end: datetime
    seen: datetime
    feed: str
    kinds: frozenset[str]
    limit: int
    newest_first: bool
    after: tuple[str, date] | None

    @classmethod
    def read(cls, params: Params, now: datetime, *, paid: bool) -> Self:
        symbols = symbols_of(params)
        one_of("timeframe", params, default="", allowed=frozenset({"1Day", "1D"}))
        feed = one_of("feed", params, default="sip", allowed=FEEDS)
        seen = now - DELAY if feed == "sip" and not paid else now
        start = moment("start", params, midnight(now.astimezone(NEW_YORK).date()))
        end = moment("end", params, seen)
        if end < start:
            raise BadRequest("end should not be before start")
        if end > seen and feed == "sip":
            raise BadRequest(RECENT_SIP, 403)
        kinds = kinds_of(params.get("adjustment", "raw"))
        if kinds is None:
            raise BadRequest(f"invalid adjustment: {params['adjustment']}")
        sort = one_of("sort", params, default="asc", allowed=frozenset({"asc", "desc"}))
        most = limit(params, default=1000, most=10_000)
        return cls(symbols, start, end, seen, feed, kinds, most, sort == "desc", _last_bar(params))


def page(tape: "Tape", params: Params, now: datetime) -> dict[str, Any]:
    asked = BarsRequest.read(params, now, paid=tape.paid)
    most = min(asked.limit, tape.page_limit)
    bars: dict[str, list[dict[str, Any]]] = {}
    last: tuple[str, date] | None = None
    for count, (symbol, day, close, shares) in enumerate(_bars(tape, asked)):
        if count == most:
            return {"bars": bars, "next_page_token": _token(last)}
        bars.setdefault(symbol, []).append(bar(close, midnight(day), asked.feed, shares))
        last = symbol, day
    return {"bars": bars, "next_page_token": _token(last) if tape.empty_last_page else None}


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK)


def _bars(tape: "Tape", asked: BarsRequest) -> Iterator[tuple[str, date, Decimal, Decimal]]:
    """The requested bars that were on no earlier page: symbol, day, close, and the shares of today that were one."""
    for symbol in asked.symbols:
        if asked.after and symbol < asked.after[0]:
            continue
        series = tape.series(symbol, asked.seen, asked.kinds)
        traded, split = tape.days(symbol, asked.seen), tape.series(symbol, asked.seen, asked.kinds & SPLITS)
        for day in sorted(series, reverse=asked.newest_first):
            if asked.start <= midnight(day) <= asked.end and not _shown(asked, symbol, day):
                yield symbol, day, series[day], traded[day] / split[day]


def _shown(asked: BarsRequest, symbol: str, day: date) -> bool:
    if asked.after is None or symbol != asked.after[0]:
        return False
    return day >= asked.after[1] if asked.newest_first else day <= asked.after[1]


def _token(last: tuple[str, date] | None) -> str | None:
    return to_token(last[0], "D", last[1]) if last else None


def _last_bar(params: Params) -> tuple[str, date] | None:
    parts = from_token(params)
    if parts is None:
        return None
    try:
        symbol, _, day = parts
        return symbol, date.fromisoformat(day)
    except ValueError as error:
        raise BadRequest("invalid page_token") from error
