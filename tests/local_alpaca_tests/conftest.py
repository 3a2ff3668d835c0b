"""A local Alpaca on a Monday at 15:30 in New York, and a plain HTTP client."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple

import pytest
import requests
from local_alpaca import LocalAlpaca

MONDAY = date(2024, 3, 4)
HALF_PAST_THREE = datetime(2024, 3, 4, 20, 30, tzinfo=UTC)


class WireResponse(NamedTuple):
    status: int
    body: Any


class RawClient:
    """Sends a request once and returns the raw response."""

    def __init__(self, venue: LocalAlpaca) -> None:
        self.venue = venue
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"APCA-API-KEY-ID": venue.key_id, "APCA-API-SECRET-KEY": venue.secret})
        self._ids = (f"order-{number}" for number in count(1))

    def send(self, method: str, path: str, json: object = None, **params: object) -> requests.Response:
        url = self.venue.url + path
        return self.session.request(method, url, params=params, json=json, timeout=60, allow_redirects=False)

    def get(self, path: str, **params: object) -> Any:
        reply = self.send("GET", path, **params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def order(self, side: str, symbol: str, qty: object = None, /, **fields: object) -> WireResponse:
        asked = {"symbol": symbol, "side": side, "type": "limit" if "limit_price" in fields else "market"}
        asked |= {"time_in_force": "day", "client_order_id": next(self._ids)} | ({} if qty is None else {"qty": qty})
        reply = self.send("POST", "/v2/orders", {**asked, **fields})
        return WireResponse(reply.status_code, reply.json())

    def taken(self, side: str, symbol: str, qty: object = None, /, **fields: object) -> str:
        said = self.order(side, symbol, qty, **fields)
        assert said.status == 200, said.body
        return str(said.body["id"])

    def look(self, order_id: str) -> Any:
        return self.get(f"/v2/orders/{order_id}")

    def status(self, order_id: str) -> str:
        return str(self.look(order_id)["status"])

    def cancel(self, order_id: str) -> WireResponse:
        reply = self.send("DELETE", f"/v2/orders/{order_id}")
        return WireResponse(reply.status_code, reply.json() if reply.content else None)


@pytest.fixture
def venue() -> Iterator[LocalAlpaca]:
    with LocalAlpaca(now=HALF_PAST_THREE) as venue:
        for symbol, price in {"SPY": 500, "TLT": 90, "SUB": Decimal("0.5")}.items():
            venue.market.list(symbol, {date(2024, 3, 1): Decimal(price), MONDAY: Decimal(price)})
        yield venue


@pytest.fixture
def wire(venue: LocalAlpaca) -> Iterator[RawClient]:
    wire = RawClient(venue)
    yield wire
    wire.session.close()
