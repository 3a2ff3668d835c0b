"""What a book earned: gains in money, and returns weighted by time (the bot's) and by money (its owner's).

Values are those of the broker in the last reading of a session. Capital comes to a bot when its plan is made, at the
prices of that reading; money that comes to the account counts at the reading that first shows it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import numpy as np

from rebalancer.portfolio.attribution import ZERO
from rebalancer.portfolio.books import Valuation

YEAR_DAYS = 365
LOWEST, HIGHEST = 1e-4, 101.0
"""The bounds of one plus a money-weighted return, between which it is looked for."""
STEPS, HALVINGS = 500, 60
NO_RETURN = "no return explains the money that was put in and taken out"
NOT_UNIQUE = "more than one return explains the money that was put in and taken out"
Period = Literal["day", "week", "month", "year", "all"]
ONE_DAY = "a money-weighted return needs more than one day"


@dataclass(frozen=True, slots=True)
class Point:
    """A book after a session: its `value`, and the capital that it got in the session, less what was taken (`flow`).

    `growth` is what one unit of money became since the first point's beginning, weighted by time.
    """

    session: date
    value: Decimal
    flow: Decimal
    growth: float


def account_points(valuations: Iterable[Valuation]) -> tuple[Point, ...]:
    """The account as a whole, a point for each session. What it held at first counts as put in."""
    found: list[Point] = []
    base, growth = ZERO, 1.0
    for each in valuations:
        flow = each.paid_in if found else each.equity
        if base > 0:
            growth *= float((each.equity - flow) / base)
        base = each.equity
        _add(found, Point(each.session, each.equity, flow, growth))
    return tuple(found)


def bot_points(valuations: Iterable[Valuation], bot: str) -> tuple[Point, ...]:
    """One bot from its first capital on; sessions in which it has nothing, and gets nothing, are left out."""
    found: list[Point] = []
    base, growth = ZERO, 1.0
    for each in valuations:
        value, flow = each.values.get(bot, ZERO), each.flows.get(bot, ZERO)
        given_back = each.given_back.get(bot, ZERO)
        base += flow
        if base > 0:
            growth *= float((value + given_back) / base)
        if value or flow or given_back:
            _add(found, Point(each.session, value, flow - given_back, growth))
        base = value
    return tuple(found)


def _add(points: list[Point], point: Point) -> None:
    """The last reading of a session has its value; the capital of all its readings is added up."""
    if points and points[-1].session == point.session:
        point = Point(point.session, point.value, points.pop().flow + point.flow, point.growth)
    points.append(point)


def gain(points: Sequence[Point], first: int) -> Decimal:
    """What points[first:] earned, less the capital that was put in."""
    before = points[first - 1].value if first else ZERO
    return points[-1].value - before - sum((point.flow for point in points[first:]), ZERO)


def time_weighted(points: Sequence[Point], first: int = 0) -> float:
    """The return of points[first:], as if no capital had come or gone."""
    before = points[first - 1].growth if first else 1.0
    return points[-1].growth / before - 1 if before else 0.0


def money_weighted(points: Sequence[Point], first: int = 0) -> tuple[float | None, str]:
    """The return of the money of points[first:] over their whole time; None with the reason where there is none.

    It is the rate at which all capital, and the value before, would have become the value at the end.
    """
    flows = [(point.session, -float(point.flow)) for point in points[first:]]
    if first:
        flows.insert(0, (points[first - 1].session, -float(points[first - 1].value)))
    flows.append((points[-1].session, float(points[-1].value)))
    days = (flows[-1][0] - flows[0][0]).days
    return internal_rate(flows, days) if days else (None, ONE_DAY)


def internal_rate(flows: Sequence[tuple[date, float]], days: int = YEAR_DAYS) -> tuple[float | None, str]:
    """The rate over so many `days` at which the flows, below 0 where money is put in, are worth nothing together.

    With 365 days that is XIRR as spreadsheets define it (actual days over 365). None, with the reason, where there is
    no such rate between -0.9999 and 100, or more than one.
    """
    first = flows[0][0]
    amounts = np.array([amount for _, amount in flows])
    times = np.array([(day - first).days / days for day, _ in flows])

    def worth(factor: float) -> float:
        return float((amounts * factor**-times).sum())

    grid = np.geomspace(LOWEST, HIGHEST, STEPS)
    signs = np.sign([worth(factor) for factor in grid.tolist()])
    changes = np.flatnonzero(signs[:-1] * signs[1:] <= 0)
    if not len(changes) or not amounts.any():
        return None, NO_RETURN
    if changes[-1] - changes[0] > 1:
        return None, NOT_UNIQUE
    low, high = float(grid[changes[0]]), float(grid[changes[-1] + 1])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if worth(low) * worth(middle) <= 0 else (middle, high)
    return (low + high) / 2 - 1, ""


def yearly(rate: float, first: date, last: date) -> float | None:
    """A return from `first` to `last` as one a year; None for less than a year, which is never made a longer one."""
    days = (last - first).days
    return (1 + rate) ** (YEAR_DAYS / days) - 1 if days >= YEAR_DAYS and rate > -1 else None


def period_starts(last: date) -> dict[Period, date]:
    """The first day of the periods that end with the session `last`: its day, week (from Monday), month and year."""
    return {
        "day": last,
        "week": last - timedelta(days=last.weekday()),
        "month": last.replace(day=1),
        "year": last.replace(month=1, day=1),
    }
