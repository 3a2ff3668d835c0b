"""Market data of the local Alpaca: unadjusted closes, corporate actions, quotes and trades."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, Self

from local_alpaca import data_routes, sample
from local_alpaca.adjustments import Action, adjusted
from local_alpaca.parameters import NEW_YORK
from local_alpaca.sessions import Sessions

CENT = Decimal("0.01")
PAID_AFTER = timedelta(days=14)
"""How long after its ex-date a cash dividend is paid, which is when it is processed."""

Side = Literal["buy", "sell"]


@dataclass(frozen=True, slots=True)
class Quote:
    """Dollars; 0 for a side without a quote."""

    bid: Decimal
    ask: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class TapeTrade:
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class _Set:
    """Prices set by a test: valid from `at` on, or always current if `at` is None."""

    prices: tuple[Decimal, ...]
    at: datetime | None

    def stands(self, now: datetime) -> bool:
        return self.at is None or self.at <= now


class Tape:
    """Times are time-zone aware. Nothing after `now` is visible: closes of later days are not known yet.

    On a day that is listed the close of that day is traded from the first minute of the session on, unless `trade` says
    another price. Without `quote` there is a fresh one, a tick to either side, round the last price.

    page_limit        so many bars a page at most, whatever limit is asked for
    empty_last_page   the last bars come with a token, and nothing is behind it
    paid              the consolidated feed may be read without the delay of 15 minutes
    """

    def __init__(self, sessions: Sessions | None = None) -> None:
        self.sessions = sessions or Sessions()
        self.closes: dict[str, dict[date, Decimal]] = {}
        self.actions: list[Action] = []
        self.page_limit = 10_000
        self.empty_last_page = False
        self.paid = False
        self._quotes: dict[str, _Set] = {}
        self._trades: dict[str, _Set] = {}

    @classmethod
    def sample(cls) -> Self:
        """Twelve made-up funds under names that bots know, a close for each session from 2022 to 2028."""
        tape = cls()
        for symbol, closes in sample.closes().items():
            tape.list(symbol, closes)
        for symbol, day, dollars in sample.dividends():
            tape.action("cash_dividend", symbol, day, rate=dollars)
        return tape

    # ------------------------------------------------------------------------------------- what a test sets

    def list(self, symbol: str, closes: Mapping[date, Decimal]) -> None:
        """`closes` are unadjusted, in dollars, and are added to those that are known."""
        self.closes.setdefault(symbol, {}).update(closes)

    def quote(self, symbol: str, bid: Decimal | int, ask: Decimal | int, at: datetime | None = None) -> None:
        """Valid until the next quote. Without `at` its time is always the current time."""
        self._quotes[symbol] = _Set((Decimal(bid), Decimal(ask)), at)

    def trade(self, symbol: str, price: Decimal | int, at: datetime | None = None) -> None:
        """Valid until the next trade. Without `at` its time is always the current time."""
        self._trades[symbol] = _Set((Decimal(price),), at)

    def action(
        self,
        kind: str,
        symbol: str,
        ex_date: date,
        *,
        process_date: date | None = None,
        applied: bool = True,
        known_from: datetime | None = None,
        **fields: object,
    ) -> Action:
        """Announce a corporate action, such as `action("forward_split", "SPY", day, new_rate=2, old_rate=1)`.

        The fields of a kind are those of the body: rate; new_rate and old_rate; new_symbol. The raw closes stay as they
        are listed: a split is in them already. Answers are searched by `process_date`: the ex-date, but for a cash
        dividend the day it is paid.
        """
        processed = process_date or (ex_date + PAID_AFTER if kind == "cash_dividend" else ex_date)
        announced = Action(kind, symbol, ex_date, processed, applied, known_from, fields)
        self.actions.append(announced)
        return announced

    def drop_bar(self, symbol: str, day: date) -> None:
        del self.closes[symbol][day]

    def revise(self, symbol: str, day: date, close: Decimal | int) -> None:
        self.closes[symbol][day] = Decimal(close)

    # ------------------------------------------------------------------------------------- what the venue shows

    def answer(self, path: str, params: Mapping[str, str], now: datetime) -> tuple[int, Any]:
        """The HTTP status and the body for a GET of `path`."""
        return data_routes.answer(self, path, params, now)

    def days(self, symbol: str, now: datetime) -> dict[date, Decimal]:
        """The unadjusted bars: closes of earlier days, and today's bar so far once the session has begun."""
        here = now.astimezone(NEW_YORK)
        listed = self.closes.get(symbol, {})
        bars = {day: listed[day] for day in sorted(listed) if day < here.date()}
        today = self._bar_of_today(symbol, here)
        return bars if today is None else {**bars, here.date(): today}

    def series(self, symbol: str, now: datetime, kinds: frozenset[str]) -> dict[date, Decimal]:
        """The bars, adjusted for the actions of `kinds` up to today's ex-dates."""
        today = now.astimezone(NEW_YORK).date()
        effective = [action for action in self.actions if action.symbol == symbol and action.ex_date <= today]
        return adjusted(self.days(symbol, now), effective, kinds)

    def last(self, symbol: str, now: datetime) -> Decimal | None:
        """Dollars of the last trade, None for a symbol that never traded."""
        seen = self.last_trade(symbol, now)
        return seen.price if seen else None

    def last_trade(self, symbol: str, now: datetime) -> TapeTrade | None:
        bars = self.days(symbol, now)
        newest = max(bars, default=None)
        put_up = self._trades.get(symbol)
        if put_up and put_up.stands(now) and not (newest and newest > _day(put_up.at or now)):
            return TapeTrade(put_up.prices[0], put_up.at or now)
        return TapeTrade(bars[newest], self._end_of(newest, now)) if newest else None

    def last_quote(self, symbol: str, now: datetime) -> Quote | None:
        put_up, price = self._quotes.get(symbol), self.last(symbol, now)
        if put_up and put_up.stands(now):
            bid, ask = put_up.prices
            return Quote(bid, ask, put_up.at or now)
        if price is None:
            return None
        half = CENT if price >= 1 else CENT / 100
        return Quote(price - half, price + half, now)

    def far_side(self, symbol: str, side: Side, now: datetime) -> Decimal | None:
        """Fill price of a market order of `side`, in dollars: the opposite quote, or the last price without one."""
        quote = self.last_quote(symbol, now)
        if quote is None:
            return None
        return (quote.ask if side == "buy" else quote.bid) or self.last(symbol, now)

    def _bar_of_today(self, symbol: str, here: datetime) -> Decimal | None:
        session, listed = self.sessions.of(here.date()), self.closes.get(symbol, {}).get(here.date())
        put_up = self._trades.get(symbol)
        if session is None or here < session.opens:
            return None
        if here >= session.closes and listed is not None:
            return listed
        if put_up and put_up.stands(here) and _day(put_up.at or here) == here.date():
            return put_up.prices[0]
        return listed

    def _end_of(self, day: date, now: datetime) -> datetime:
        """The time of the last trade of `day` up to `now`."""
        session = self.sessions.of(day)
        return min(now, session.closes) if session else now


def _day(at: datetime) -> date:
    return at.astimezone(NEW_YORK).date()
