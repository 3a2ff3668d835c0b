"""The schedule: which runs are due, done or missed, from the calendar, the journal and the time. Times are in UTC.

cron calls this every minute, so nothing slow is imported here (tests/cli/test_schedule_when_due.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from typing import Literal

from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RebalancerError, RunFailedError
from rebalancer.events import SettingChanged
from rebalancer.journal import read, setting_history
from rebalancer.journal.read import RunSummary
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.model import NO_RUN, Session
from rebalancer.model.text import between, clock_time
from rebalancer.ports import AlreadyRun, Calendar, Clock

MAX_ATTEMPTS = 3
"""The most runs per session: a run that failed before its first order is retried while the window is open."""
RETRY_AFTER = timedelta(minutes=2)
"""The pause between a failed attempt and the next one."""
MISSED_LOOKBACK = timedelta(days=31)
"""Missed sessions older than this are not reported."""
SETTLED_WITHIN = timedelta(hours=12)
"""The schedule settles a run interrupted at most this long ago; an older one is settled by the next run."""
RECENT_RUNS = 100
"""How many runs of an account are read: at least a month of scheduled ones, and manual ones."""

SessionState = Literal["waiting", "open", "done", "missed"]


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which an account's run of a session may start: from `opens` until before `ends`."""

    account: str
    session: Session
    opens: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class DueWork:
    """Work due for an account: journal its `missed` sessions, and start its run in the window `due`, if any.

    `interrupted`: an interrupted run that sent orders is past its window, so its orders have to be settled.
    """

    account: AccountConfig
    missed: tuple[Window, ...]
    due: Window | None
    interrupted: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.missed or self.due or self.interrupted)


def due_now(config: Config, clock: Clock) -> Iterator[DueWork]:
    """The due work of each enabled account. Raises RunFailedError if the journal or calendar can't be read."""
    since = enabled_since(config, clock)
    for account in config.accounts:
        if account.enabled:
            calendar = calendar_of(config, account, clock)
            runs = read.runs(config.journal(), account.name, RECENT_RUNS)
            yield due_work(account, calendar, runs, since[account.name], clock.now())


def upcoming_windows(config: Config, clock: Clock) -> Iterator[Window]:
    """The future windows of all enabled accounts, in chronological order."""
    enabled = [account for account in config.accounts if account.enabled]
    each = (windows_after(account, calendar_of(config, account, clock), clock.now()) for account in enabled)
    return merge(*each, key=lambda ahead: ahead.opens)


def calendar_of(config: Config, account: AccountConfig, clock: Clock) -> Calendar:
    return ExchangeCalendar(clock, account.venue.exchange, config.state_dir)


def outside_window(config: Config, account: AccountConfig, clock: Clock) -> str | None:
    """The confirmation to ask for before a manual run outside its window; None inside it.

    Raises RunFailedError while the exchange is closed.
    """
    enabled_since(config, clock)  # a manual run may be the first command after the account was enabled
    today = window_today(account, calendar_of(config, account, clock), clock.now())
    if today is None:
        raise RunFailedError("the exchange is closed today. Nothing was sent.")
    return question(today, clock.now())


def ended_today(config: Config, account: AccountConfig, clock: Clock) -> AlreadyRun | None:
    """The run that used up the session of the exchange's present day, if any."""
    return read.ended_run(config.journal(), account.name, clock.now().astimezone(account.venue.zone).date())


def window_of(account: AccountConfig, session: Session) -> Window:
    """From `minutes_before_close` before the session's close, but not before its open, to the cutoff."""
    opens = session.closes - timedelta(minutes=account.trading.minutes_before_close)
    ends = session.closes - timedelta(seconds=account.trading.cutoff_seconds)
    return Window(account.name, session, max(opens, session.opens), ends)


def window_today(account: AccountConfig, calendar: Calendar, now: datetime) -> Window | None:
    """The window of the current day at the exchange, None if it has no session."""
    session = calendar.session(now.astimezone(calendar.zone).date())
    return window_of(account, session) if session else None


def windows_after(account: AccountConfig, calendar: Calendar, after: datetime) -> Iterator[Window]:
    """The windows after `after`, in chronological order. Raises RunFailedError at the end of the calendar."""
    day = after.astimezone(calendar.zone).date()
    while True:
        session = calendar.session(day)
        if session is not None and window_of(account, session).opens > after:
            yield window_of(account, session)
        day += timedelta(days=1)


