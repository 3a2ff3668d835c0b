"""Results of `rebalance doctor`: what was checked, and whether it passed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Verdict = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """`found` is a sentence with the measured number, `remedy` what to do about it; "" if nothing."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """An account's figures at one moment, in `currency`; None for those that the broker does not report."""

    moment: str
    at: datetime
    cash: Decimal
    equity: Decimal
    long_value: Decimal | None
    non_marginable_buying_power: Decimal
    buying_power: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Checkup:
    """All checks of `subject`: an account's name, or "" for what all accounts share.

    `figures` are the account's before and after each order of the paper trial.
    """

    subject: str
    checks: tuple[Check, ...]
    figures: tuple[Figures, ...] = ()

    @property
    def failed(self) -> bool:
        return any(check.verdict == "fail" for check in self.checks)
