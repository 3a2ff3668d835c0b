"""Figures of a whole evening from the venue's own records, for independent checks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from local_alpaca.book import Book
from local_alpaca.limits import MINUTE
from local_alpaca.orders import Order


@dataclass(frozen=True, slots=True)
class Audit:
    """`posts`: orders sent, accepted or not. `repeated`: client ids received more than once. `lowest_cash` in dollars.

    `busiest_minute`: most requests on the trading paths in any sixty seconds, refused ones included.
    """

    posts: int
    repeated: tuple[str, ...]
    lowest_cash: Decimal
    shorts: tuple[str, ...]
    busiest_minute: int
    orders: dict[str, tuple[Order, ...]]


def audit(book: Book, client_ids: Sequence[str], trading: Iterable[datetime]) -> Audit:
    symbols = sorted({order.ticket.symbol for order in book.orders})
    return Audit(
        posts=len(client_ids),
        repeated=tuple(name for name, times in Counter(client_ids).items() if times > 1),
        lowest_cash=book.lowest_cash,
        shorts=tuple(symbol for symbol, holding in book.holdings.items() if holding.shares < 0),
        busiest_minute=_busiest(sorted(trading)),
        orders={symbol: tuple(o for o in book.orders if o.ticket.symbol == symbol) for symbol in symbols},
    )


def _busiest(times: Sequence[datetime]) -> int:
    most = start = 0
    for end, at in enumerate(times):
        while times[start] <= at - MINUTE:
            start += 1
        most = max(most, end - start + 1)
    return most
