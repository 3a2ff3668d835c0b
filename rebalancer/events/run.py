"""The events of a run from start to end: what it read, decided, and noted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from rebalancer.model import Account, BotFailure, NoPrice, Plan, Price, RunStatus, Symbol, Targets, Weights


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The request to start a run. `files` maps the config and each bot to its bytes, which are stored by SHA-256.

    `venue` is where orders are sent, such as a host name. `force` starts another run of a session that already had one.
    `notes` are sentences for every screen that shows the run.
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
    """`share` is the bot's fraction of Investable; `weights` are fractions of that share. `path` explains them."""

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
    """An interrupted run was resumed with the files it recorded, or the orders an ended run left are being settled."""

    at: datetime
    why: str
