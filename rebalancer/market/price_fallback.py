"""The price fallback: the quote's mid, else the last trade, else the daily bar; the first that passes its checks.

Pure: the time is in the gates. Gates are written "accept only if", so that NaN never passes.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal

from rebalancer.model import (
    NEW_YORK,
    US_DOLLARS,
    Bar,
    CorporateAction,
    NoPrice,
    Price,
    PriceSource,
    Quote,
    Session,
    Snapshot,
    Symbol,
    Tick,
    Trading,
)
from rebalancer.model.text import close_text, time_to_the_second

FUTURE_SECONDS = 5
"""How far a source's clock may run ahead of ours."""


@dataclass(frozen=True, slots=True)
class Gates:
    """Checks of a price: it is of `session`, and at `now` not older than `max_age_seconds` of its source, if given.

    It may differ from a known previous close by `max_distance_percent`; by any percentage where that is None.
    """

    session: date
    now: datetime
    max_spread_percent: Decimal
    max_age_seconds: Mapping[PriceSource, int] = field(default_factory=dict)
    max_distance_percent: Decimal | None = None
    zone: tzinfo = NEW_YORK
    currency: str = US_DOLLARS


def signal_gates(trading: Trading, session: Session, now: datetime, currency: str = US_DOLLARS) -> Gates:
    """For decisions: any price of the session, and a quote only if it is two-sided and not too wide."""
    return Gates(session.day, now, trading.max_spread_percent, zone=session.zone, currency=currency)


def order_gates(trading: Trading, session: Session, now: datetime, currency: str = US_DOLLARS) -> Gates:
    """For orders: a fresh price, not too far from the previous close."""
    return order_gates_of(trading, session.day, session.zone, now, currency)


def order_gates_of(trading: Trading, day: date, zone: tzinfo, now: datetime, currency: str) -> Gates:
    """Those of a session of which only its `day` and `zone` are known."""
    ages: Mapping[PriceSource, int] = {
        "quote": trading.max_quote_age_seconds,
        "trade": trading.max_trade_age_seconds,
        "bar": trading.max_bar_age_seconds,
    }
    most = trading.max_distance_percent
    return Gates(day, now, trading.max_spread_percent, ages, most, zone, currency)


def restated_previous(
    snapshots: Mapping[Symbol, Snapshot], actions: Iterable[CorporateAction], session: date
) -> dict[Symbol, Snapshot]:
    """`snapshots` with each previous close adjusted for the `actions` since.

    Actions with an ex-date after the close's session and up to `session` count; on one day, a dividend is subtracted
    before a split divides.
    """
    ordered = sorted(actions, key=lambda action: (action.day, action.kind))
    return {
        symbol: replace(snapshot, previous=_restated(snapshot, ordered, session))
        for symbol, snapshot in snapshots.items()
    }


def _restated(snapshot: Snapshot, actions: Iterable[CorporateAction], session: date) -> Bar | None:
    previous = snapshot.previous
    if previous is None:
        return None
    close = previous.close
    for action in actions:
        if action.symbol == snapshot.symbol and previous.session < action.day <= session:
            close = (close - action.dollars) / action.ratio
    return replace(previous, close=close)


def accepted_prices(
    symbols: Iterable[Symbol], snapshots: Mapping[Symbol, Snapshot], gates: Gates
) -> dict[Symbol, Price | NoPrice]:
    """Every symbol's accepted price, or why it has none."""
    return {symbol: accepted_price(snapshots.get(symbol, Snapshot(symbol)), gates) for symbol in symbols}


def accepted_price(snapshot: Snapshot, gates: Gates) -> Price | NoPrice:
    return chosen(snapshot, gates)[0]


def chosen(snapshot: Snapshot, gates: Gates) -> tuple[Price | NoPrice, tuple[str, ...]]:
    """The price, and why the sources before it were passed over."""
    reasons: list[str] = []
    for shown in (_quote(snapshot.quote, gates), _trade(snapshot.trade, gates), _bar(snapshot.bar, gates)):
        found = shown if isinstance(shown, str) else _admit(snapshot, shown, gates)
        if isinstance(found, Price):
            return found, tuple(reasons)
        reasons.append(found)
    return NoPrice(snapshot.symbol, tuple(reasons)), tuple(reasons)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The price of one source, before its session and age are checked."""

    rung: PriceSource
    value: Decimal
    session: date
    at: datetime
    ask: Decimal | None = None


def _quote(quote: Quote | None, gates: Gates) -> _Shown | str:
    if quote is None:
        return "There is no quote."
    bid, ask = f"{quote.bid} {gates.currency}", f"{quote.ask} {gates.currency}"
    if not (is_price(quote.bid) and is_price(quote.ask)):
        return f"The quote is not two-sided: its bid is {bid}, its ask {ask}."
    if not quote.bid <= quote.ask:
        return f"The quote is crossed: its bid of {bid} is above its ask of {ask}."
    mid = (quote.bid + quote.ask) / 2
    spread_percent = (quote.ask - quote.bid) / mid * 100
    if not spread_percent <= gates.max_spread_percent:
        return f"The quote is {spread_percent:.2f} % wide: at most {gates.max_spread_percent} % is accepted."
    return _Shown("quote", mid, quote.at.astimezone(gates.zone).date(), quote.at, quote.ask)


def _trade(trade: Tick | None, gates: Gates) -> _Shown | str:
    if trade is None:
        return "There is no trade."
    if not is_price(trade.price):
        return f"The last trade has a price of {trade.price} {gates.currency}."
    return _Shown("trade", trade.price, trade.at.astimezone(gates.zone).date(), trade.at)


def _bar(bar: Bar | None, gates: Gates) -> _Shown | str:
    if bar is None:
        return "There is no daily bar."
    if not is_price(bar.close):
        return f"The daily bar has a close of {bar.close} {gates.currency}."
    return _Shown("bar", bar.close, bar.session, bar.at)


def _admit(snapshot: Snapshot, shown: _Shown, gates: Gates) -> Price | str:
    if shown.session != gates.session:
        return f"The {shown.rung} is of {shown.session}, not of the session {gates.session}."
    age = (gates.now - shown.at).total_seconds()
    if not age >= -FUTURE_SECONDS:
        return f"The {shown.rung} of {time_to_the_second(shown.at, gates.zone)} is {-age:.0f} s ahead of the clock."
    most = gates.max_age_seconds.get(shown.rung, math.inf)
    if not age <= most:
        return f"The {shown.rung} is {age:.0f} s old: at most {most} s is accepted."
    if too_far := _too_far(shown, snapshot.previous, gates):
        return too_far
    previous = snapshot.previous.close if snapshot.previous else None
    return Price(snapshot.symbol, shown.value, shown.rung, shown.at, max(age, 0.0), shown.ask, previous)


def _too_far(shown: _Shown, previous: Bar | None, gates: Gates) -> str | None:
    most = gates.max_distance_percent
    if previous is None or most is None:
        return None
    if not is_price(previous.close):
        return f"The {shown.rung} can't be compared: the previous close is {previous.close} {gates.currency}."
    distance = abs(shown.value / previous.close - 1) * 100
    if distance <= most:
        return None
    return (
        f"The {shown.rung} of {close_text(shown.value, gates.currency)} is {distance:.2f} % away from the previous "
        f"close of {close_text(previous.close, gates.currency)}: at most {most} % is accepted."
    )


def is_price(value: Decimal) -> bool:
    """Finite and above 0: the only numbers that may price an order."""
    return value.is_finite() and value > 0
