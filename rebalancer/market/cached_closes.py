"""One symbol's cached closes, and whether newly fetched ones still agree with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rebalancer.model import Closes, Floats, Symbol
from rebalancer.ports import Calendar

TOLERANCE = 1e-6
"""Relative differences up to this are ignored: a split, a dividend or a correction changes a close by more."""


@dataclass(frozen=True, slots=True, eq=False)
class CachedCloses:
    """All closes that the source had of a symbol from `first` to `last`.

    `days` is (n,) datetime64[D], strictly increasing; `closes` is (n,) float64 in dollars, finite and above 0, adjusted
    for all corporate actions up to the time they were fetched.
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


def reconciled(known: CachedCloses | None, answer: CachedCloses, *, whole: bool) -> CachedCloses | str | None:
    """`known` updated by the fetched closes `answer`, which replace it where they are the `whole` history.

    Returns a sentence where the two contradict each other, so that the whole history must be fetched; None where
    nothing was fetched for a symbol with cached closes, which stay valid.
    """
    if known and not answer:
        return None
    if known is None or whole:
        return answer
    return contradiction(known, answer) or extended(known, answer)


def contradiction(known: CachedCloses, answer: CachedCloses) -> str | None:
    """How the closes of `known` and `answer` disagree; None where they agree.

    A split or dividend changes every adjusted close before it, so one changed close invalidates all.
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


def extended(known: CachedCloses, answer: CachedCloses) -> CachedCloses:
    """`answer` within its span, `known` outside of it."""
    outside = (known.days < np.datetime64(answer.first, "D")) | (known.days > np.datetime64(answer.last, "D"))
    days = np.concatenate([known.days[outside], answer.days])
    closes = np.concatenate([known.closes[outside], answer.closes])
    order = np.argsort(days)
    return CachedCloses(days[order], closes[order], known.first, max(known.last, answer.last))


def as_closes(
    known: Mapping[Symbol, CachedCloses], symbols: Sequence[Symbol], calendar: Calendar, since: date, before: date
) -> Closes:
    """A row for each session from the first close (not before `since`) to the last fetched one before `before`."""
    past = [known[symbol] for symbol in symbols if known.get(symbol)]
    sessions = np.array(_span(past, calendar, since, before) if past else (), dtype="datetime64[D]")
    values = np.full((len(sessions), len(symbols)), np.nan)
    for column, symbol in enumerate(symbols):
        if symbol in known:
            days = known[symbol].days
            _, rows, there = np.intersect1d(sessions, days, assume_unique=True, return_indices=True)
            values[rows, column] = known[symbol].closes[there]
    return Closes(sessions, tuple(symbols), values)


def _span(past: Sequence[CachedCloses], calendar: Calendar, since: date, before: date) -> Sequence[date]:
    first = max(since, min(one.days[0].item() for one in past))
    return calendar.sessions(first, min(max(one.last for one in past), before - timedelta(days=1)))
