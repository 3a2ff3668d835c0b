"""Orders and executions as the venue records them, and the venue's rules."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Literal

from rebalancer.portfolio.order_ids import is_ours

NONE = Decimal(0)
Status = Literal["coming", "open", "filled", "canceled", "expired", "rejected", "refused"]
IdRule = Literal["for ever", "while open", "never", "forgotten"]
"""How long an order id is unique: "never" ignores ids, "forgotten" forgets id and order after the day."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`quiet`: seconds after which an order has arrived and is listed, or never will be.

    A venue that is not `strict` lends shares and money silently.
    """

    ids: IdRule
    quiet: int
    resend: bool
    strict: bool
    fee: Decimal
    settles: bool = False
    """Spendable money excludes today's sales, as at Alpaca."""


VENUES: tuple[tuple[IdRule, int, bool], ...] = (
    ("for ever", 30, True),
    ("for ever", 0, True),
    ("while open", 20, True),
    ("never", 180, False),
    ("forgotten", 60, False),
)


def draw_rules(rng: Random) -> Rules:
    ids, quiet, resend = rng.choice(VENUES)
    return Rules(ids, quiet, resend, strict=rng.random() < 0.5, fee=Decimal(rng.choice((0, 0, 1))))


@dataclass(frozen=True, slots=True)
class LabExecution:
    id: str
    venue_order: "VenueOrder"
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: datetime
    moved: Decimal
    """Change of cash in dollars."""


@dataclass(slots=True, eq=False)
class VenueOrder:
    """An order in the venue's book. `asked` is the quantity sent; `quantity` the one the venue recorded."""

    number: int
    id: str
    symbol: str
    side: str
    asked: Decimal
    kind: str
    limit: Decimal | None
    sent: datetime
    day: date
    quantity: Decimal
    status: Status = "coming"
    shown_from: datetime | None = None
    filled: Decimal = NONE
    paid: Decimal = NONE
    reason: str = ""
    refusal: str = ""
    executions: list[LabExecution] = field(default_factory=list)
    forgotten: bool = False
    overdue: bool = False
    """It arrives after the quiet period, which breaks the venue's guarantee."""
    ours: bool = True
    """Sent by the program under test, whatever its id."""

    @property
    def forged(self) -> bool:
        """Sent by somebody else under an id of our form."""
        return not self.ours and is_ours(self.id)

    @property
    def accepted(self) -> bool:
        return self.status not in {"coming", "refused"}

    @property
    def left(self) -> Decimal:
        return max(self.quantity - self.filled, NONE)
