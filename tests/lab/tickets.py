"""An order as a venue has it, its executions, and the rules of the house."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Literal

from rebalancer.portfolio.order_ids import is_ours

NONE = Decimal(0)
Status = Literal["coming", "open", "filled", "canceled", "expired", "rejected", "refused"]
IdRule = Literal["for ever", "while open", "never", "forgotten"]
"""How long an order id is taken: "never" is never looked at, "forgotten" is known, with its order, for its day only."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`quiet`: seconds after which an order that was sent has arrived, and is shown, or never will be.

    A venue that is not `strict` lends shares and money without a word.
    """

    ids: IdRule
    quiet: int
    resend: bool
    strict: bool
    fee: Decimal
    settles: bool = False
    """Its figure of spendable money leaves out what was sold today, as Alpaca's does."""


VENUES: tuple[tuple[IdRule, int, bool], ...] = (
    ("for ever", 30, True),
    ("for ever", 0, True),
    ("while open", 20, True),
    ("never", 180, False),
    ("forgotten", 60, False),
)


def some_rules(dice: Random) -> Rules:
    ids, quiet, resend = dice.choice(VENUES)
    return Rules(ids, quiet, resend, strict=dice.random() < 0.5, fee=Decimal(dice.choice((0, 0, 1))))


@dataclass(frozen=True, slots=True)
class Execution:
    id: str
    ticket: "Ticket"
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: datetime
    moved: Decimal
    """What the cash moved by, in dollars."""


@dataclass(slots=True, eq=False)
class Ticket:
    """An order as the venue has it. `asked` is the quantity that the order was sent with."""

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
    executions: list[Execution] = field(default_factory=list)
    forgotten: bool = False
    overdue: bool = False
    """It arrives after the quiet time, which the venue said would never happen."""
    ours: bool = True
    """The program under test sent it, whatever its id looks like."""

    @property
    def forged(self) -> bool:
        """Another hand's, under a name of our form."""
        return not self.ours and is_ours(self.id)

    @property
    def accepted(self) -> bool:
        return self.status not in {"coming", "refused"}

    @property
    def left(self) -> Decimal:
        return max(self.quantity - self.filled, NONE)
