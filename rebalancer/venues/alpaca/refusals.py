"""Which error responses to an order prove that it was not accepted, and what can be done about each.

Alpaca's codes name whole families (40310000 covers ten things), so the text decides. Sources: docs.alpaca.markets,
"Orders at Alpaca" and "User protection", and the texts that its users have reported.
"""

import re

from rebalancer.model import US_DOLLARS, Order, RefusalKind, Refused
from rebalancer.model.text import digits, money
from rebalancer.venues.alpaca.client import message
from rebalancer.venues.alpaca.parse import finite
from rebalancer.venues.alpaca.transport import Json

DEFINITE = frozenset({400, 401, 403, 404, 422})
FAMILIES = ((400, 40010000), (400, 40010001), (403, 40310000), (403, 40310100), (422, 40010001), (422, 42210000))
"""Statuses and codes of Alpaca's order rules: whatever the text, the order was not accepted."""

STANDS = re.compile(r"client_order_id (?!must be no more than)", re.IGNORECASE)
"""The id was used before, perhaps by an earlier attempt to send this order: the order has to be looked up."""

OVERSOLD = r"not allowed to short|cannot be sold short|position intent mismatch"
"""More shares were to be sold than are held."""

TEXTS: tuple[tuple[str, RefusalKind], ...] = (
    (r"insufficient (day ?trading )?buying power", "funds"),
    (r"insufficient qty available", "held"),
    (r"wash trade|while a (short sell|long buy) order is open", "wash"),
    (r"unauthorized|not authorized|forbidden", "account"),
    (OVERSOLD, "other"),
    (r"is not fractionable", "whole"),
    (r"liquidation only|rejected by user request|orders not allowed for account", "account"),
    (r"account .*(blocked|suspended|restricted|closed)", "account"),
    (r"asset .*not found|could not find us_equity|not active|not tradable|invalid symbol", "symbol"),
    (r"market on close|cls orders must be submitted|15:50|cutoff", "late"),
)


def refusal(order: Order, status: int, body: Json) -> Refused | None:
    """None unless the response proves that the order was not accepted."""
    match body:
        case {"message": str()} if status in DEFINITE and not STANDS.search(text := message(body)):
            kind = _kind(order, text, (status, body.get("code")) in FAMILIES)
            return _refused(order, kind, text, body) if kind else None
        case _:
            return None


def _kind(order: Order, message: str, is_rule: bool) -> RefusalKind | None:  # noqa: FBT001
    """By the message; an unknown message is still a refusal where status and code are those of an order rule."""
    if known := next((kind for text, kind in TEXTS if re.search(text, message, re.IGNORECASE)), None):
        return known
    if not is_rule:
        return None
    # Alpaca does not document its response to an auction order after the cut-off.
    return "late" if order.kind == "moc" else "other"


def _refused(order: Order, kind: RefusalKind, message: str, body: dict[str, Json]) -> Refused:
    what = f"Alpaca refused the {order.side} of {digits(order.quantity)} {order.symbol}"
    said = f"{what}: {message}"
    match kind:
        case "funds" if order.side == "sell":
            return Refused(said)
        case "funds":
            return Refused(f"{what}: {_cost(body)}", kind, finite(body.get("buying_power")))
        case "held":
            held = finite(body.get("held_for_orders"))
            # If no open order holds the shares, they will never be freed: our own count of them is wrong.
            return Refused(f"{what}: {_shares(body, order)}", kind if held is None or held > 0 else "other")
        case "wash":
            return Refused(f"{what}: an order of the other side is open in it ({message})", kind)
        case "account":
            return Refused(f"{said}. Look at the account and its key at Alpaca", kind)
        case "other" if re.search(OVERSOLD, message, re.IGNORECASE):
            return Refused(f"{said}. Fewer shares are held than were to be sold")
        case _:
            return Refused(said, kind)


def _cost(body: dict[str, Json]) -> str:
    cost, power = finite(body.get("cost_basis")), finite(body.get("buying_power"))
    if cost is None or power is None:
        return "it costs more than the account can spend"
    return f"it costs {money(cost, US_DOLLARS)}, and the account can spend {money(power, US_DOLLARS)}"


def _shares(body: dict[str, Json], order: Order) -> str:
    free, existing, held = (finite(body.get(name)) for name in ("available", "existing_qty", "held_for_orders"))
    if free is None or existing is None or held is None:
        return f"fewer shares of {order.symbol} are free"
    return f"{digits(free)} of {digits(existing)} shares are free, open orders hold {digits(held)}"
