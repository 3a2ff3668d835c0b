"""The status of each account: its last and next run, and its problems as sentences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from rebalancer.app.arming import file_hashes
from rebalancer.app.schedule import (
    RECENT_RUNS,
    Window,
    calendar_of,
    enabled_since,
    missed,
    upcoming_windows,
    windows_after,
)
from rebalancer.app.status_views import AccountStatus, StatusReport, UpcomingRun
from rebalancer.config import AccountConfig, Config
from rebalancer.events import Armed
from rebalancer.files import open_to_others
from rebalancer.journal import figures, read
from rebalancer.journal.audit import quick_faults
from rebalancer.journal.read import RunSummary
from rebalancer.model.text import counted
from rebalancer.ports import Clock, TradingStatus
from rebalancer.trading.halts import halt_text, unarmed_reason

LONGEST_RUN = timedelta(hours=2)
"""A run that has not ended after this time is reported as interrupted."""
STARTED = "`rebalance service status` shows whether anything starts the program by itself."


def status_report(
    config: Config, accounts: Sequence[AccountConfig], clock: Clock, max_age: timedelta | None = None
) -> StatusReport:
    """As `account_statuses`, and what went wrong with messages, the monitor and the figures."""
    return StatusReport(clock.now(), tuple(account_statuses(config, accounts, clock, max_age)), tuple(_notes(config)))


def _notes(config: Config) -> Iterator[str]:
    if config.ping or config.metrics or config.notify:
        from rebalancer.app.observers import troubles  # noqa: PLC0415 - slow to import, and most have none of these

        yield from (f"{name}: {trouble}" for name, trouble in troubles(config).items())


def account_statuses(
    config: Config, accounts: Sequence[AccountConfig], clock: Clock, max_age: timedelta | None = None
) -> list[AccountStatus]:
    """The status of `accounts`. With `max_age`, no completed run within that time is a problem.

    Raises RunFailedError if the journal can't be read.
    """
    since = enabled_since(config, clock)
    return [_status(config, account, clock, since.get(account.name), max_age) for account in accounts]


def _status(
    config: Config, account: AccountConfig, clock: Clock, since: datetime | None, max_age: timedelta | None
) -> AccountStatus:
    """`since` is when the account was enabled, None if it is not."""
    calendar, now = calendar_of(config, account, clock), clock.now()
    runs = read.runs(config.journal(), account.name, RECENT_RUNS)
    under_way = bool(runs) and _is_in_progress(runs[0], now)
    unknown = 0 if under_way else figures.unknown_orders(config.journal(), account.name)
    troubles = [
        *blocks(config, account, now),
        *exposed(config),
        *_missing_file_problems(account),
        *_unknown_order_problems(account, unknown),
    ]
    if runs:
        troubles += _last_run_problems(runs[0], now)
    if since is not None:
        windows = missed(account, calendar, runs, since, now)
        troubles += (
            f"the session of {window.session.day} was missed: no run was started. {STARTED}" for window in windows
        )
    if max_age is not None:
        troubles += _age_problems(runs, now, max_age)
    return AccountStatus(
        account=account.name,
        zone=account.venue.zone.key,
        currency=account.venue.currency,
        enabled=account.enabled,
        last=runs[0] if runs else None,
        upcoming=upcoming_run(next(windows_after(account, calendar, now))) if account.enabled else None,
        troubles=tuple(troubles),
        halts=read.halts(config.journal(), account.name),
        unknown_orders=unknown,
        simulated=account.venue.simulated,
        real_money=account.mode == "live" and not account.venue.simulated,
        armed=_armed(config, account, now) if account.mode == "live" else None,
        last_valued=next((run for run in runs if run.equity is not None), None),
        under_way=under_way,
    )


def _armed(config: Config, account: AccountConfig, now: datetime) -> Armed | None:
    armed = read.trading_status(config.journal(), account.name).armed
    files, venue = file_hashes(config, account), account.venue
    reason = unarmed_reason(account.name, armed, account.account_number, files, now, venue.zone)
    return armed if reason is None else None


def upcoming_runs(config: Config, clock: Clock, count: int) -> list[UpcomingRun]:
    """The next `count` runs of the enabled accounts. Raises RunFailedError past the end of the calendar."""
    why = {account.name: blocks(config, account, clock.now()) for account in config.accounts if account.enabled}
    windows = islice(upcoming_windows(config, clock), count)
    return [replace(upcoming_run(window), blocked=why[window.account]) for window in windows]


def upcoming_run(window: Window) -> UpcomingRun:
    session = window.session
    return UpcomingRun(window.account, session.day, window.opens, session.closes, str(session.zone))


def blocks(config: Config, account: AccountConfig, now: datetime) -> tuple[str, ...]:
    """Why no orders may be sent for `account`: a corrupt journal, a halt, or a missing arming."""
    status = read.trading_status(config.journal(), account.name)
    return (*quick_faults(config.journal()), *blocked_by(account, status, file_hashes(config, account), now))


def exposed(config: Config) -> Iterator[str]:
    """A sentence where other users can write the state folder or a file in it."""
    if (path := open_to_others(config.state_dir)) is not None:
        yield f"other users can write {path}, and change what runs go by: chmod go-w {path}"


def blocked_by(account: AccountConfig, status: TradingStatus, files: Mapping[str, str], now: datetime) -> Iterator[str]:
    """The halt or missing arming that blocks orders of `account`. `files` are the hashes by `file_hashes`."""
    if status.halt is not None:
        yield halt_text(status.halt, account.venue.zone)
    if account.mode == "live":
        why = unarmed_reason(account.name, status.armed, account.account_number, files, now, account.venue.zone)
        if why is not None:
            yield why


def _missing_file_problems(account: AccountConfig) -> Iterator[str]:
    for name, file in account.bots.items():
        if not file.is_file():
            yield f"the file of bot {name} is gone, and no run starts without it: bring {file} back"


def _last_run_problems(run: RunSummary, now: datetime) -> Iterator[str]:
    if run.status in {"failed", "missed"}:
        verb = "failed" if run.status == "failed" else "was missed"
        remedy = "`rebalance doctor` checks what a run needs." if run.status == "failed" else STARTED
        yield f"run {run.id} for the session of {run.session} {verb}: {run.reason.rstrip('.')}. {remedy}"
    elif run.status == "running" and not _is_in_progress(run, now):
        yield (
            f"run {run.id} for the session of {run.session} was interrupted: `rebalance recover` settles what it sent, "
            f"and so does the next run; `rebalance history {run.id}` has it"
        )


def _is_in_progress(run: RunSummary, now: datetime) -> bool:
    return run.status == "running" and now - run.started <= LONGEST_RUN


def _unknown_order_problems(account: AccountConfig, unknown: int) -> Iterator[str]:
    """While a run is under way its orders may be without an outcome for a moment: they are not counted then."""
    if unknown:
        look = f"`rebalance recover --account {account.name}` asks the broker, and the next run does"
        yield f"the outcome of {counted(unknown, 'order')} is not known: {look}"


def _age_problems(runs: Sequence[RunSummary], now: datetime, max_age: timedelta) -> Iterator[str]:
    done = next((run for run in runs if run.status in {"success", "partial"}), None)
    allowed = max_age / timedelta(hours=1)
    if done is None:
        yield f"no run has completed yet; at most {allowed:g} hours are allowed"
    elif not now - done.started <= max_age:
        hours = (now - done.started) / timedelta(hours=1)
        yield f"the last completed run, run {done.id}, is {hours:,.1f} hours old; at most {allowed:g} are allowed"
