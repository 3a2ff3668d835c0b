"""The ports: every interface between a run and the outside world."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from rebalancer.model import (
    Account,
    Bars,
    BarsRead,
    Closes,
    CorporateAction,
    Difference,
    Fill,
    Found,
    Hours,
    Instrument,
    Order,
    OrderId,
    OrderPhase,
    OrderState,
    Payment,
    Plan,
    Position,
    Rename,
    RunId,
    Session,
    Snapshot,
    Submitted,
    Symbol,
    Venue,
)

if TYPE_CHECKING:
    from rebalancer.events import Armed, Event, Halted
    from rebalancer.model import RunRequest
    from rebalancer.portfolio.bookkeeping import Bookkeeper


class Progress(Protocol):
    """Watches work that may take long. It changes nothing, and must not fail."""

    def __call__(self, work: str, done: int = 0, total: int = 0) -> None:
        """`work` goes on, such as "Reading prices.csv"; `done` of `total` parts are over, 0 if unknown."""


KEYS_REFUSED = "did not accept the key"
"""What a venue's error says where the API keys are refused, by which such an error is recognised."""


def unwatched(work: str, done: int = 0, total: int = 0) -> None:
    """A `Progress` that does nothing."""


class Broker(Protocol):
    """Reads are complete or raise SourceError: a missing value is never a zero. `submit`, `find` and `cancel` make one
    attempt each and never raise for a network failure: a response that can't be parsed is `Unknown`.
    """

    @property
    def venue(self) -> Venue: ...
    def hours(self) -> Hours: ...
    def account(self) -> Account: ...
    def positions(self) -> tuple[Position, ...]: ...
    def open_orders(self) -> tuple[OrderState, ...]:
        """Every open order of the account, ours or not."""

    def named(self, ours: Callable[[OrderId], bool], since: datetime) -> tuple[OrderState, ...]:
        """Every order of the account sent at `since` or later, in any state, whose id satisfies `ours`."""

    def may_short(self) -> bool:
        """Whether selling more than is held would open a short position. Raises SourceError."""

    def untradable(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, str]:
        """Those of `symbols` that can't be traded here, with the reason."""

    def instruments(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Instrument]:
        """Lot, tick and least order of each of `symbols`. Called before every order, so answer from memory."""

    def submit(self, order: Order) -> Submitted: ...
    def find(self, order_id: OrderId) -> Found: ...
    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        """The states of those of `ids` that the broker knows, by one call."""

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        """All executions of the order's filled quantity. Raises SourceError while some are not known yet."""

    def cancel(self, order_id: OrderId) -> None:
        """Request a cancel; `orders` shows whether it succeeded."""


@runtime_checkable
class PaysCash(Protocol):
    def payments(self, since: date) -> tuple[Payment, ...]:
        """Of the days from `since` on, by a broker that lists them. Raises SourceError."""


class History(Protocol):
    def closes(self, symbols: Sequence[Symbol], before: date) -> Closes:
        """Adjusted closes of completed sessions before `before`, columns as in `symbols` (all NaN where a symbol is
        unknown). Raises SourceError where the source can't be read.
        """

    def bars(self, closes: Closes, read: BarsRead) -> Bars:
        """What the bars beside `closes` have in the fields of `read`, on its sessions, adjusted as `closes` are.

        NaN where the source has none, for tonight too. Called only for bots that read more than closes. Raises
        SourceError, or BadInputError for files that contradict each other.
        """

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
        """Corporate actions of `symbols` from `first` to `last`, both included. Raises SourceError."""


class Quotes(Protocol):
    def snapshots(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Snapshot]:
        """Current prices; an unknown symbol is absent. Raises SourceError."""


class Calendar(Protocol):
    @property
    def zone(self) -> tzinfo:
        """The time zone of the exchange, which decides the date there."""

    def session(self, day: date) -> Session | None:
        """The session of `day`, None where the exchange is closed."""

    def sessions(self, first: date, last: date) -> tuple[date, ...]: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """Time-zone aware, in UTC; it goes back where the machine's clock is set back."""

    def elapsed(self) -> float:
        """Monotonic seconds since an arbitrary start, including those for which the machine was suspended."""

    def sleep(self, seconds: float) -> None: ...


