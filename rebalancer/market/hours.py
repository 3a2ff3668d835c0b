"""Whether an exchange is open, by a clock and its calendar."""

from datetime import timedelta

from rebalancer.errors import SourceError
from rebalancer.model import Hours
from rebalancer.ports import Calendar, Clock

LONGEST_CLOSURE = timedelta(days=14)


def hours(clock: Clock, calendar: Calendar) -> Hours:
    """Raises SourceError where the calendar has no session in the next two weeks."""
    now = clock.now()
    # A session lies within one day of its date in UTC.
    for day in calendar.sessions(now.date(), (now + LONGEST_CLOSURE).date()):
        session = calendar.session(day)
        if session is not None and now < session.closes:
            return Hours(now, session.opens <= now, session.closes)
    raise SourceError(f"the calendar has no session in the two weeks after {now:%Y-%m-%d}")
