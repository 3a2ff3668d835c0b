"""Which runs are due, done or missed: pure answers from the calendar, the journal and a time. All of it in UTC."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from typing import Literal

from rebalancer.config import AccountConfig
from rebalancer.errors import RunFailedError
from rebalancer.journal.read import RunSummary
from rebalancer.model import Session
from rebalancer.model.text import clock_time
from rebalancer.ports import Calendar

MOST_TRIES = 3
"""A run that failed before its first order is tried again while the window is open, up to this many runs in all."""
RETRY_AFTER = timedelta(minutes=2)
"""What failed a moment ago fails again: this long after the end of a try comes the next."""
LOOK_BACK = timedelta(days=31)
"""How far back sessions are looked at: what was missed before that is not said any more."""

SETTLED_WITHIN = timedelta(hours=12)
"""A run that was cut off is settled by the schedule within this time, later by the next run."""

Standing = Literal["waiting", "open", "done", "missed"]


@dataclass(frozen=True, slots=True)
class Window:
    """One account's run of one session may start from `opens` on, and before `ends`."""

    account: str
    session: Session
    opens: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """What is asked of an account now: its `missed` windows are to be written off, and its run is `due`, or not.

    `cut_off`: a run that had sent orders has no end, and its window is over: it is to be settled.
    """

    account: AccountConfig
    missed: tuple[Window, ...]
    due: Window | None
    cut_off: bool = False


def window(account: AccountConfig, session: Session) -> Window:
    """From `minutes_before_close` before the session's real close, never before it opens, to the cutoff."""
    opens = session.closes - timedelta(minutes=account.trading.minutes_before_close)
    ends = session.closes - timedelta(seconds=account.trading.cutoff_seconds)
    return Window(account.name, session, max(opens, session.opens), ends)


def window_today(account: AccountConfig, calendar: Calendar, now: datetime) -> Window | None:
    """The window of the exchange's day at `now`, None where it has no session."""
    session = calendar.session(now.astimezone(calendar.zone).date())
    return window(account, session) if session else None


def coming(accounts: Iterable[AccountConfig], calendar: Calendar, after: datetime) -> Iterator[Window]:
    """The windows that open after `after`, in order of time. Raises RunFailedError where the calendar's years end."""
    return merge(*(_windows(account, calendar, after) for account in accounts), key=lambda ahead: ahead.opens)


def _windows(account: AccountConfig, calendar: Calendar, after: datetime) -> Iterator[Window]:
    day = after.astimezone(calendar.zone).date()
    while True:
        session = calendar.session(day)
        if session is not None and window(account, session).opens > after:
            yield window(account, session)
        day += timedelta(days=1)


def standing(asked: Window, runs: Iterable[RunSummary], now: datetime) -> Standing:
    """Where the session of `asked` stands after the account's `runs`.

    It is done once a run sent an order, succeeded or was written off, or after MOST_TRIES. It is missed only if its
    window is over and no run of it came to an end. A run that was cut off before its first order counts for nothing,
    and one that was cut off after it is to be gone on with.
    """
    if asked.opens <= now < asked.ends and any(run.session == asked.session.day and unfinished(run) for run in runs):
        return "open"
    tries = [run for run in runs if run.session == asked.session.day and (run.status != "running" or run.orders)]
    if len(tries) >= MOST_TRIES or any(run.orders or run.status in {"success", "missed"} for run in tries):
        return "done"
    starts = max([asked.opens, *((run.ended or run.started) + RETRY_AFTER for run in tries)])
    if starts <= now < asked.ends:
        return "open"
    if now < asked.ends:
        return "waiting"
    return "done" if tries else "missed"


def missed(
    account: AccountConfig, calendar: Calendar, runs: Sequence[RunSummary], since: datetime, now: datetime
) -> tuple[Window, ...]:
    """The windows that ended without a run after the account was enabled, at `since`; the oldest first."""
    first = max(since, now - LOOK_BACK).astimezone(calendar.zone).date()
    days = calendar.sessions(first, now.astimezone(calendar.zone).date())
    windows = (window(account, session) for day in days if (session := calendar.session(day)))
    return tuple(asked for asked in windows if since < asked.ends and standing(asked, runs, now) == "missed")


def turn(
    account: AccountConfig, calendar: Calendar, runs: Sequence[RunSummary], since: datetime, now: datetime
) -> Turn:
    """`runs` are the account's of the last weeks; it was enabled at `since`."""
    today = window_today(account, calendar, now)
    due = today if today and standing(today, runs, now) == "open" else None
    cut_off = due is None and any(unfinished(run) and now - run.started <= SETTLED_WITHIN for run in runs)
    return Turn(account, missed(account, calendar, runs, since, now), due, cut_off)


def unfinished(run: RunSummary) -> bool:
    """Whether `run` sent orders and has no end: it was cut off, or it goes on at this moment."""
    return run.status == "running" and run.orders > 0


def question(asked: Window, now: datetime) -> str | None:
    """What to ask before a run by hand at `now`; None inside the window.

    Raises RunFailedError while the session is not open: an order would wait for another day.
    """
    session, shown = asked.session, partial(clock_time, zone=asked.session.zone)
    if not session.opens <= now < session.closes:
        raise RunFailedError(
            f"it is {shown(now)}, and the session of {session.day} is open from {shown(session.opens)} to "
            f"{shown(session.closes)}. Nothing was sent."
        )
    if asked.opens <= now < asked.ends:
        return None
    return (
        f"It is {shown(now)}. The run of account {asked.account} belongs between {shown(asked.opens)} and "
        f"{shown(asked.ends)}, and a run now is this session's only one. Run now?"
    )
