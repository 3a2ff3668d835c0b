"""Whether the shares of a symbol are still what the journal counts, right before an order of it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import Order, Symbol
from rebalancer.model.text import digits, shares
from rebalancer.portfolio.holdings import quantities
from rebalancer.trading.context import RunContext

FRESH_SECONDS = 1.0
"""So old a reading of what is held may be when a sell leaves."""
ZERO = Decimal(0)


@dataclass(slots=True)
class Recheck:
    """Reads the positions again where the last reading, of `read` seconds by the clock, is too old."""

    context: RunContext
    read: float
    shown: Mapping[Symbol, Decimal] | None = None

    def before_a_sell(self, order: Order) -> str | None:
        """For one that waited for others, such as while the broker was too busy: a hand may have sold it meanwhile."""
        if order.side == "buy":
            return None
        now = self.context.clock.elapsed()
        if now - self.read < FRESH_SECONDS:
            return None if self.shown is None else _unlike(self.context, order, self.shown)
        self.read = now
        return self.now(order)

    def now(self, order: Order) -> str | None:
        """Why `order` may not leave: the broker shows other shares of its symbol than the journal counts."""
        try:
            self.shown = quantities(self.context.broker.positions())
        except SourceError as error:
            self.shown = {}
            return str(error)
        return _unlike(self.context, order, self.shown)


def _unlike(context: RunContext, order: Order, shown: Mapping[Symbol, Decimal]) -> str | None:
    expected, there = context.journal.ledger(context.account).expected, shown.get(order.symbol, ZERO)
    due = (
        there if expected is None else expected.get(order.symbol, ZERO)
    )  # a dry run before the first run has no record
    if there == due and (order.side == "buy" or order.quantity <= there):
        return None
    return f"the broker shows {shares(there)}, {digits(due)} were expected"
