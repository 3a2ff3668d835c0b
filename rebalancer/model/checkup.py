"""What was looked at before an evening, and whether it will do."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Verdict = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """`found` is a sentence with its number, `remedy` what to do about it ("" where nothing is to be done)."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What an account showed at one moment, in dollars; None where its broker does not say."""

    moment: str
    at: datetime
    cash: Decimal
    equity: Decimal
    long_value: Decimal | None
    non_marginable_buying_power: Decimal
    buying_power: Decimal | None


@dataclass(frozen=True, slots=True)
class Checkup:
    """Everything looked at for `subject`, an account's name or "" for what all accounts share.

    `figures` are those around each order of a trial.
    """

    subject: str
    checks: tuple[Check, ...]
    figures: tuple[Figures, ...] = ()

    @property
    def failed(self) -> bool:
        return any(check.verdict == "fail" for check in self.checks)
