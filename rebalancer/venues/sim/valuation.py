"""The market value of a simulated position: at the market, else at its last close."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import Fill, Instrument, Position, Snapshot, Symbol
from rebalancer.venues.order_rules import is_price, market

LastFill = Callable[[Symbol], Fill | None]


def valued(instrument: Instrument, held: Decimal, snapshot: Snapshot | None, last_fill: LastFill) -> Position:
    """Valued at the mid price; without one at the last known close, else at the last fill.

    Raises SourceError where no price is known, rather than valuing the position at 0.
    """
    symbol = instrument.symbol
    if (here := market(snapshot)) is not None:
        return Position(symbol, held, held * here.middle, instrument.asset_class)
    if (last := _last_close(snapshot) or _filled(last_fill(symbol))) is None:
        raise SourceError(
            f"the sim account holds {symbol}, which never had a price here: it can't be valued. Give [data] its closes."
        )
    day, price = last
    return Position(symbol, held, held * price, instrument.asset_class, last_close=day)


def _last_close(snapshot: Snapshot | None) -> tuple[date, Decimal] | None:
    close = snapshot.previous if snapshot else None
    return (close.session, close.close) if close and is_price(close.close) else None


def _filled(fill: Fill | None) -> tuple[date, Decimal] | None:
    return (fill.at.date(), fill.price) if fill else None
