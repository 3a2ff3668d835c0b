"""The executions behind the orders. Alpaca writes them down a moment later than it shows an order as filled."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import Fill
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.activities import activities
from rebalancer.venues.alpaca.body import Body
from rebalancer.venues.alpaca.client import Alpaca
from rebalancer.venues.alpaca.orders import Seen


class Executions:
    """Remembers what it has read: one reading often answers for many orders."""

    def __init__(self, client: Alpaca) -> None:
        self._client = client
        self._known: defaultdict[str, dict[str, Body]] = defaultdict(dict)  # by order, then by their own id

    def behind(self, seen: Seen) -> tuple[Fill, ...]:
        """Exactly those that make up what is filled, oldest first. Raises SourceError while some are missing."""
        fills = self._made_up(seen)
        if fills is None:
            self._read_since(seen)
            fills = self._made_up(seen)
        if fills is None:
            raise SourceError(
                f"Alpaca has filled {seen.state.filled} {seen.state.symbol} of order {seen.state.id}, but does not "
                "show every execution yet."
            )
        return fills

    def _made_up(self, seen: Seen) -> tuple[Fill, ...] | None:
        fills, total = [], Decimal(0)
        for fill in self._of(seen):
            if total < seen.state.filled:
                fills.append(fill)
                total += fill.quantity
        return tuple(fills) if total == seen.state.filled else None

    def _of(self, seen: Seen) -> list[Fill]:
        known = [body for broker_id in seen.broker_ids for body in self._known[broker_id].values()]
        fills = [parse.fill(body, seen.state.id) for body in known]
        return sorted(fills, key=lambda fill: (fill.at, fill.execution_id))

    def _read_since(self, seen: Seen) -> None:
        """All pages from just before the order on; what came late may stand between what is known already."""
        after = seen.created - timedelta(minutes=1)
        for body in activities(self._client, "execution", "/account/activities/FILL", after):
            self._known[body.text("order_id")][body.text("id")] = body
