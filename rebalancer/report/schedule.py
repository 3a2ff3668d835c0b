"""The coming runs, what the schedule does, and the status of each account."""

from collections.abc import Sequence
from datetime import datetime

from rebalancer.app.views import AccountStatus, Blocked, ComingRun, RunResult
from rebalancer.model.text import minute
from rebalancer.report.console import grid, line, show
from rebalancer.report.run import STYLES


def show_coming(runs: Sequence[ComingRun]) -> None:
    table = grid("Coming runs", "account", "session", "starts, New York", "starts, here", "the session closes")
    for run in runs:
        table.add_row(
            run.account, f"{run.session:%a %Y-%m-%d}", minute(run.starts), minute(run.starts, None), minute(run.closes)
        )
    show(table)


def news(found: RunResult | ComingRun | Blocked, now: datetime) -> str:
    """A line of the schedule's log, at `now`."""
    match found:
        case ComingRun():
            return f"Next run: {found.account} at {minute(found.starts)} ({minute(found.starts, None)})"
        case Blocked():
            return found.blocked
    run = f" (run {found.run.run.id})" if found.run else ""
    return f"{minute(now)}  {found.account}: {found.status}{run}: {found.sentence}"


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
