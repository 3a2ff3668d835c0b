"""What `invest deposit` and `withdraw` answer with: a frozen value. Money is in the account's currency."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class MovedCapital:
    """Money that came to the book of `bot`, or left it. The next run trades by it.

    `value` is what the book has now, at the prices of the run of `session`. `unassigned_cash` is what no bot has; below
    0 where the bots' books have more than the account.
    """

    account: str
    bot: str
    moved: Literal["in", "out"]
    amount: Decimal
    value_before: Decimal
    value: Decimal
    unassigned_cash: Decimal
    session: date
    currency: str
    disarmed: tuple[str, ...]
