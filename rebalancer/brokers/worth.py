"""What a holding of the sim broker is worth: at the market, else at its last close."""

from datetime import date
from decimal import Decimal

from rebalancer.brokers.rules import is_price, market
from rebalancer.errors import SourceError
from rebalancer.model import Fill, Position, Snapshot, Symbol


def valued(symbol: Symbol, held: Decimal, snapshot: Snapshot | None, last_fill: Fill | None) -> Position:
    """At the middle of the market; where it shows no price, at the last close that is known, else at the last fill.

    Raises SourceError where nobody knows a price: a holding is never worth nothing by mistake.
    """
    if (here := market(snapshot)) is not None:
        return Position(symbol, held, held * here.middle)
    if (last := _last_price(snapshot, last_fill)) is None:
        raise SourceError(
            f"the sim account holds {symbol}, which never had a price here: it can't be valued. Give [data] its closes."
        )
    day, price = last
    return Position(symbol, held, held * price, last_close=day)


def _last_price(snapshot: Snapshot | None, last_fill: Fill | None) -> tuple[date, Decimal] | None:
    close = snapshot.previous if snapshot else None
    if close and is_price(close.close):
        return close.session, close.close
    return (last_fill.at.date(), last_fill.price) if last_fill else None
