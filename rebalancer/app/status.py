"""What is wrong with an account, in sentences for a person or a monitor."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from rebalancer.app.calendar_cache import Almanac
from rebalancer.app.schedule import missed
from rebalancer.config import AccountConfig
from rebalancer.journal.read import RunSummary
from rebalancer.ports import TradingStatus
from rebalancer.trading.authorization import halt_text, unarmed_reason

CUT_OFF_AFTER = timedelta(hours=2)
"""No run takes that long: one that still has no end was cut off."""


def troubles(
    account: AccountConfig, almanac: Almanac, runs: Sequence[RunSummary], now: datetime, max_age: timedelta | None
) -> Iterator[str]:
    """`runs` are the account's, newest first. With `max_age` a last done run that is older, or none, is a trouble."""
    if runs:
        yield from _of_last(runs[0], now)
    since = almanac.enabled_since.get(account.name)
    if since is not None:
        for gone in missed(account, almanac, runs, since, now):
            yield f"the session of {gone.session.day} was missed: no run was started"
    if max_age is not None:
        yield from _of_age(runs, now, max_age)


def brakes(account: AccountConfig, standing: TradingStatus, files: Mapping[str, str], now: datetime) -> Iterator[str]:
    """Why nothing is sent for `account` now, whatever its runs want. `files` are as in `arming.file_hashes`."""
    if standing.halt is not None:
        yield halt_text(standing.halt)
    if account.mode == "live":
        why = unarmed_reason(account.name, standing.armed, account.account_number, files, now)
        if why is not None:
            yield why


def _of_last(run: RunSummary, now: datetime) -> Iterator[str]:
    if run.status in {"failed", "missed"}:
        yield f"run {run.id} for the session of {run.session} {_verb(run)}: {run.reason}"
    elif run.status == "running" and not now - run.started <= CUT_OFF_AFTER:
        yield f"run {run.id} for the session of {run.session} was cut off: see `rebalance history {run.id}`"


def _verb(run: RunSummary) -> str:
    return "failed" if run.status == "failed" else "was missed"


def _of_age(runs: Sequence[RunSummary], now: datetime, max_age: timedelta) -> Iterator[str]:
    done = next((run for run in runs if run.status in {"success", "partial"}), None)
    allowed = max_age / timedelta(hours=1)
    if done is None:
        yield f"no run was done yet, and {allowed:g} hours are allowed"
    elif not now - done.started <= max_age:
        hours = (now - done.started) / timedelta(hours=1)
        yield f"the last run that was done, run {done.id}, is {hours:,.1f} hours old, and {allowed:g} are allowed"
