"""Results of the use cases: frozen values for the terminal, a web page or `--json`. No I/O.

Money is in the account's currency. Times are in UTC; `zone` names the exchange's time zone, as in "Europe/Berlin".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.config import Config
from rebalancer.errors import Problem
from rebalancer.events import Armed, Halted, SettingChanged
from rebalancer.journal.chain import Head
from rebalancer.journal.read import RunRecord
from rebalancer.model import OrderState, RunStatus, Symbol
from rebalancer.model.settings import CapitalMode, MoneyMode
from rebalancer.portfolio.crossings import Crossing
from rebalancer.portfolio.holdings import Offer


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of one account's run. `run` is None if none was started; `message` says why.

    `tax` are sentences on what a dry run would trade: possible wash sales and short-term gains. `crossed` passed
    between the bots without an order, or would have.
    """

    account: str
    exit_code: int
    message: str
    run: RunRecord | None
    status: RunStatus
    zone: str
    tax: tuple[str, ...] = ()
    crossed: tuple[Crossing, ...] = ()

    @property
    def sentence(self) -> str:
        return self.message or (self.run.run.reason if self.run else "")


@dataclass(frozen=True, slots=True)
class DeliveryTest:
    """A test message to a recipient, or a test ping of the monitor. `trouble` is the error, "" if it was accepted."""

    name: str
    trouble: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why an enabled account sends no orders, such as a halt; the sentence begins with the account's name."""

    blocked: str


@dataclass(frozen=True, slots=True)
class PollFailed:
    """A poll of the schedule failed, for example because the config can't be read."""

    error: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The lifted halts. `whole_runs` are armings that no longer stop after the first order, which was reviewed."""

    lifted: tuple[Halted, ...]
    whole_runs: tuple[Armed, ...]


@dataclass(frozen=True, slots=True)
class KilledAccount:
    """`found` are the orders that were open, `left` those still open. `trouble` is the broker's error, else ""."""

    account: str
    found: tuple[OrderState, ...]
    left: tuple[OrderState, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Killed:
    """The result of the kill switch: the halt, journalled first, then each account's open orders."""

    exit_code: int
    halted: Halted
    accounts: tuple[KilledAccount, ...]


@dataclass(frozen=True, slots=True)
class ArmingProposal:
    """An arming to confirm: its terms, and the account as the broker reports it."""

    armed: Armed
    host: str
    equity: Decimal
    cash: Decimal
    currency: str
    zone: str


@dataclass(frozen=True, slots=True)
class LiveAccount:
    """`armed` is the last arming, None if disarmed. `trouble` is why no order may be sent, "" if orders may be sent."""

    account: str
    number: str | None
    armed: Armed | None
    trouble: str
    currency: str
    zone: str


@dataclass(frozen=True, slots=True)
class Invested:
    """Money committed to a bot, by `weight_mode`: `amount` of `currency`, or percent of the investable amount.

    With `capital` "rollover" the bot begins with the amount, and its money is what its book has from then on.
    """

    bot: str
    file: str
    amount: Decimal
    weight_mode: MoneyMode
    capital: CapitalMode
    currency: str


@dataclass(frozen=True, slots=True)
class InvestmentsEdited:
    """What an edit of the config changed. `disarmed` has a sentence for each arming that the edit undid, `shares_left`
    one on the shares of a bot that was removed, if it has any.
    """

    changes: tuple[SettingChanged, ...]
    investments: tuple[Invested, ...]
    disarmed: tuple[str, ...]
    shares_left: str | None = None


@dataclass(frozen=True, slots=True)
class Migrated:
    """`backup` is the old file, None where the config had the newest schema already."""

    file: str
    schema: int
    backup: str | None
    disarmed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FirstFiles:
    """The files that `init` wrote, and the commands to type next."""

    files: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettingsCheck:
    """`config` is None if it is invalid. `warnings` are what is legal and almost surely wrong."""

    config: Config | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Adoption:
    """Shares handed over to the bots, and the requested symbols that can't be, with the reason."""

    account: str
    adopted: tuple[Offer, ...]
    refused: Mapping[Symbol, str]
    currency: str


@dataclass(frozen=True, slots=True)
class Restored:
    """`remembered` is the high-water mark of this machine, None if it has none; `head` is the journal's last line."""

    remembered: Head | None
    head: Head
