"""Reading orders at Alpaca: page by page, and followed through their replacements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import OrderState
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.body import Body, bodies
from rebalancer.venues.alpaca.client import AlpacaClient

PAGE = 500
LONGEST_CHAIN = 10
OPTIONS = "options of several legs"
"""Stands in for the symbol of an order that has none."""


@dataclass(frozen=True, slots=True)
class TrackedOrder:
    """An order's state, Alpaca's own ids of it and of its replacements, and when it was created."""

    state: OrderState
    broker_ids: tuple[str, ...]
    created: datetime


def open_orders(client: AlpacaClient) -> list[Body]:
    """Every open order of the account; legs of nested orders are listed as orders of their own."""
    return list(_pages(client, {"status": "open", "nested": "false"}))


def orders_since(client: AlpacaClient, moment: datetime) -> list[Body]:
    """Every order, open or not, submitted after `moment`."""
    return list(_pages(client, {"status": "all", "nested": "false", "after": moment.isoformat()}))


def _pages(client: AlpacaClient, params: Mapping[str, str]) -> Iterator[Body]:
    """Oldest first. Later pages are requested by id, since two orders may have the same time."""
    query = {**params, "limit": str(PAGE), "direction": "asc"}
    while True:
        page = bodies("order", client.read("/orders", query))
        for body in page:
            yield from _parts(body)
        if len(page) < PAGE:
            return
        last = page[-1].text("id")
        if query.get("after_order_id") == last:
            raise SourceError("Alpaca's list of orders does not come to an end. Look at Alpaca's status page.")
        query.pop("after", None)  # Alpaca does not combine it with an id
        query["after_order_id"] = last


def _parts(body: Body) -> list[Body]:
    """A multi-leg options order has no symbol or side of its own: its legs have, where they are shown.

    A limit below 0 is a net credit, so it counts as a sell.
    """
    if body.fields.get("order_class") != "mleg" or body.fields.get("symbol"):
        return [body]
    if legs := body.fields.get("legs"):
        return bodies("order", legs)
    side = "sell" if (body.number_or_none("limit_price") or 0) < 0 else "buy"
    return [Body(body.what, {**body.fields, "symbol": OPTIONS, "side": side})]


def follow_replacements(client: AlpacaClient, body: Body) -> TrackedOrder:
    """The order joined with the orders that replaced it, by hand at Alpaca or after a split.

    It keeps its own id, quantity and limit, has the fills of all, and the status of the last one.
    """
    chain = [body]
    while chain[-1].text("status") == "replaced" and len(chain) < LONGEST_CHAIN:
        chain.append(Body.of("order", client.read(f"/orders/{chain[-1].text('replaced_by')}")))
    state = _joined([parse.order(each) for each in chain])
    return TrackedOrder(state, tuple(each.text("id") for each in chain), body.moment("created_at"))


def _joined(states: list[OrderState]) -> OrderState:
    first, last = states[0], states[-1]
    if first is last:
        return first
    filled = sum((each.filled for each in states), Decimal(0))
    why = "replaced at Alpaca by another order"
    return replace(first, status=last.status, filled=filled, average_price=_average(states), reason=why)


def _average(states: list[OrderState]) -> Decimal | None:
    parts = [(each.filled, each.average_price) for each in states if each.average_price is not None]
    shares = sum((filled for filled, _ in parts), Decimal(0))
    return sum((filled * price for filled, price in parts), Decimal(0)) / shares if shares else None
