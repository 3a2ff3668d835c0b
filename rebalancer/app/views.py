"""What the use cases answer: frozen values for a screen, a web page or `--json`. Nothing here writes or reads anything.

Money is in the account's currency. Times are in UTC; `zone` names the exchange's time zone, as in "Europe/Berlin".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rebalancer.bots.base import Findings
from rebalancer.config import Config
from rebalancer.errors import Problem
from rebalancer.events import Armed, Halted, SettingChanged
from rebalancer.journal.chain import Head
from rebalancer.journal.read import RunRecord, RunSummary
from rebalancer.market.coverage import Coverage
from rebalancer.model import Decision, OrderState, RunStatus, Symbol
from rebalancer.portfolio.adoption import Offer


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of one account's run. `run` is None where none was started, and `message` says why."""

    account: str
    exit_code: int
    message: str
    run: RunRecord | None
    status: RunStatus
    zone: str

    @property
    def sentence(self) -> str:
        return self.message or (self.run.run.reason if self.run else "")


@dataclass(frozen=True, slots=True)
class ComingRun:
    """A run of the schedule: it starts at `starts`, before its session closes at `closes`."""

    account: str
    session: date
    starts: datetime
    closes: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """`last` is None before the first run, `upcoming` where the account is not enabled. `troubles` are sentences."""

    account: str
    zone: str
    enabled: bool
    last: RunSummary | None
    upcoming: ComingRun | None
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an enabled account sends no orders, such as a halt: a sentence that begins with the account."""

    blocked: str


@dataclass(frozen=True, slots=True)
class LookFailed:
    """The schedule could not see what is due, such as for a config that can't be read."""

    error: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The halts that were lifted; `whole_runs` are the armings whose first live order was reviewed with it."""

    lifted: tuple[Halted, ...]
    whole_runs: tuple[Armed, ...]


@dataclass(frozen=True, slots=True)
class KilledAccount:
    """`found` were open, `left` still are. `trouble` says why that is unknown, "" where the broker answered."""

    account: str
    found: tuple[OrderState, ...]
    left: tuple[OrderState, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Killed:
    """The kill switch: the halt that was written first, then each account's open orders."""

    exit_code: int
    halted: Halted
    accounts: tuple[KilledAccount, ...]


@dataclass(frozen=True, slots=True)
class ArmingProposal:
    """What a person is asked to arm: the account as the broker shows it, and the terms."""

    armed: Armed
    host: str
    equity: Decimal
    cash: Decimal
    currency: str
    zone: str


@dataclass(frozen=True, slots=True)
class LiveAccount:
    """`armed` is the arming in force; `trouble` says why no order may be sent all the same, "" where it may."""

    account: str
    number: str | None
    armed: Armed | None
    trouble: str
    currency: str
    zone: str


@dataclass(frozen=True, slots=True)
class Invested:
    """Money committed to a bot, by `weight_mode`: `amount` of `currency`, or percent of the investable amount."""

    bot: str
    file: str
    amount: Decimal
    weight_mode: str
    currency: str


@dataclass(frozen=True, slots=True)
class InvestmentsEdited:
    """What an edit of the config changed. `disarmed` has a sentence for each arming that the edit undid."""

    changes: tuple[SettingChanged, ...]
    investments: tuple[Invested, ...]
    disarmed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Migrated:
    """`backup` is the old file, None where the config had the newest schema already."""

    file: str
    schema: int
    backup: str | None
    disarmed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettingsCheck:
    """`config` is None where it can't be read. `notes` are no problems, but worth knowing before the next run."""

    config: Config | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Adoption:
    """The shares that are handed over to the bots, and why the others that were asked for are not."""

    account: str
    adopted: tuple[Offer, ...]
    refused: Mapping[Symbol, str]
    currency: str


@dataclass(frozen=True, slots=True)
class Restored:
    """`remembered` is the last line this machine had written, None where that is unknown; `head` is the file's last."""

    remembered: Head | None
    head: Head


@dataclass(frozen=True, slots=True)
class CheckedBot:
    """A bot file: its findings where it can be used, else every problem."""

    file: str
    findings: Findings | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ShownBot:
    """A bot file that can be used: its findings, and all of its rules as lines."""

    file: str
    findings: Findings
    chart: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A bot's decision on the close of `session`. `tree` has all of its rules, `mermaid` a diagram, where asked for."""

    decision: Decision
    session: date
    tree: tuple[str, ...] | None
    mermaid: str | None
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class PriceStatus:
    """`last_session` is the last day with a price, `due` the session that prices should reach.

    `due` is None where no session has closed since the first price: all of them are of days to come.
    """

    last_session: date
    due: date | None
    tickers: Sequence[Coverage]
    notes: Sequence[str]
