"""The status of accounts and their coming runs: frozen values for the terminal, a web page or `--json`. No I/O."""

from dataclasses import dataclass
from datetime import date, datetime

from rebalancer.events import Armed, Halted
from rebalancer.journal.read import RunSummary


@dataclass(frozen=True, slots=True)
class UpcomingRun:
    """A scheduled run: its start, its session and when that closes. `blocked`: why it would send no orders."""

    account: str
    session: date
    starts: datetime
    closes: datetime
    zone: str
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """`last` is None before the first run, `upcoming` if the account is not enabled. `troubles` are problems that
    need a person. `halts` are those in force; `unknown_orders` counts the orders with an unknown outcome. `armed` is
    the arming in force where real money is traded. `last_valued` is the last run that read the account, with its
    equity then; `under_way` says whether `last` is in progress.
    """

    account: str
    zone: str
    currency: str
    enabled: bool
    last: RunSummary | None
    upcoming: UpcomingRun | None
    troubles: tuple[str, ...]
    halts: tuple[Halted, ...] = ()
    unknown_orders: int = 0
    simulated: bool = False
    real_money: bool = False
    armed: Armed | None = None
    last_valued: RunSummary | None = None
    under_way: bool = False


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The accounts as of the time `at`. `notes` are failures of notifications, the monitor and metrics."""

    at: datetime
    accounts: tuple[AccountStatus, ...]
    notes: tuple[str, ...]
