"""The coming runs, what the schedule does, and the status of each account."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rebalancer.app.views import AccountStatus, Blocked, ComingRun, RunResult
from rebalancer.model.text import city, minute
from rebalancer.report.console import grid, line, show
from rebalancer.report.run import STYLES


def show_coming(runs: Sequence[ComingRun]) -> None:
    place = where(run.zone for run in runs)
    table = grid("Coming runs", "account", "session", f"starts, {place}", "starts, here", "the session closes")
    for run in runs:
        starts, here, closes = _start(run), minute(run.starts, None), minute(run.closes, ZoneInfo(run.zone))
        table.add_row(run.account, f"{run.session:%a %Y-%m-%d}", starts, here, closes)
    show(table)


def _start(run: ComingRun) -> str:
    return minute(run.starts, ZoneInfo(run.zone))


def where(zones: Iterable[str]) -> str:
    """For a column of times at exchanges: the city that all of `zones` name, if there is one."""
    cities = {city(ZoneInfo(zone)) for zone in zones}
    return cities.pop() if len(cities) == 1 else "at the exchange"


def news(found: RunResult | ComingRun | Blocked, now: datetime) -> str:
    """A line of the schedule's log, at `now`."""
    match found:
        case ComingRun():
            return f"Next run: {found.account} at {_start(found)} ({minute(found.starts, None)})"
        case Blocked():
            return found.blocked
    run = f" (run {found.run.run.id})" if found.run else ""
    return f"{minute(now, ZoneInfo(found.zone))}  {found.account}: {found.status}{run}: {found.sentence}"


def show_status(accounts: Sequence[AccountStatus]) -> None:
    place = where(account.zone for account in accounts)
    table = grid("Accounts", "account", "last run", "status", f"next run, {place}", "next run, here", "~what happened")
    for account in accounts:
        last, upcoming = account.last, account.upcoming
        table.add_row(
            account.account,
            f"{last.id}, session {last.session}" if last else "none yet",
            line(last.status, STYLES.get(last.status, "")) if last else "",
            _start(upcoming) if upcoming else "not enabled",
            minute(upcoming.starts, None) if upcoming else "",
            last.reason if last else "",
        )
    show(table)
    for account in accounts:
        for trouble in account.troubles:
            show(line(f"{account.account}: {trouble}", "bold red"))
