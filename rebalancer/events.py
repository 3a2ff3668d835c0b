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

    `venue` is where its orders go, such as a host; a name of an account stays with its venue, its mode and its number.

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
    venue: str = ""
    purpose: Literal["evening", "trial"] = "evening"


@dataclass(frozen=True, slots=True)
class Holding:
    """A symbol at the broker: all of it, our part, what was expected, and why it is left alone ("" if it is not).

    `counted` replaces `quantity` in the book while an order of tonight is not settled: fills of it may be shown already
    and journalled later, and would count twice.
    """

    symbol: Symbol
    quantity: Decimal
    ours: Decimal
    value: Decimal
    expected: Decimal | None = None
    untouchable: str = ""
    counted: Decimal | None = None


@dataclass(frozen=True, slots=True)
class HoldingsRead:
    at: datetime
    phase: Literal["start", "again", "after_sells", "end"]
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
class OrderAbsent:
    """Looked for at the broker twice after the venue's quiet time, and not there."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderResent:
    """Committed before an absent order leaves once more, the same under the same id."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderLost:
    """An absent order that is not sent again. Every later start looks for it."""

    at: datetime
    order_id: str
    reason: str


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
class RunTakenUp:
    """A run that was cut off is gone on with, by the bytes its claim recorded."""

    at: datetime
    why: str


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
class OrderAccounted:
    """A person vouches for an order with our prefix that the journal does not know, or that the broker lost."""

    at: datetime
    account: str
    order_id: str
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
    | OrderAbsent
    | OrderResent
    | OrderLost
    | OrderSeen
    | FillSeen
    | Noted
    | RunEnded
    | RunTakenUp
    | DailyLossHit
    | Halted
    | HaltLifted
    | Armed
    | Disarmed
    | OrderAccounted
    | SettingChanged
    | Adopted
    | Restated
)
