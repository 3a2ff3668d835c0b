"""The account's orders at Alpaca, as they are read: page by page, by id, and through their replacements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.model import OrderState
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.body import Body, bodies
from rebalancer.venues.alpaca.client import Alpaca

PAGE = 500
LONGEST_CHAIN = 10
OPTIONS = "options of several legs"
"""In place of a symbol, where an order names none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An order's state with the names Alpaca has for it (its replacements' too), and when it came to be."""

    state: OrderState
    broker_ids: tuple[str, ...]
    created: datetime


def open_orders(client: Alpaca) -> list[Body]:
    """Every open order of the account, the legs of nested ones as orders of their own."""
    return list(_pages(client, {"status": "open", "nested": "false"}))


def orders_since(client: Alpaca, moment: datetime) -> list[Body]:
    """Every order, open or not, submitted after `moment`."""
    return list(_pages(client, {"status": "all", "nested": "false", "after": moment.isoformat()}))


def _pages(client: Alpaca, params: Mapping[str, str]) -> Iterator[Body]:
    """Oldest first. A page after the first is asked for by id: two orders may be as old as each other."""
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
    """An order in options of several legs names no symbol and no side of its own: its legs do, where they are shown.

    A limit below 0 is what the whole brings in.
    """
    if body.fields.get("order_class") != "mleg" or body.fields.get("symbol"):
        return [body]
    if legs := body.fields.get("legs"):
        return bodies("order", legs)
    side = "sell" if (body.number_or_none("limit_price") or 0) < 0 else "buy"
    return [Body(body.what, {**body.fields, "symbol": OPTIONS, "side": side})]


def followed(client: Alpaca, body: Body) -> Seen:
    """The order, carried on by what replaced it: by hand at Alpaca, or after a split.

    It keeps its own id, quantity and limit; the fills are those of all, and its end is the last one's.
    """
    chain = [body]
    while chain[-1].text("status") == "replaced" and len(chain) < LONGEST_CHAIN:
        chain.append(Body.of("order", client.read(f"/orders/{chain[-1].text('replaced_by')}")))
    state = _joined([parse.order(each) for each in chain])
    return Seen(state, tuple(each.text("id") for each in chain), body.moment("created_at"))


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
