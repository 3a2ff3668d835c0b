"""What a run writes down. These values, in their order, are the only truth; every table is a projection of them.

A field's name is its name in the journal for ever: fields are added with a default, never renamed or removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from rebalancer.model import (
    Account,
    BotFailure,
    Fill,
    NoPrice,
    Order,
    OrderState,
    Plan,
    Price,
    RunStatus,
    Symbol,
    Targets,
    Weights,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A run's birth. `files` maps the name of the config and of each bot to its bytes, kept by their hash.

    `force` starts the next run number although this session's run is done. `notes` are sentences every screen shows.
    """

    at: datetime
    account: str
    broker: str
    mode: str
    session: date
    closes: datetime
    version: str
    files: Mapping[str, bytes]
    dry_run: bool = False
    force: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """A symbol at the broker: all of it, our part, what was expected, and why it is left alone ("" if it is not)."""

    symbol: Symbol
    quantity: Decimal
    ours: Decimal
    value: Decimal
    expected: Decimal | None = None
    untouchable: str = ""


@dataclass(frozen=True, slots=True)
class HoldingsRead:
    at: datetime
    phase: Literal["start", "after_sells", "end"]
    account: Account
    holdings: tuple[Holding, ...]
    reserve: Decimal
    others_value: Decimal
    investable: Decimal


@dataclass(frozen=True, slots=True)
class PricesTaken:
    at: datetime
    purpose: Literal["signals", "orders", "buys"]
    prices: tuple[Price, ...]
    missing: tuple[NoPrice, ...]


@dataclass(frozen=True, slots=True)
class BotDecided:
    """`share` is the bot's fraction of Investable; `weights` are fractions of that share."""

    at: datetime
    bot: str
    share: float
    weights: Weights
    path: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BotFailed:
    at: datetime
    share: float
    failure: BotFailure


@dataclass(frozen=True, slots=True)
class TargetsSet:
    at: datetime
    targets: Targets


@dataclass(frozen=True, slots=True)
class PlanMade:
    at: datetime
    plan: Plan


@dataclass(frozen=True, slots=True)
class OrderIntended:
    """Committed before the order leaves."""

    at: datetime
    order: Order


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """The broker's answer to the submit: "refused" is final, "unknown" has to be looked up."""

    at: datetime
    order_id: str
    answer: Literal["accepted", "refused", "unknown"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OrderSeen:
    at: datetime
    state: OrderState


@dataclass(frozen=True, slots=True)
class FillSeen:
    at: datetime
    fill: Fill


@dataclass(frozen=True, slots=True)
class Noted:
    at: datetime
    level: Literal["note", "warning", "error"]
    text: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    at: datetime
    status: RunStatus
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
    """Shares that were held already became ours to manage. `value` is the broker's own figure for them, in dollars."""

    at: datetime
    account: str
    symbol: Symbol
    quantity: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class Restated:
    """After a split or a rename: what of `symbol` is ours, and what the broker should show, from now on."""

    at: datetime
    account: str
    symbol: Symbol
    ours: Decimal
    expected: Decimal
    why: str


Event = (
    HoldingsRead
    | PricesTaken
    | BotDecided
    | BotFailed
    | TargetsSet
    | PlanMade
    | OrderIntended
    | OrderAnswered
    | OrderSeen
    | FillSeen
    | Noted
    | RunEnded
    | SettingChanged
    | Adopted
    | Restated
)
