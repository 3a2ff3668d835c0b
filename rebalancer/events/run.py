"""From a run's birth to its end: what it read, what was decided, and what it said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from rebalancer.model import Account, BotFailure, NoPrice, Plan, Price, RunStatus, Symbol, Targets, Weights


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
    and journalled later, and would count twice; and while a difference is not explained. Such a difference is open
    since the session `opened`, from the record of the session `counted_on`, whose shares were worth `counted_value`.
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
    """A run that was cut off is gone on with, by the bytes its claim recorded; or what an ended one left is settled."""

    at: datetime
    why: str
