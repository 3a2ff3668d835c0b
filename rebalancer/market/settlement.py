"""Settlement on US exchanges: when proceeds of a sale are settled, and which buys used unsettled ones.

Trades settle one session later (T+1, SEC rule 15c6-1), and never on a bank holiday. Rules of other countries are
unknown here.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from rebalancer.model import NEW_YORK, Side, Symbol
from rebalancer.ports import Calendar

LONGEST_WAIT = timedelta(days=14)
"""Longer than any closure since 1914, so that later days need no check."""


def settles_by_us_rules(calendar: Calendar) -> bool:
    """Whether the exchange is in New York, as all US stock exchanges are for this purpose."""
    return calendar.zone == NEW_YORK


def settlement_day(calendar: Calendar, session: date) -> date:
    """The day on which the proceeds of a sale in `session` are settled."""
    latest = session + LONGEST_WAIT
    later = calendar.sessions(session + timedelta(days=1), latest)
    return next((day for day in later if not is_bank_holiday(day)), latest)


def is_bank_holiday(day: date) -> bool:
    """Whether `day` is Columbus Day or Veterans Day, on which US exchanges trade and nothing settles.

    The Federal Reserve observes a Sunday holiday on the Monday after, and a Saturday one not at all.
    """
    monday = day.weekday() == 0
    columbus_day = day.month == 10 and monday and 8 <= day.day <= 14
    veterans_day = day.month == 11 and (day.day == 11 or (monday and day.day == 12))
    return columbus_day or veterans_day


class OwnTrade(NamedTuple):
    session: date
    side: Side
    symbol: Symbol


def bought_before_settlement(
    trades: Iterable[OwnTrade], tonight: date, settled_on: Callable[[date], date]
) -> Mapping[Symbol, date]:
    """The symbols bought after a sale that is unsettled tonight, with the latest settlement day of such sales.

    `trades` are our own, the oldest first. `settled_on` gives the settlement day of a session's sales.
    """
    waiting: date | None = None
    found: dict[Symbol, date] = {}
    for session, side, symbol in trades:
        if side == "buy" and waiting is not None:
            found[symbol] = waiting
        elif side == "sell" and (due := settled_on(session)) > tonight:
            waiting = max(waiting or due, due)
    return found
