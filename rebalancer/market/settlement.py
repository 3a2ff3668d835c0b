"""When a trade is settled: one session later (T+1, SEC rule 15c6-1), and never on a day on which the banks rest."""

from datetime import date, timedelta

from rebalancer.ports import Calendar

LONGEST_WAIT = timedelta(days=14)
"""Longer than any closure since 1914, so that a later day need not be looked at."""


def settlement_day(calendar: Calendar, session: date) -> date:
    """The day on which the money of a sale in `session` is settled."""
    latest = session + LONGEST_WAIT
    later = calendar.sessions(session + timedelta(days=1), latest)
    return next((day for day in later if not banks_rest(day)), latest)


def banks_rest(day: date) -> bool:
    """On Columbus Day and Veterans Day stocks trade and nothing settles.

    The Federal Reserve keeps a holiday that falls on a Sunday on the Monday after it, and none that falls on a
    Saturday.
    """
    monday = day.weekday() == 0
    columbus_day = day.month == 10 and monday and 8 <= day.day <= 14
    veterans_day = day.month == 11 and (day.day == 11 or (monday and day.day == 12))
    return columbus_day or veterans_day
