"""The life of an order, from the intent journalled before it is sent to its last fill."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rebalancer.model import Fill, Order, OrderState


@dataclass(frozen=True, slots=True)
class OrderIntended:
    """Committed before the order is sent."""

    at: datetime
    order: Order


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """The broker's answer to the submit. "refused" is final; "unknown" must be looked up by id."""

    at: datetime
    order_id: str
    answer: Literal["accepted", "refused", "unknown"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OrderAbsent:
    """Not found at the broker in two lookups after the venue's quiet time."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderResent:
    """Committed before an absent order is sent again, unchanged and under the same id."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderLost:
    """An absent order that is not sent again. Every later run looks it up."""

    at: datetime
    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderSeen:
    at: datetime
    state: OrderState


@dataclass(frozen=True, slots=True)
class FillSeen:
    at: datetime
    fill: Fill


@dataclass(frozen=True, slots=True)
class OrderAccounted:
    """A person accounted for an order with an id of ours that the journal does not know, or that was lost."""

    at: datetime
    account: str
    order_id: str
    by: str
    reason: str
