"""The span of each ticker's closes, its gaps, and moves that look wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from rebalancer.model import Closes, Floats, Symbol
from rebalancer.ports import Calendar

Days = NDArray[np.datetime64]

JUMP = 0.4
"""A larger fractional move between two closes is reported: an unadjusted split, or a typing error."""


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
    """Each symbol of `closes`, held against `sessions`, increasing: all that the exchange held up to the one that the
    prices should reach.
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
