"""An order on its way: from the intent, written down before it leaves, to its last fill."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rebalancer.model import Fill, Order, OrderState


@dataclass(frozen=True, slots=True)
class OrderIntended:
    """Committed before the order leaves."""

    at: datetime
    order: Order


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """The broker's answer to the submit: "refused" is final, "unknown" has to be looked up."""

    at: datetime
    order_id: str
    answer: Literal["accepted", "refused", "unknown"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OrderAbsent:
    """Looked for at the broker twice after the venue's quiet time, and not there."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderResent:
    """Committed before an absent order leaves once more, the same under the same id."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderLost:
    """An absent order that is not sent again. Every later start looks for it."""

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
    """A person vouches for an order with an id of ours that the journal does not know, or that the broker lost."""

    at: datetime
    account: str
    order_id: str
    by: str
    reason: str
