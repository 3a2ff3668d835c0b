"""What was bought with the money of sales that are not settled yet."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from rebalancer.model import Side, Symbol


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
