"""What was looked at before an evening, and whether it will do."""

from dataclasses import dataclass
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
class Checkup:
    """Everything looked at for `subject`, an account's name or "" for what all accounts share."""

    subject: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> bool:
        return any(check.verdict == "fail" for check in self.checks)
