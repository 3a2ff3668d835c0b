"""What there is at a glance: accounts and their bots, by the journal alone. It asks no broker and reads no price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from rebalancer.app.status import account_statuses
from rebalancer.app.status_views import AccountStatus, StatusReport
from rebalancer.config import AccountConfig, Config
from rebalancer.events import Halted
from rebalancer.journal.chain import Head
from rebalancer.journal.connection import head
from rebalancer.journal.kept_books import replayed
from rebalancer.model import Investment
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.bookkeeping import Bookkeeper
from rebalancer.portfolio.books import total_cash
from rebalancer.portfolio.returns import Point, account_points, bot_points, gain, time_weighted
from rebalancer.ports import Clock

MOST_KEPT = 8
"""Of books in this process."""


@dataclass(frozen=True, slots=True)
class Track:
    """What a book had after each session, and what it earned since the first: `gain` in money, `returned` weighted by
    time as a fraction.
    """

    sessions: tuple[date, ...]
    values: tuple[Decimal, ...]
    growth: tuple[float, ...]
    gain: Decimal
    returned: float

    @property
    def value(self) -> Decimal:
        return self.values[-1]


@dataclass(frozen=True, slots=True)
class BotOverview:
    """`track` is None before the bot's first evening."""

    investment: Investment
    file: str
    track: Track | None

    @property
    def name(self) -> str:
        return self.investment.bot


@dataclass(frozen=True, slots=True)
class AccountOverview:
    """`real_money`: its orders trade real money once it is armed. `cash` and `free_cash`, that no bot has, are as of
    the last reading; they and `track` are None before the first.
    """

    status: AccountStatus
    venue: str
    real_money: bool
    track: Track | None
    cash: Decimal | None
    free_cash: Decimal | None
    bots: tuple[BotOverview, ...]

    @property
    def name(self) -> str:
        return self.status.account

    @property
    def halts(self) -> tuple[Halted, ...]:
        return self.status.halts


def overview(config: Config, account: AccountConfig, clock: Clock) -> AccountOverview:
    """Raises RunFailedError for a journal that can't be read."""
    (status,) = account_statuses(config, [account], clock)
    return _overview(config, account, status)


def overviews(config: Config, status_report: StatusReport) -> tuple[AccountOverview, ...]:
    """Of all accounts, in the order of the config."""
    return tuple(_overview(config, *each) for each in zip(config.accounts, status_report.accounts, strict=True))


def _overview(config: Config, account: AccountConfig, status: AccountStatus) -> AccountOverview:
    keeper = _books(config.journal(), account.name)
    begun = bool(keeper.valuations)
    return AccountOverview(
        status=status,
        venue=account.venue.title,
        real_money=is_real_money(account),
        track=_track(account_points(keeper.valuations)),
        cash=total_cash(keeper.books) if begun else None,
        free_cash=keeper.books[UNASSIGNED].cash if begun and UNASSIGNED in keeper.books else None,
        bots=tuple(_bot(account, investment, keeper) for investment in account.investments),
    )


def _books(journal: Path, account: str) -> Bookkeeper:
    line = head(journal)
    return replayed(journal, account).keeper if line is None else _books_at(journal, account, line)


@lru_cache(maxsize=MOST_KEPT)
def _books_at(journal: Path, account: str, line: Head) -> Bookkeeper:  # noqa: ARG001 - the books change with it alone
    """As of the journal's last `line`: until another is written, pages need no replay. Nobody changes what is kept."""
    return replayed(journal, account).keeper


def is_real_money(account: AccountConfig) -> bool:
    return account.mode == "live" and not account.venue.simulated


def _bot(account: AccountConfig, investment: Investment, keeper: Bookkeeper) -> BotOverview:
    points = bot_points(keeper.valuations, investment.bot)
    return BotOverview(investment, str(account.bots[investment.bot]), _track(points))


def _track(points: Sequence[Point]) -> Track | None:
    if not points:
        return None
    sessions, values, growth = zip(*((point.session, point.value, point.growth) for point in points), strict=True)
    return Track(sessions, values, growth, gain(points, 0), time_weighted(points))
