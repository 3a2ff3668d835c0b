"""The status of each account: its last and next run, and what needs a look, in sentences for a person or a monitor."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from rebalancer.app.controls import file_hashes
from rebalancer.app.schedule import RECENT_RUNS, Window, calendar_of, coming, coming_windows, enabled_since, missed
from rebalancer.app.views import AccountStatus, ComingRun
from rebalancer.config import AccountConfig, Config
from rebalancer.journal import read
from rebalancer.journal.audit import quick_faults
from rebalancer.journal.read import RunSummary
from rebalancer.ports import Clock, TradingStatus
from rebalancer.trading.authorization import halt_text, unarmed_reason

LONGEST_RUN = timedelta(hours=2)
"""A run without an end that is older than this was interrupted."""


def account_statuses(
    config: Config, accounts: Sequence[AccountConfig], clock: Clock, max_age: timedelta | None = None
) -> list[AccountStatus]:
    """With `max_age`, an account whose last completed run is older than that, or that has none, needs a look.

    Raises RunFailedError where the journal can't be read.
    """
    since = enabled_since(config, clock)
    return [_status(config, account, clock, since.get(account.name), max_age) for account in accounts]


def _status(
    config: Config, account: AccountConfig, clock: Clock, since: datetime | None, max_age: timedelta | None
) -> AccountStatus:
    """The account is enabled `since`, None where it is not."""
    calendar, now = calendar_of(config, account, clock), clock.now()
    runs = read.runs(config.journal(), account.name, RECENT_RUNS)
    troubles = list(blocks(config, account, now))
    if runs:
        troubles += _of_last(runs[0], now)
    if since is not None:
        windows = missed(account, calendar, runs, since, now)
        troubles += (f"the session of {window.session.day} was missed: no run was started" for window in windows)
    if max_age is not None:
        troubles += _of_age(runs, now, max_age)
    upcoming = coming_run(next(coming(account, calendar, now))) if account.enabled else None
    last, zone = runs[0] if runs else None, account.venue.zone.key
    return AccountStatus(account.name, zone, account.enabled, last, upcoming, tuple(troubles))


def coming_runs(config: Config, clock: Clock, count: int) -> list[ComingRun]:
    """The next `count` runs of the enabled accounts. Raises RunFailedError where the calendar does not reach so far."""
    return [coming_run(window) for window in islice(coming_windows(config, clock), count)]


def coming_run(window: Window) -> ComingRun:
    session = window.session
    return ComingRun(window.account, session.day, window.opens, session.closes, str(session.zone))


def blocks(config: Config, account: AccountConfig, now: datetime) -> tuple[str, ...]:
    """Why nothing is sent for `account` now: a journal that can't be trusted, a halt, a missing arming."""
    status = read.trading_status(config.journal(), account.name)
    return (*quick_faults(config.journal()), *blocked_by(account, status, file_hashes(config, account), now))


def blocked_by(account: AccountConfig, status: TradingStatus, files: Mapping[str, str], now: datetime) -> Iterator[str]:
    """The halt or the missing arming that keeps `account` from sending orders. `files` are as in `file_hashes`."""
    if status.halt is not None:
        yield halt_text(status.halt)
    if account.mode == "live":
        why = unarmed_reason(account.name, status.armed, account.account_number, files, now, account.venue.zone)
        if why is not None:
            yield why


def _of_last(run: RunSummary, now: datetime) -> Iterator[str]:
    if run.status in {"failed", "missed"}:
        verb = "failed" if run.status == "failed" else "was missed"
        yield f"run {run.id} for the session of {run.session} {verb}: {run.reason}"
    elif run.status == "running" and not now - run.started <= LONGEST_RUN:
        yield f"run {run.id} for the session of {run.session} was interrupted: see `rebalance history {run.id}`"


def _of_age(runs: Sequence[RunSummary], now: datetime, max_age: timedelta) -> Iterator[str]:
    done = next((run for run in runs if run.status in {"success", "partial"}), None)
    allowed = max_age / timedelta(hours=1)
    if done is None:
        yield f"no run was done yet, and {allowed:g} hours are allowed"
    elif not now - done.started <= max_age:
        hours = (now - done.started) / timedelta(hours=1)
        yield f"the last run that was done, run {done.id}, is {hours:,.1f} hours old, and {allowed:g} are allowed"
