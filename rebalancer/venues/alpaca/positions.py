"""Positions at Alpaca, one without a market value among them too."""

from decimal import Decimal

from rebalancer.model import Position
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.body import Body, bodies
from rebalancer.venues.alpaca.client import AlpacaClient

ZERO = Decimal(0)
MISSING = object()
"""Unlike null, a missing field is an error."""


def positions(client: AlpacaClient) -> tuple[Position, ...]:
    """A position whose `market_value` is null, as for a halted or delisted symbol, is valued by the rest of equity.

    That is equity less cash and the other positions; several positions without a value share it evenly.
    """
    rows = bodies("position", client.read("/positions"))
    valued = [row for row in rows if row.fields.get("market_value", MISSING) is not None]
    if len(valued) == len(rows):
        return tuple(map(parse.position, rows))
    account = Body.of("account", client.read("/account"))
    rest = account.number("equity") - account.number("cash")
    rest -= sum((row.number("market_value") for row in valued), ZERO)
    each = max(ZERO, rest) / (len(rows) - len(valued))
    return tuple(parse.position(row) if row in valued else parse.position(row, each) for row in rows)
