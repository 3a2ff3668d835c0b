"""The events that the journal stores, in order: its source of truth. Every table is a projection of them.

Class and field names are part of the stored format: fields are added with a default, never renamed or removed.
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
    Flip,
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
class Event:
    """Any of them, with the time at which it happened. Times have a zone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """The broker's position in a symbol, our part of it, the expected quantity, and why it is not traded ("": it is).

    `counted` replaces `quantity` in the ledger while an order of the session is unsettled (its fills could count twice)
    or a reconciliation difference is open. Such a difference was first seen in the session `opened`, against the record
    of the session `counted_on`, when the shares were worth `counted_value`.
    """

    symbol: Symbol
    quantity: Decimal
    ours: Decimal
    value: Decimal
    expected: Decimal | None = None
    untouchable: str = ""
    counted: Decimal | None = None
    opened: date | None = None
    counted_on: date | None = None
    counted_value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class HoldingsRead(Event):
    phase: Literal["start", "again", "after_sells", "end"]
    account: Account
    holdings: tuple[Holding, ...]
    reserve: Decimal
    others_value: Decimal
    investable: Decimal


@dataclass(frozen=True, slots=True)
class PricesTaken(Event):
    purpose: Literal["signals", "orders", "buys"]
    prices: tuple[Price, ...]
    missing: tuple[NoPrice, ...]


@dataclass(frozen=True, slots=True)
class BotDecided(Event):
    """`share` is the bot's fraction of Investable; `weights` are fractions of that share. `path` explains them.

    `since` is the first day of the simulation of a bot that does not rebalance on every session, None for others.
    `flips` says of each gate on the path how near it is to deciding otherwise. Earlier versions journalled none.
    """

    bot: str
    share: float
    weights: Weights
    path: tuple[str, ...]
    warnings: tuple[str, ...]
    since: date | None = None
    flips: tuple[Flip, ...] = ()


@dataclass(frozen=True, slots=True)
class BotFailed(Event):
    share: float
    failure: BotFailure


@dataclass(frozen=True, slots=True)
class TargetsSet(Event):
    targets: Targets


@dataclass(frozen=True, slots=True)
class PlanMade(Event):
    plan: Plan


@dataclass(frozen=True, slots=True)
class Noted(Event):
    level: Literal["note", "warning", "error"]
    text: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    status: RunStatus
    reason: str


@dataclass(frozen=True, slots=True)
class RunTakenUp(Event):
    """An interrupted run was resumed with the files it recorded, or the orders an ended run left are being settled."""

    why: str


@dataclass(frozen=True, slots=True)
class OrderIntended(Event):
    """Committed before the order is sent."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderAnswered(Event):
    """The broker's answer to the submit. "refused" is final; "unknown" must be looked up by id."""

    order_id: str
    answer: Literal["accepted", "refused", "unknown"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OrderAbsent(Event):
    """Not found at the broker in two lookups after the venue's quiet time."""

    order_id: str


@dataclass(frozen=True, slots=True)
class OrderResent(Event):
    """Committed before an absent order is sent again, unchanged and under the same id."""

    order_id: str


@dataclass(frozen=True, slots=True)
class OrderLost(Event):
    """An absent order that is not sent again. Every later run looks it up."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderSeen(Event):
    state: OrderState


@dataclass(frozen=True, slots=True)
class FillSeen(Event):
    fill: Fill


@dataclass(frozen=True, slots=True)
class OrderAccounted(Event):
    """A person accounted for an order with an id of ours that the journal does not know, or that was lost."""

    account: str
    order_id: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class DailyLossHit(Event):
    """`equity` fell below `basis` by more than the limit: sells only for the rest of the session."""

    equity: Decimal
    basis: Decimal
    limit_percent: Decimal


@dataclass(frozen=True, slots=True)
class Halted(Event):
    """No order is sent for `account` ("" means all accounts) until HaltLifted. `by` is a person or "rebalance"."""

    account: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class HaltLifted(Event):
    account: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Armed(Event):
    """`account` may trade real money until `until`, up to `max_dollars` per run, while its `files` are unchanged.

    `files` maps the config and each bot file to its SHA-256. With `first_order_only` the first live run sends one order
    and halts.
    """

    account: str
    number: str
    max_dollars: Decimal
    until: datetime
    files: Mapping[str, str]
    first_order_only: bool
    by: str


@dataclass(frozen=True, slots=True)
class Disarmed(Event):
    account: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class SettingChanged(Event):
    """A setting of `account` changed. `key` is dotted; `old` or `new` is None where the setting was not set."""

    account: str
    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Adopted(Event):
    """Shares already in the account were put under management. `value` is the broker's valuation, `cost` what they cost
    by its average, None where it has none.

    `expected` is the broker's whole position where the adoption also settles a reconciliation difference; `ours` is at
    most that.
    """

    account: str
    symbol: Symbol
    quantity: Decimal
    value: Decimal
    expected: Decimal | None = None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Restated(Event):
    """A split or rename set our shares of `symbol` (`ours`) and the broker's whole position (`expected`).

    For a rename, `symbol` was called `was` until the morning of `renamed_on`; otherwise both are None.
    """

    account: str
    symbol: Symbol
    ours: Decimal
    expected: Decimal
    why: str
    was: Symbol | None = None
    renamed_on: date | None = None


@dataclass(frozen=True, slots=True)
class WrittenOff(Event):
    """All shares of `symbol` in a simulated account were written off. `value` is that at the last close."""

    account: str
    symbol: Symbol
    quantity: Decimal
    value: Decimal
    by: str
    reason: str
