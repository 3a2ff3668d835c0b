"""Whose time it is: an order leaves only while the venue and our own calendar agree about tonight's close."""

from dataclasses import replace
from datetime import datetime, timedelta

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.market.clock import NEW_YORK
from rebalancer.model import Hours, Session
from rebalancer.trading.context import RunContext, RunLog

AGREEMENT = timedelta(minutes=1)


def require_open(context: RunContext, log: RunLog) -> None:
    """Raises RunFailedError unless the venue is open and has our session and our time."""
    if (trouble := closed(context, log)) is not None:
        raise RunFailedError(f"{trouble} Nothing was sent.")


def closed(context: RunContext, log: RunLog) -> str | None:
    """Why no order may leave now by the venue's own clock; None where it may. The earlier close of two counts."""
    asked, elapsed = context.clock.now(), context.clock.elapsed()
    try:
        hours = context.broker.hours()
    except SourceError as error:
        return f"The venue's clock could not be read: {error}"
    trouble = disagreement(hours, log.session, asked, context.clock.now(), context.trading.max_skew_seconds)
    if trouble is None:
        log.session = replace(log.session, closes=min(log.session.closes, hours.closes))
        log.venue_time = hours.now, elapsed
    return trouble


def latest(context: RunContext, log: RunLog) -> datetime:
    """What time it may be at the venue: by this machine's clock, or by the venue's last word and what has passed since.

    The later of the two, so that a clock that was set back meanwhile lets no order leave after the close.
    """
    if log.venue_time is None:
        return context.clock.now()
    then, elapsed = log.venue_time
    return max(context.clock.now(), then + timedelta(seconds=context.clock.elapsed() - elapsed))


def disagreement(hours: Hours, session: Session, asked: datetime, answered: datetime, most_skew: int) -> str | None:
    """None where the venue, asked between `asked` and `answered` by our clock, is open for `session` as we know it."""
    skew = max(asked - hours.now, hours.now - answered, timedelta(0)).total_seconds()
    if not skew <= most_skew:
        return (
            f"The venue's clock says {new_york(hours.now)} and this machine's {new_york(answered)}: {skew:.0f} s "
            f"apart, at most {most_skew} s (trading.max_skew_seconds) is accepted. Set the machine's clock."
        )
    if not hours.open:
        return (
            f"The venue says at {new_york(hours.now)} that it is closed, though the session of {session.day} is open."
        )
    if not abs(hours.closes - session.closes) <= AGREEMENT:
        return (
            f"The venue closes at {new_york(hours.closes)}, the calendar has {new_york(session.closes)}: a closure at "
            "short notice? Update the package pandas-market-calendars."
        )
    return None


def new_york(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} New York time"