def session_state(window: Window, runs: Iterable[RunSummary], now: datetime) -> SessionState:
    """The state of the session of `window` after the account's `runs`.

    Done: a run sent an order, succeeded or was journalled as missed, or there were MAX_ATTEMPTS. Missed: the window is
    over and no run ended. A run interrupted before its first order does not count; one interrupted later is resumed.
    """
    if window.opens <= now < window.ends and any(run.session == window.session.day and unfinished(run) for run in runs):
        return "open"
    attempts = [run for run in runs if run.session == window.session.day and (run.status != "running" or run.orders)]
    if len(attempts) >= MAX_ATTEMPTS or any(run.orders or run.status in {"success", "missed"} for run in attempts):
        return "done"
    starts = max([window.opens, *((run.ended or run.started) + RETRY_AFTER for run in attempts)])
    if starts <= now < window.ends:
        return "open"
    if now < window.ends:
        return "waiting"
    return "done" if attempts else "missed"


def missed(
    account: AccountConfig, calendar: Calendar, runs: Sequence[RunSummary], since: datetime, now: datetime
) -> tuple[Window, ...]:
    """The windows since the account was enabled (`since`) that ended without a run, the oldest first."""
    first = max(since, now - MISSED_LOOKBACK).astimezone(calendar.zone).date()
    days = calendar.sessions(first, now.astimezone(calendar.zone).date())
    windows = (window_of(account, session) for day in days if (session := calendar.session(day)))
    return tuple(window for window in windows if since < window.ends and session_state(window, runs, now) == "missed")


def due_work(
    account: AccountConfig, calendar: Calendar, runs: Sequence[RunSummary], since: datetime, now: datetime
) -> DueWork:
    """`runs` are the account's recent runs; `since` is when it was enabled."""
    today = window_today(account, calendar, now)
    due = today if today and session_state(today, runs, now) == "open" else None
    interrupted = due is None and any(unfinished(run) and now - run.started <= SETTLED_WITHIN for run in runs)
    return DueWork(account, missed(account, calendar, runs, since, now), due, interrupted)


def unfinished(run: RunSummary) -> bool:
    """Whether `run` sent orders and has not ended: it was interrupted or is still running."""
    return run.status == "running" and run.orders > 0


def question(window: Window, now: datetime) -> str | None:
    """The confirmation to ask for before a manual run at `now`; None inside the window.

    Raises RunFailedError while the exchange is closed, because an order would wait until the next session.
    """
    session, at = window.session, clock_time(now, window.session.zone)
    if not session.opens <= now < session.closes:
        raise RunFailedError(
            f"it is {at}, and the session of {session.day} is open "
            f"{between(session.opens, session.closes, session.zone)}. Nothing was sent."
        )
    if window.opens <= now < window.ends:
        return None
    return (
        f"It is {at}. The run of account {window.account} belongs "
        f"{between(window.opens, window.ends, session.zone)}, and a run now is this session's only one. Run now?"
    )


# ------------------------------------------------------------------------------------ when an account was enabled


def enabled_since(config: Config, clock: Clock) -> Mapping[str, datetime]:
    """When each enabled account was found to be enabled, in UTC, according to the journal.

    A change since the last call is journalled with the clock's time. A journal that can't be written is ignored here
    and reported by the next run. Raises RunFailedError if it can't be read.
    """
    known, now = setting_history.enabled_changes(config.journal()), clock.now()
    changed = tuple(_changed(config, known, now))
    if changed:
        _record(config, changed)
    last = {**known, **{change.account: change for change in changed}}
    return {account.name: last[account.name].at for account in config.accounts if account.enabled}


def _changed(config: Config, known: Mapping[str, SettingChanged], now: datetime) -> Iterator[SettingChanged]:
    """The accounts whose `enabled` differs from the journal, where an unknown account counts as disabled.

    Journalled accounts that the config lacks are ignored: two configs may share a state folder.
    """
    for account in config.accounts:
        before = known[account.name].new if account.name in known else None
        if account.enabled != (before == "true"):
            key, after = f"accounts.{account.name}.enabled", str(account.enabled).lower()
            yield SettingChanged(now, account.name, key, before, after)


def _record(config: Config, changed: tuple[SettingChanged, ...]) -> None:
    """Not where the journal was deleted or rolled back: a new file there would be in the way of the right one."""
    from rebalancer.journal.connection import rolled_back  # noqa: PLC0415 - nothing is written most of the time
    from rebalancer.journal.store import SqliteJournal  # noqa: PLC0415

    path = config.journal()
    with suppress(RebalancerError):
        if rolled_back(path) is None:
            with SqliteJournal.open(path) as journal:
                journal.record(NO_RUN, *changed)
