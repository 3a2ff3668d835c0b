"""The truth of conditions on many days at once, in Kleene's logic: what is undefined is neither yes nor no."""

from collections.abc import Mapping
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.indicators.rolling import over_windows
from rebalancer.bots.flowchart.tree import MonthDay
from rebalancer.model import Floats

Truth = NDArray[np.int8]
Sessions = NDArray[np.datetime64]

NO, UNKNOWN, YES = 0, 1, 2
"""Kleene's three values, in the order that makes "all" a minimum and "any" a maximum."""

ORDERINGS = {
    "gt": (np.greater, np.less_equal),
    "gte": (np.greater_equal, np.less),
    "lt": (np.less, np.greater_equal),
    "lte": (np.less_equal, np.greater),
}
"""What makes a comparison true, and what makes it false. With NaN both are false, so that it is unknown."""


def truth(
    node: nodes.ConditionNode, truths: Mapping[int, Truth], series: Mapping[int, Floats], sessions: Sessions
) -> Truth:
    """The truth of `node` (T,), from those of its parts and the values that it compares, by their index."""
    match node:
        case nodes.Inequality(comparator, left, right):
            is_yes, is_no = ORDERINGS[comparator]
            return _either(is_yes(series[left], series[right]), is_no(series[left], series[right]))
        case nodes.Several(every, conditions):
            return reduce(np.minimum if every else np.maximum, [truths[condition] for condition in conditions])
        case nodes.Count(least, most, conditions):
            return _counted([truths[condition] for condition in conditions], least, most)
        case nodes.ForDays(days, condition):
            return _held(truths[condition], days)
        case nodes.Dates(first, last):
            return _within(sessions, first, last)
        case nodes.Latch(enter, leave):
            return _entered(truths[enter], truths[leave])


def month_days(sessions: Sessions) -> NDArray[np.int64]:
    """100 * month + day of each session."""
    months = sessions.astype("datetime64[M]")
    numbers: NDArray[np.int64] = 100 * (months.astype(np.int64) % 12 + 1) + (sessions - months).astype(np.int64) + 1
    return numbers


def _either(yes: NDArray[np.bool_], no: NDArray[np.bool_]) -> Truth:
    """YES where `yes`, NO where `no`, UNKNOWN where neither; they are never both."""
    return UNKNOWN + yes.view(np.int8) - no.view(np.int8)


def _counted(parts: list[Truth], least: int, most: int) -> Truth:
    """The number of true ones lies between those that are true and those that may be."""
    sure = sum((part == YES).astype(np.int32) for part in parts)
    possible = sum((part != NO).astype(np.int32) for part in parts)
    return _either((sure >= least) & (possible <= most), (possible < least) | (sure > most))


def _held(condition: Truth, days: int) -> Truth:
    """Whether it held on all of the last `days` sessions; before the first session that is unknown."""
    padded = np.concatenate((np.full(days - 1, UNKNOWN), condition)).astype(np.float64)
    (lowest,) = over_windows((padded,), days, lambda older, newer, *_sizes: (np.minimum(older[0], newer[0]),))
    return lowest[days - 1 :].astype(np.int8)


def _within(sessions: Sessions, first: MonthDay, last: MonthDay) -> Truth:
    days, start, end = month_days(sessions), 100 * first[0] + first[1], 100 * last[0] + last[1]
    after_start, before_end = days >= start, days <= end
    inside = after_start & before_end if start <= end else after_start | before_end
    return _either(inside, ~inside)


def _entered(enter: Truth, leave: Truth) -> Truth:
    """Whether it was entered and not left since, from the truths of entering and of leaving, each (T,)."""
    states = np.full_like(enter, UNKNOWN)
    both_known = np.flatnonzero((enter != UNKNOWN) & (leave != UNKNOWN))
    if both_known.size:
        first, state = both_known[0], NO
        for day, (entered, stays) in enumerate(zip(enter[first:], YES - leave[first:], strict=True), start=first):
            if state == UNKNOWN:
                state = entered if entered == stays else UNKNOWN
            else:
                state = entered if state == NO else stays
            states[day] = state
    return states
