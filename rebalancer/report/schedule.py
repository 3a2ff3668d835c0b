"""The coming runs, what the schedule does, and the status of each account."""

from collections.abc import Sequence
from datetime import datetime

from rebalancer.app.views import AccountStatus, Blocked, ComingRun, RunResult
from rebalancer.market.clock import NEW_YORK
from rebalancer.report.console import grid, line, show
from rebalancer.report.run import STYLES


def show_coming(runs: Sequence[ComingRun]) -> None:
    table = grid("Coming runs", "account", "session", "starts, New York", "starts, here", "the session closes")
    for run in runs:
        table.add_row(
            run.account, f"{run.session:%a %Y-%m-%d}", new_york(run.starts), here(run.starts), new_york(run.closes)
        )
    show(table)


def news(found: RunResult | ComingRun | Blocked, now: datetime) -> str:
    """A line of the schedule's log, at `now`."""
    match found:
        case ComingRun():
            return f"Next run: {found.account} at {new_york(found.starts)} ({here(found.starts)})"
        case Blocked():
            return found.blocked
    run = f" (run {found.run.run.id})" if found.run else ""
    return f"{new_york(now)}  {found.account}: {found.status}{run}: {found.sentence}"


def show_status(accounts: Sequence[AccountStatus]) -> None:
    table = grid("Accounts", "account", "last run", "status", "next run, New York", "next run, here", "~what happened")
    for account in accounts:
        last, upcoming = account.last, account.upcoming
        table.add_row(
            account.account,
            f"{last.id}, session {last.session}" if last else "none yet",
            line(last.status, STYLES.get(last.status, "")) if last else "",
            new_york(upcoming.starts) if upcoming else "not enabled",
            here(upcoming.starts) if upcoming else "",
            last.reason if last else "",
        )
    show(table)
    for account in accounts:
        for trouble in account.troubles:
            show(line(f"{account.account}: {trouble}", "bold red"))


def new_york(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M %Z}"


def here(at: datetime) -> str:
    """In this machine's own time zone."""
    return f"{at.astimezone():%Y-%m-%d %H:%M %Z}"
