"""Executions of orders. Alpaca lists an execution a moment after it shows the order as filled."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import Fill
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.activities import activities
from rebalancer.venues.alpaca.body import Body
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.orders import TrackedOrder


class Executions:
    """Caches executions: one list often covers many orders."""

    def __init__(self, client: AlpacaClient) -> None:
        self._client = client
        self._known: defaultdict[str, dict[str, Body]] = defaultdict(dict)  # by Alpaca's order id, then by execution id

    def fills_of(self, seen: TrackedOrder) -> tuple[Fill, ...]:
        """The executions that make up the filled quantity, oldest first. Raises SourceError while some are missing."""
        fills = self._complete(seen)
        if fills is None:
            self._read_since(seen)
            fills = self._complete(seen)
        if fills is None:
            raise SourceError(
                f"Alpaca has filled {seen.state.filled} {seen.state.symbol} of order {seen.state.id}, but does not "
                "show every execution yet."
            )
        return fills

    def _complete(self, seen: TrackedOrder) -> tuple[Fill, ...] | None:
        fills, total = [], Decimal(0)
        for fill in self._known_fills(seen):
            if total < seen.state.filled:
                fills.append(fill)
                total += fill.quantity
        return tuple(fills) if total == seen.state.filled else None

    def _known_fills(self, seen: TrackedOrder) -> list[Fill]:
        known = [body for broker_id in seen.broker_ids for body in self._known[broker_id].values()]
        fills = [parse.fill(body, seen.state.id) for body in known]
        return sorted(fills, key=lambda fill: (fill.at, fill.execution_id))

    def _read_since(self, seen: TrackedOrder) -> None:
        """All pages from just before the order; a late execution may stand between known ones."""
        after = seen.created - timedelta(minutes=1)
        for body in activities(self._client, "execution", "/account/activities/FILL", after):
            self._known[body.text("order_id")][body.text("id")] = body
