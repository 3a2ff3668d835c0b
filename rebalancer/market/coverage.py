"""Checks of closes: each ticker's span and gaps, and price jumps that no corporate action explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rebalancer.model import US_DOLLARS, Closes, CorporateAction, Floats, Symbol
from rebalancer.model.text import close_text
from rebalancer.ports import Calendar

Days = NDArray[np.datetime64]

JUMP = 0.4
"""A larger fractional move between two closes is reported: an unadjusted split, or a typing error."""
WATCHED_SESSIONS = 5


@dataclass(frozen=True, slots=True)
class Jump:
    """`change` is the fraction from the last close before `day` to that of `day`."""

    day: date
    change: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """One ticker's closes. `first` and `last` are None where it has none at all.

    `sessions` counts its closes on sessions of the exchange, `missing` are the sessions between `first` and `last`
    without one, `strangers` the days with a close on which the exchange was shut. `behind` is how many of the
    exchange's sessions have passed since `last`.
    """

    symbol: Symbol
    first: date | None
    last: date | None
    sessions: int
    missing: tuple[date, ...]
    strangers: tuple[date, ...]
    behind: int
    jumps: tuple[Jump, ...]


def sessions_due(calendar: Calendar, closes: Closes, now: datetime) -> tuple[date, ...]:
    """The sessions from the first day of `closes` that have closed at `now`, and today's where `closes` reach it.

    None where there are no closes.
    """
    if not len(closes.sessions):
        return ()
    today = now.astimezone(calendar.zone).date()
    held = [session for day in calendar.sessions(closes.day(0), today) if (session := calendar.session(day))]
    return tuple(session.day for session in held if session.closes <= now or session.day <= closes.day(-1))


def coverage(closes: Closes, sessions: Sequence[date]) -> tuple[Coverage, ...]:
    """The coverage of each symbol of `closes` by `sessions`, increasing: all sessions of the exchange up to the one
    that the prices should reach.
    """
    exchange = np.array(sessions, dtype="datetime64[D]")
    return tuple(
        _of_one(name, closes.sessions, closes.values[:, at], exchange) for at, name in enumerate(closes.symbols)
    )


def _of_one(name: Symbol, rows: Days, prices: Floats, exchange: Days) -> Coverage:
    priced = np.flatnonzero(~np.isnan(prices))
    if not priced.size:
        return Coverage(name, None, None, 0, (), (), len(exchange), ())
    days = rows[priced]
    due = exchange[(exchange >= days[0]) & (exchange <= days[-1])]
    held = np.isin(days, exchange)
    return Coverage(
        symbol=name,
        first=days[0].item(),
        last=days[-1].item(),
        sessions=int(held.sum()),
        missing=tuple(due[~np.isin(due, days)].tolist()),
        strangers=tuple(days[~held].tolist()),
        behind=int((exchange > days[-1]).sum()),
        jumps=_jumps(days, prices[priced]),
    )


def _jumps(days: Days, prices: Floats) -> tuple[Jump, ...]:
    changes = prices[1:] / prices[:-1] - 1
    return tuple(Jump(days[at + 1].item(), float(changes[at])) for at in np.flatnonzero(~(np.abs(changes) <= JUMP)))


def unexplained_jumps(
    closes: Closes, actions: Sequence[CorporateAction], most_percent: Decimal, currency: str = US_DOLLARS
) -> Mapping[Symbol, str]:
    """Symbols whose close moved by more than `most_percent` in one of the last WATCHED_SESSIONS rows, with a sentence.

    A close is compared with the last known one before it. An action of kind "other" between them explains any move,
    since its effect on the price is unknown. Splits and dividends explain none: adjusted closes do not show them, so
    one that shows means that the closes are not adjusted for it.
    """
    found = {}
    for column, symbol in enumerate(closes.symbols):
        prices = closes.values[:, column]
        for rows in _moves(prices):
            before, after = map(closes.day, rows)
            between = [each for each in actions if each.symbol == symbol and before < each.day <= after]
            percent = float(100 * (prices[rows[1]] / prices[rows[0]] - 1))
            if not abs(percent) <= most_percent and not any(action.kind == "other" for action in between):
                move = _move(closes, column, rows, percent, currency)
                why = " and ".join(action.words for action in between)
                reason = f"its closes are not adjusted for the {why}" if why else "no corporate action explains it"
                remedy = f"check its bars, or raise trading.max_jump_percent ({most_percent})"
                found[symbol] = f"{move}, and {reason}: {remedy}"
    return found


def _moves(prices: Floats) -> list[tuple[int, int]]:
    """Pairs of rows: the last row with a close before, and each of the last WATCHED_SESSIONS rows with a close."""
    known = np.flatnonzero(np.isfinite(prices) & (prices > 0)).tolist()
    return [rows for rows in pairwise(known) if rows[1] >= len(prices) - WATCHED_SESSIONS]


def _move(closes: Closes, column: int, rows: tuple[int, int], percent: float, currency: str) -> str:
    before, after = (close_text(Decimal(str(closes.values[row, column])), currency) for row in rows)
    last = "tonight's price" if closes.provisional and rows[1] == len(closes.sessions) - 1 else "the close"
    first_day, last_day = map(closes.day, rows)
    return f"{last} of {last_day}, {after}, is {percent:+.2f} % from {before} on {first_day}"
