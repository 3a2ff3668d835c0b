"""What observers have to do though no run is due. cron asks every minute, so nothing slow is imported here."""

from datetime import date, datetime, time, timedelta

from rebalancer.app.outbox import anything_waiting
from rebalancer.app.schedule import calendar_of, window_of, window_today
from rebalancer.config import AccountConfig, Config
from rebalancer.notify.observer_state import ObserverState, load_state
from rebalancer.ports import Clock


def anything_to_tell(config: Config, clock: Clock) -> bool:
    """Whether something is due that no run brings. False at once where nothing observes."""
    if not (config.ping or config.notify):
        return False
    state, now = load_state(config.state_dir), clock.now()
    to_send = config.notify and (state.digest != week_of(now) or anything_waiting(state, now))
    return bool(to_send) or closed_day_to_ping(config, clock, state) is not None


AFTER_FRIDAY = timedelta(days=5)
"""From Saturday on the week is that of the days before; until Friday it is the week before."""


def week_of(now: datetime) -> str:
    """The last week whose Friday is over at `now`, as in "2026-W48"."""
    year, week, _ = (now - AFTER_FRIDAY).isocalendar()
    return f"{year}-W{week:02}"


def closed_day_to_ping(config: Config, clock: Clock, state: ObserverState) -> date | None:
    """Today, where no enabled account has a session, it is the time of a run, and the monitor was not pinged yet.

    The monitor expects a ping a day. The time is that of the run of the session before, so that they are a day apart.
    """
    enabled = [account for account in config.accounts if account.enabled]
    if not config.ping or not enabled:
        return None
    now = clock.now()
    today = now.astimezone(enabled[0].venue.zone).date()
    if state.closed_day == today.isoformat():
        return None
    if any(window_today(account, calendar_of(config, account, clock), now) for account in enabled):
        return None
    return today if now >= _time_of_run(config, enabled[0], clock, today) else None


def _time_of_run(config: Config, account: AccountConfig, clock: Clock, day: date) -> datetime:
    """On `day`, when the run of the session before it began."""
    calendar = calendar_of(config, account, clock)
    sessions = calendar.sessions(day - timedelta(days=14), day)
    session = calendar.session(sessions[-1]) if sessions else None
    at = window_of(account, session).opens.astimezone(calendar.zone).time() if session else time()
    return datetime.combine(day, at, calendar.zone)
