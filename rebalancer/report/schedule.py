"""The coming runs, and how each account fares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rebalancer.journal.read import RunSummary
from rebalancer.model.text import minute
from rebalancer.report.console import grid, line, show
from rebalancer.report.run import STYLES


@dataclass(frozen=True, slots=True)
class ComingRun:
    """Times in UTC: the run starts at `starts`, before its session closes at `closes`."""

    account: str
    session: date
    starts: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """`last` is None before the first run, `upcoming` where the account is not enabled. `troubles` are sentences."""

    account: str
    enabled: bool
    last: RunSummary | None
    upcoming: ComingRun | None
    troubles: tuple[str, ...]


def show_coming(runs: Sequence[ComingRun]) -> None:
    table = grid("Coming runs", "account", "session", "starts, New York", "starts, here", "the session closes")
    for run in runs:
        table.add_row(
            run.account, f"{run.session:%a %Y-%m-%d}", minute(run.starts), minute(run.starts, None), minute(run.closes)
        )
    show(table)


def show_status(accounts: Sequence[AccountStatus]) -> None:
    table = grid("Accounts", "account", "last run", "status", "next run, New York", "next run, here", "~what happened")
    for account in accounts:
        last, upcoming = account.last, account.upcoming
        table.add_row(
            account.account,
            f"{last.id}, session {last.session}" if last else "none yet",
            line(last.status, STYLES.get(last.status, "")) if last else "",
            minute(upcoming.starts) if upcoming else "not enabled",
            minute(upcoming.starts, None) if upcoming else "",
            last.reason if last else "",
        )
    show(table)
    for account in accounts:
        for trouble in account.troubles:
            show(line(f"{account.account}: {trouble}", "bold red"))
