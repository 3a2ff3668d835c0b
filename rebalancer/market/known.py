"""What is known of one symbol's past, and whether a new answer still agrees with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rebalancer.model import Closes, Floats, Symbol
from rebalancer.ports import Calendar

TOLERANCE = 1e-6
"""The relative difference that is no difference: a split, a dividend or a correction moves a close by more."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the source said of a symbol's sessions from `first` to `last`: one without a close here has none there.

    `days` is (n,) datetime64[D], strictly increasing; `closes` is (n,) float64 in dollars, finite and above 0, adjusted
    for all that had happened when they were asked for.
    """

    days: NDArray[np.datetime64]
    closes: Floats
    first: date
    last: date

    @classmethod
    def of(cls, closes: Mapping[date, float], first: date, last: date) -> Self:
        days = sorted(closes)
        values = np.array([closes[day] for day in days], dtype=np.float64)
        return cls(np.array(days, dtype="datetime64[D]"), values, first, last)

    def __bool__(self) -> bool:
        return bool(self.days.size)


def reconciled(known: Known | None, answer: Known, *, whole: bool) -> Known | str | None:
    """What is known now that `answer` came; with `whole` that is all there is, else it begins where `known` has closes.

    A sentence where the two contradict each other, so that all has to be asked for. None where nothing came of a symbol
    that has closes: its history is not gone for that.
    """
    if known and not answer:
        return None
    if known is None or whole:
        return answer
    return contradiction(known, answer) or extended(known, answer)


def contradiction(known: Known, answer: Known) -> str | None:
    """Why the closes of `known` can't stand beside those of `answer`; None where they can.

    A split or dividend rewrites every adjusted close before it, so one that moved condemns all.
    """
    if not known:
        return "it had no closes before" if answer else None
    overlap = (known.days >= np.datetime64(answer.first, "D")) & (known.days <= np.datetime64(answer.last, "D"))
    days, closes = known.days[overlap], known.closes[overlap]
    held = np.isin(days, answer.days)
    if not held.all():
        return f"its close of {days[~held][-1]} is gone"
    now = answer.closes[np.searchsorted(answer.days, days)]
    moved = np.flatnonzero(~(np.abs(now / closes - 1) <= TOLERANCE))
    if not moved.size:
        return None
    at = moved[-1]
    return f"its close of {days[at]} was {closes[at]:,.4f} USD and is {now[at]:,.4f} USD now"


def extended(known: Known, answer: Known) -> Known:
    """`answer` in its span, `known` outside."""
    outside = (known.days < np.datetime64(answer.first, "D")) | (known.days > np.datetime64(answer.last, "D"))
    days = np.concatenate([known.days[outside], answer.days])
    closes = np.concatenate([known.closes[outside], answer.closes])
    order = np.argsort(days)
    return Known(days[order], closes[order], known.first, max(known.last, answer.last))


def as_closes(
    known: Mapping[Symbol, Known], symbols: Sequence[Symbol], calendar: Calendar, since: date, before: date
) -> Closes:
    """A row for each session from the first known close (none before `since`) to the last known of, before `before`."""
    past = [known[symbol] for symbol in symbols if known.get(symbol)]
    sessions = np.array(_span(past, calendar, since, before) if past else (), dtype="datetime64[D]")
    values = np.full((len(sessions), len(symbols)), np.nan)
    for column, symbol in enumerate(symbols):
        if symbol in known:
            days = known[symbol].days
            _, rows, there = np.intersect1d(sessions, days, assume_unique=True, return_indices=True)
            values[rows, column] = known[symbol].closes[there]
    return Closes(sessions, tuple(symbols), values)


def _span(past: Sequence[Known], calendar: Calendar, since: date, before: date) -> Sequence[date]:
    first = max(since, min(one.days[0].item() for one in past))
    return calendar.sessions(first, min(max(one.last for one in past), before - timedelta(days=1)))
