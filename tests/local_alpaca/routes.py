"""Routes of the trading API."""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from local_alpaca import json_bodies
from local_alpaca.order_validation import MALFORMED, RefusalError
from local_alpaca.orders import Order, body
from local_alpaca.pages import activities_page, orders_page

if TYPE_CHECKING:
    from local_alpaca.venue import LocalAlpaca

Params = Mapping[str, str]
NOT_FOUND = 40410000


class Answer(NamedTuple):
    """`body` is None for an empty response."""

    status: int
    body: object


def answer(venue: "LocalAlpaca", method: str, path: str, params: Params, sent: bytes) -> Answer:
    """Carry out an authorised request and return the answer."""
    if path.startswith(("/v2/stocks/", "/v1/")) and method == "GET":
        return Answer(*venue.market.answer(path, params, venue.clock.now()))
    try:
        for (verb, shape), handler in ROUTES.items():
            if verb == method and (match := re.fullmatch(shape, path)):
                return handler(venue, *match.groups(), params, sent)
    except RefusalError as refused:
        return Answer(refused.status, refused.body)
    return _missing("endpoint not found")


def _missing(message: str) -> Answer:
    return Answer(404, {"code": NOT_FOUND, "message": message})


# ----------------------------------------------------------------------------------------- the account


def _account(venue: "LocalAlpaca", _params: Params, _sent: bytes) -> Answer:
    return Answer(200, venue.account_body())


def _configurations(venue: "LocalAlpaca", _params: Params, _sent: bytes) -> Answer:
    return Answer(200, json_bodies.configurations(venue.terms))


def _positions(venue: "LocalAlpaca", _params: Params, _sent: bytes) -> Answer:
    return Answer(200, [venue.position_body(symbol) for symbol in sorted(venue.book.holdings)])


def _position(venue: "LocalAlpaca", symbol: str, _params: Params, _sent: bytes) -> Answer:
    if symbol not in venue.book.holdings:
        return _missing("position does not exist")
    return Answer(200, venue.position_body(symbol))


def _activities(venue: "LocalAlpaca", params: Params, _sent: bytes) -> Answer:
    return Answer(200, activities_page(venue.book.orders, params, venue.clock.now() - venue.activities_lag))


def _deposits(venue: "LocalAlpaca", params: Params, _sent: bytes) -> Answer:
    """The deposits and withdrawals of `venue.deposits`, each at midnight of its date."""
    kinds = params.get("activity_types", "").split(",")
    shown = [d for d in venue.deposits if d["activity_type"] in kinds and str(d["date"]) > params["after"][:10]]
    return Answer(200, shown)


# ----------------------------------------------------------------------------------------- the exchange


def _clock(venue: "LocalAlpaca", _params: Params, _sent: bytes) -> Answer:
    now = venue.clock.now()
    return Answer(200, json_bodies.clock(venue.sessions, now + venue.skew, now))


def _calendar(venue: "LocalAlpaca", params: Params, _sent: bytes) -> Answer:
    try:
        first = date.fromisoformat(params.get("start", "") or str(json_bodies.FIRST_DAY))
        last = date.fromisoformat(params.get("end", "") or str(json_bodies.LAST_DAY))
    except ValueError:
        return Answer(422, {"code": MALFORMED, "message": "invalid date"})
    sessions = venue.sessions.between(max(first, json_bodies.FIRST_DAY), min(last, json_bodies.LAST_DAY))
    return Answer(200, [json_bodies.session(venue.sessions, session) for session in sessions])


def _assets(venue: "LocalAlpaca", params: Params, _sent: bytes) -> Answer:
    listed = [venue.asset(symbol) for symbol in sorted({*venue.market.closes, *venue.assets})]
    wanted = {"status": params.get("status"), "class": params.get("asset_class")}
    keep = [a for a in listed if a and all(value in {None, a[name]} for name, value in wanted.items())]
    return Answer(200, keep)


def _asset(venue: "LocalAlpaca", symbol: str, _params: Params, _sent: bytes) -> Answer:
    asset = venue.asset(symbol)
    return Answer(200, asset) if asset else _missing(f"asset not found for {symbol}")


# ----------------------------------------------------------------------------------------- orders


def _submit(venue: "LocalAlpaca", _params: Params, sent: bytes) -> Answer:
    try:
        asked = json.loads(sent, parse_float=Decimal)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        return Answer(400, {"code": 40010000, "message": "request body format is invalid"})
    order = venue.exchange.submit(asked, venue.account_body(), venue.clock.now())
    return Answer(200, body(order))


def _orders(venue: "LocalAlpaca", params: Params, _sent: bytes) -> Answer:
    return Answer(200, [body(order) for order in orders_page(venue.book.orders, params)])


def _order(venue: "LocalAlpaca", order_id: str, _params: Params, _sent: bytes) -> Answer:
    return _with_order(venue, order_id, lambda order: Answer(200, body(order)))


def _by_client_id(venue: "LocalAlpaca", params: Params, _sent: bytes) -> Answer:
    wanted = params.get("client_order_id")
    found = next((order for order in venue.book.orders if order.ticket.client_id == wanted), None)
    return Answer(200, body(found)) if found else _missing("order not found")


def _cancel(venue: "LocalAlpaca", order_id: str, _params: Params, _sent: bytes) -> Answer:
    def cancel(order: Order) -> Answer:
        venue.exchange.cancel(order, venue.clock.now())
        return Answer(204, None)

    return _with_order(venue, order_id, cancel)


def _cancel_all(venue: "LocalAlpaca", _params: Params, _sent: bytes) -> Answer:
    return Answer(207, [_canceled(venue, order) for order in venue.book.open_orders()])


def _canceled(venue: "LocalAlpaca", order: Order) -> json_bodies.Json:
    try:
        venue.exchange.cancel(order, venue.clock.now())
    except RefusalError as refused:
        return {"id": order.id, "status": refused.status, "body": refused.body}
    return {"id": order.id, "status": 200, "body": None}


def _with_order(venue: "LocalAlpaca", order_id: str, then: Callable[[Order], Answer]) -> Answer:
    try:
        uuid.UUID(order_id)
    except ValueError:
        return Answer(422, {"code": MALFORMED, "message": "order_id is missing"})
    order = next((order for order in venue.book.orders if order.id == order_id), None)
    return then(order) if order else _missing(f"order not found for {order_id}")


ONE = r"([^/]+)"
ROUTES: dict[tuple[str, str], Callable[..., Answer]] = {
    ("GET", "/v2/clock"): _clock,
    ("GET", "/v2/calendar"): _calendar,
    ("GET", "/v2/account"): _account,
    ("GET", "/v2/account/configurations"): _configurations,
    ("GET", "/v2/account/activities"): _deposits,
    ("GET", "/v2/account/activities/FILL"): _activities,
    ("GET", "/v2/positions"): _positions,
    ("GET", f"/v2/positions/{ONE}"): _position,
    ("GET", "/v2/assets"): _assets,
    ("GET", f"/v2/assets/{ONE}"): _asset,
    ("POST", "/v2/orders"): _submit,
    ("GET", "/v2/orders"): _orders,
    ("GET", "/v2/orders:by_client_order_id"): _by_client_id,
    ("GET", f"/v2/orders/{ONE}"): _order,
    ("DELETE", f"/v2/orders/{ONE}"): _cancel,
    ("DELETE", "/v2/orders"): _cancel_all,
}
