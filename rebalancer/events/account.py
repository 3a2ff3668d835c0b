"""What changes an account beside its runs: the brake, arming, settings, and shares that are ours without an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rebalancer.model import Symbol


@dataclass(frozen=True, slots=True)
class DailyLossHit:
    """`equity` fell by more than the limit from `basis`, both in dollars: only sells for the rest of the session."""

    at: datetime
    equity: Decimal
    basis: Decimal
    limit_percent: Decimal


@dataclass(frozen=True, slots=True)
class Halted:
    """Nothing is sent for `account` ("" for every account) until a HaltLifted. `by` is a person, or "rebalance"."""

    at: datetime
    account: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class HaltLifted:
    at: datetime
    account: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Armed:
    """Live orders of `account` may leave until `until`, up to `max_dollars` a run, while `files` are what they are.

    `files` maps the config and each bot to the SHA-256 of its bytes. With `first_order_only` the first live run sends
    one order and halts.
    """

    at: datetime
    account: str
    number: str
    max_dollars: Decimal
    until: datetime
    files: Mapping[str, str]
    first_order_only: bool
    by: str


@dataclass(frozen=True, slots=True)
class Disarmed:
    at: datetime
    account: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A setting in force in `account` became another one. `key` is dotted; None where it did not exist."""

    at: datetime
    account: str
    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Adopted:
    """Shares that were held already became ours to manage. `value` is the broker's own figure for them, in dollars.

    `expected` is what the broker shows of the symbol where a difference is settled with it; no more than that is ours.
    """

    at: datetime
    account: str
    symbol: Symbol
    quantity: Decimal
    value: Decimal
    expected: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Restated:
    """After a split or a rename: what of `symbol` is ours, and what the broker should show, from now on.

    After a rename, `symbol` was called `was` until the morning of `renamed_on`.
    """

    at: datetime
    account: str
    symbol: Symbol
    ours: Decimal
    expected: Decimal
    why: str
    was: Symbol | None = None
    renamed_on: date | None = None


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """All shares of `symbol` left a simulated account for nothing; at their last close they were `value` dollars."""

    at: datetime
    account: str
    symbol: Symbol
    quantity: Decimal
    value: Decimal
    by: str
    reason: str
