"""Orders, what brokers answer, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from rebalancer.model.names import OrderId, OrderKind, OrderStatus, RefusalKind, Side, Symbol


@dataclass(frozen=True, slots=True)
class Order:
    """An order for today. `limit` is in dollars per share, None but for a limit order. Buys are in whole shares."""

    id: OrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    kind: OrderKind
    limit: Decimal | None
    why: str

    def same_as(self, other: "OrderState") -> bool:
        """Whether `other` is this order at the broker: what was asked for, not what came of it."""
        mine = (self.id, self.symbol, self.side, self.quantity, self.kind, self.limit)
        return mine == (other.id, other.symbol, other.side, other.quantity, other.kind, other.limit)


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as the broker shows it. `filled` never falls; `average_price` is None until something filled.

    Only other hands send one `by_amount`: for dollars, shown as that many shares at 1 dollar each.
    """

    id: OrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    kind: OrderKind
    limit: Decimal | None
    status: OrderStatus
    filled: Decimal
    average_price: Decimal | None
    reason: str = ""
    by_amount: bool = False

    @property
    def terminal(self) -> bool:
        return self.status != "open"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; `execution_id` is unique at the broker. `fee` in dollars, >= 0."""

    execution_id: str
    order_id: OrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    state: OrderState


@dataclass(frozen=True, slots=True)
class Refused:
    """A parsed, known refusal: the order does not stand at the broker and never will.

    `buying_power`: the dollars that the broker says can be spent, where that is why; None where it names none.
    """

    reason: str
    kind: RefusalKind = "other"
    buying_power: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything else. The order may or may not stand at the broker.

    `pause`: the broker says that it took nothing because it is too busy, and takes it after so many seconds.
    """

    reason: str
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """The broker shows no such order now. It may still turn up until the venue's quiet time has passed."""


Submitted = Accepted | Refused | Unknown
Found = OrderState | Absent | Unknown


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one order. Until it is `certain`, all of it counts as done. `refusal`: why it was refused, and
    `buying_power` the dollars that the broker named then.

    A "lost" one was looked for twice after the venue's quiet time and was not there. It is over for this session.
    """

    order: Order
    status: OrderStatus | Literal["refused", "unknown", "lost"]
    filled: Decimal
    average_price: Decimal | None
    reason: str = ""
    refusal: RefusalKind | None = None
    buying_power: Decimal | None = None

    @property
    def certain(self) -> bool:
        return self.status not in {"open", "unknown"}

    @property
    def complete(self) -> bool:
        return self.certain and self.filled == self.order.quantity
