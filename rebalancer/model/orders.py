"""Orders, the broker's answers to them, and their outcomes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from rebalancer.model.names import OrderId, OrderKind, OrderStatus, RefusalKind, Side, Symbol


@dataclass(frozen=True, slots=True)
class Order:
    """A day order. `limit` is a price for limit orders and None for others. Buys are in whole lots."""

    id: OrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    kind: OrderKind
    limit: Decimal | None
    why: str

    def same_as(self, other: "OrderState") -> bool:
        """Whether `other` has this order's id and parameters; its status and fills do not matter."""
        mine = (self.id, self.symbol, self.side, self.quantity, self.kind, self.limit)
        return mine == (other.id, other.symbol, other.side, other.quantity, other.kind, other.limit)

    def opened(self) -> "OrderState":
        """The order as a broker reports it before its first fill."""
        asked = (self.id, self.symbol, self.side, self.quantity, self.kind, self.limit)
        return OrderState(*asked, status="open", filled=Decimal(0), average_price=None)


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as the broker reports it. `filled` never decreases; `average_price` is None before the first fill.

    `by_amount`: an order for an amount of money, which this program never sends; `quantity` is then that amount.
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
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def terminal(self) -> bool:
        return self.status != "open"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; `execution_id` is unique at the broker. `fee` is >= 0, in the account's currency."""

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
    """The broker definitely rejected the order: it is not open and never will be.

    `buying_power` is the amount that the broker says can be spent, for a "funds" refusal that states one.
    """

    reason: str
    kind: RefusalKind = "other"
    buying_power: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """No clear answer: the order may or may not have reached the broker.

    `pause`: the broker rejected the request because of its rate limit, and accepts it after so many seconds.
    """

    reason: str
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """The broker does not list the order. It may still arrive until the venue's quiet seconds have passed."""


Submitted = Accepted | Refused | Unknown
Found = OrderState | Absent | Unknown


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one order. Until it is `certain`, it is treated as fully filled.

    `refusal` and `buying_power` are those of the broker's refusal. Status "lost": not listed by the broker twice after
    the venue's quiet seconds; it is not sent again in this session.
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
