"""An order at the venue and its JSON body."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Literal

from local_alpaca.order_scripts import Act, OrderScript

Side = Literal["buy", "sell"]
NINE_PLACES = Decimal("1e-9")
CLOSED = frozenset({"filled", "canceled", "expired", "rejected", "replaced", "done_for_day"})
NAMES = uuid.UUID("7d8f6a0e-54a3-4b8c-9a55-0c2f5b7f3f10")


@dataclass(frozen=True, slots=True)
class Ticket:
    """The order as it was sent. `shares` of a notional order are its amount divided by the price on arrival.

    `intent` is the position_intent that came with it, and later what the venue infers where none did.
    """

    symbol: str
    side: Side
    kind: str
    time_in_force: str
    shares: Decimal
    notional: Decimal | None
    limit: Decimal | None
    stop: Decimal | None
    extended: bool
    client_id: str
    order_class: str
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    id: str
    shares: Decimal
    price: Decimal
    at: datetime


@dataclass(slots=True)
class Step:
    """Due at `at`. `waited`: the price did not allow it when it was due."""

    at: datetime
    act: Act
    share: Decimal
    waited: bool = False


@dataclass(slots=True)
class Order:
    """`reserved` is the cash reserved for a buy, in dollars a share."""

    number: int
    ticket: Ticket
    script: OrderScript
    created: datetime
    expires: datetime
    status: str
    reserved: Decimal
    steps: list[Step]
    executions: list[Execution] = field(default_factory=list)
    changed: datetime | None = None
    ended: datetime | None = None
    replaced_by: str | None = None
    replaces: str | None = None

    @property
    def id(self) -> str:
        return identity("order", self.number)

    @property
    def open(self) -> bool:
        return self.status not in CLOSED

    def holds(self, now: datetime) -> bool:
        return self.open or (self.ended is not None and now < self.ended + timedelta(seconds=self.script.keeps))

    @property
    def filled(self) -> Decimal:
        return sum((execution.shares for execution in self.executions), Decimal(0))

    @property
    def left(self) -> Decimal:
        return self.ticket.shares - self.filled

    @property
    def average(self) -> Decimal | None:
        paid = sum((execution.shares * execution.price for execution in self.executions), Decimal(0))
        return paid / self.filled if self.executions else None


def identity(kind: str, name: object) -> str:
    """A deterministic id: equal names give equal ids."""
    return str(uuid.uuid5(NAMES, f"{kind} {name}"))


def body(order: Order) -> dict[str, object]:
    ticket, shown = order.ticket, order.script.shows if order.open and order.script.shows else order.status
    ended = {
        f"{status}_at": stamp(order.ended) if order.status == status else None
        for status in ("filled", "expired", "canceled", "replaced")
    }
    return {
        "id": order.id,
        "client_order_id": ticket.client_id,
        "created_at": stamp(order.created),
        "updated_at": stamp(order.changed or order.created),
        "submitted_at": stamp(order.created),
        **ended,
        "failed_at": stamp(order.ended) if order.status == "rejected" else None,
        "expires_at": stamp(order.expires),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": identity("asset", ticket.symbol),
        "symbol": ticket.symbol,
        "asset_class": "us_equity",
        "notional": None if ticket.notional is None else number(ticket.notional),
        "qty": number(ticket.shares) if ticket.notional is None else None,
        "filled_qty": number(order.filled),
        "filled_avg_price": None if order.average is None else number(order.average),
        "order_class": ticket.order_class,
        "order_type": ticket.kind,
        "type": ticket.kind,
        "side": ticket.side,
        "position_intent": ticket.intent,
        "time_in_force": ticket.time_in_force,
        "limit_price": None if ticket.limit is None else number(ticket.limit),
        "stop_price": None if ticket.stop is None else number(ticket.stop),
        "status": shown,
        "extended_hours": ticket.extended,
        "legs": None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
        "source": None,
        "subtag": None,
    }


def number(amount: Decimal) -> str:
    """At most nine places, without an exponent or zeros at the end."""
    text = f"{amount.quantize(NINE_PLACES, ROUND_DOWN):f}"
    return text.rstrip("0").rstrip(".") or "0"


def stamp(at: datetime | None) -> str | None:
    """UTC with nanoseconds, as orders carry it."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}000Z"
