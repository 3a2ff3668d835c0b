"""What the account holds at Alpaca. One position without a value never hides the others."""

from decimal import Decimal

from rebalancer.model import Position
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.body import Body, bodies
from rebalancer.venues.alpaca.client import Alpaca

ZERO = Decimal(0)
MISSING = object()
"""A field that is null says something; one that is not there hides what is held."""


def positions(client: Alpaca) -> tuple[Position, ...]:
    """Where Alpaca shows no value of a position, what the account's equity counts for it; several share that evenly.

    Alpaca marks `market_value` as one that may be null: a halted or delisted symbol has no price.
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
