"""Settlement: when the proceeds of a sale are settled, and which buys used proceeds that were not."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from rebalancer.model import Side, Symbol
from rebalancer.ports import Calendar

LONGEST_WAIT = timedelta(days=14)
"""Longer than any closure since 1914, so that a later day need not be looked at."""


def settlement_day(calendar: Calendar, session: date) -> date:
    """The day on which the money of a sale in `session` is settled."""
    latest = session + LONGEST_WAIT
    later = calendar.sessions(session + timedelta(days=1), latest)
    return next((day for day in later if not banks_rest(day)), latest)


def banks_rest(day: date) -> bool:
    """On Columbus Day and Veterans Day stocks trade and nothing settles.

    The Federal Reserve keeps a holiday that falls on a Sunday on the Monday after it, and none that falls on a
    Saturday.
    """
    monday = day.weekday() == 0
    columbus_day = day.month == 10 and monday and 8 <= day.day <= 14
    veterans_day = day.month == 11 and (day.day == 11 or (monday and day.day == 12))
    return columbus_day or veterans_day


class Traded(NamedTuple):
    session: date
    side: Side
    symbol: Symbol


def bought_before_settlement(
    trades: Iterable[Traded], tonight: date, settled_on: Callable[[date], date]
) -> Mapping[Symbol, date]:
    """The symbols bought after a sale that is not settled tonight, each with the day on which the last of these is.

    `trades` are our own, the oldest first. `settled_on` says when a sale of a session is settled.
    """
    waiting: date | None = None
    found: dict[Symbol, date] = {}
    for session, side, symbol in trades:
        if side == "buy" and waiting is not None:
            found[symbol] = waiting
        elif side == "sell" and (due := settled_on(session)) > tonight:
            waiting = max(waiting or due, due)
    return found
