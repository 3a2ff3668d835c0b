"""Events of an account outside its orders: halts, arming, settings, and corrections of its ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rebalancer.model import Symbol


@dataclass(frozen=True, slots=True)
class DailyLossHit:
    """`equity` fell below `basis` by more than the limit: sells only for the rest of the session."""

    at: datetime
    equity: Decimal
    basis: Decimal
    limit_percent: Decimal


@dataclass(frozen=True, slots=True)
class Halted:
    """No order is sent for `account` ("" means all accounts) until HaltLifted. `by` is a person or "rebalance"."""

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
    """`account` may trade real money until `until`, up to `max_dollars` per run, while its `files` are unchanged.

    `files` maps the config and each bot file to its SHA-256. With `first_order_only` the first live run sends one order
    and halts.
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
    """A setting of `account` changed. `key` is dotted; `old` or `new` is None where the setting was not set."""

    at: datetime
    account: str
    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Adopted:
    """Shares already in the account were put under management. `value` is the broker's valuation.

    `expected` is the broker's whole position where the adoption also settles a reconciliation difference; `ours` is at
    most that.
    """

    at: datetime
    account: str
    symbol: Symbol
    quantity: Decimal
    value: Decimal
    expected: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Restated:
    """A split or rename set our shares of `symbol` (`ours`) and the broker's whole position (`expected`).

    For a rename, `symbol` was called `was` until the morning of `renamed_on`; otherwise both are None.
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
    """All shares of `symbol` in a simulated account were written off. `value` is that at the last close."""

    at: datetime
    account: str
    symbol: Symbol
    quantity: Decimal
    value: Decimal
    by: str
    reason: str