class Journal(Protocol):
    """Append-only. `record` has committed to disk when it returns; after it raises, no order may be sent."""

    def start_run(self, request: "RunRequest") -> "RunId | AlreadyRun":
        """Start the next run of the session. Raises BusyError while another process runs this account."""

    def record(self, run: RunId, *events: "Event") -> None:
        """`run` is NO_RUN for events outside a run. Raises TradingBlockedError, and writes nothing, for the intent of
        an order from an account that is halted or disarmed.
        """

    def run_number(self, run: RunId) -> int: ...
    def ledger(self, account: str) -> "Ledger": ...
    def unsettled(self, account: str) -> "tuple[OrderRecord, ...]":
        """Our orders whose final state or fills are not all journalled, oldest first; lost orders too."""

    def orders(self, run: RunId) -> "tuple[OrderRecord, ...]":
        """Every order of `run`, in journal order."""

    def orders_since(self, account: str, first: date) -> "tuple[OrderRecord, ...]":
        """Every order of `account` in the sessions from `first` on, in journal order."""

    def balances(self, account: str, first: date) -> "tuple[BalanceRecord, ...]":
        """The balances that runs of `account` read in the sessions from `first` on, oldest first."""

    def knows(self, account: str, ids: Iterable[OrderId]) -> frozenset[OrderId]:
        """Those of `ids` that are ours: journalled orders of `account`, unless refused, or settled by a person."""

    def failures(self, run: RunId) -> Mapping[str, str]: ...
    def since(self, account: str, bot: str, sha256: str) -> date | None:
        """The first day of the simulation of `bot`, as a file of that SHA-256, by the last run in which it decided."""

    def interrupted(self, account: str) -> "InterruptedRun | None":
        """The run of `account` that never ended and whose process is gone; None where there is none."""

    def resume(self, run: RunId, request: "RunRequest", *, running: bool) -> None:
        """Continue an interrupted run (`running`), or settle the orders of one that ended. Raises as `start_run`."""

    def payments(self, account: str) -> frozenset[str]: ...
    def books(self, account: str) -> "Bookkeeper":
        """The bots' books of `account` after the journal's last line; `payments` are the ids of those in it."""

    def trading_status(self, account: str) -> "TradingStatus": ...
    def check_disk_space(self) -> None:
        """Raises RunFailedError unless the disk has room for a whole run."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order of ours as the journal has it. `at` is the time of the latest of its `times` submits."""

    order: Order
    run: RunId
    session: date
    phase: OrderPhase
    at: datetime
    times: int
    filled: Decimal
    average_price: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class BalanceRecord:
    run: RunId
    session: date
    phase: Literal["start", "again", "after_sells", "end"]
    account: Account


@dataclass(frozen=True, slots=True)
class InterruptedRun:
    """A run whose process died, with its plan if it had one, its config and bots (`files`) and how many `orders`."""

    run: RunId
    session: date
    orders: int
    files: Mapping[str, bytes]
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class TradingStatus:
    """Whether an account may trade, by the journal.

    `loss` is the last session in which the daily loss limit was reached: only sells for the rest of it. `last` has the
    mode, venue and account number of the last run that read an account.
    """

    halt: "Halted | None" = None
    armed: "Armed | None" = None
    loss: date | None = None
    last: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class AlreadyRun:
    """The session already had its run: `reason` is a sentence that names it."""

    run: RunId
    reason: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """Positions of an account by the journal, in shares.

    `ours` were bought by our fills and not sold since. `expected` is the whole position that the broker should show:
    its last record plus our fills since; None before the first record. `recorded` is the session of that record,
    `opened` that of the first one, `restated` the last session in which a split or rename restated a symbol. `values`
    are what `expected` is worth, at cost for fills since the record; absent after a split or rename. A symbol with an
    `open` reconciliation difference keeps `ours`, `expected` and `values` of the record before it. `renames` are all
    there were, oldest first.
    """

    ours: Mapping[Symbol, Decimal]
    expected: Mapping[Symbol, Decimal] | None
    recorded: date | None = None
    restated: Mapping[Symbol, date] = field(default_factory=dict)
    values: Mapping[Symbol, Decimal] = field(default_factory=dict, compare=False)
    open: Mapping[Symbol, Difference] = field(default_factory=dict)
    renames: tuple[Rename, ...] = field(default=(), compare=False)
    opened: date | None = field(default=None, compare=False)
