"""Which children a filter takes. One too short a history drops out, and what differs by rounding alone is a tie."""

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.flowchart.indicators.rolling import runs
from rebalancer.model import Floats

Marks = NDArray[np.bool_]
Ranks = NDArray[np.intp]
Days = NDArray[np.intp]

TIE = 1e-9
"""Scores tie that differ by at most this fraction of the first of them."""
MANY_DAYS = 400
"""From so many on, a few rows are sorted faster by whole rows than each day on its own."""
_LEAST = 1e-6
"""What counts as the size of a score that is closer to 0."""


def too_short(history: Floats, needed: int, complete: int) -> Marks:
    """Where `history` (T,) has fewer than `needed` values in a row, only because something in it began too late.

    All that it may need exists from row `complete` on: a value that is missing after that is a gap, not a late
    beginning, so that the mark is never set again.
    """
    rows, missing = np.arange(len(history)), np.isnan(history)
    first = int(np.argmin(missing)) if len(history) else 0
    if not missing[first:].any():  # one beginning, and no gap since
        marks: Marks = rows < (first + needed - 1 if first <= complete else complete)
        return marks
    unbroken = np.logical_and.accumulate(~missing | (rows < complete))
    return unbroken & (runs(history) < needed)


def equal_parts(count: int, scores: Floats, dropped: Marks, *, largest: bool) -> Floats:
    """Equal fractions (K, D) for the best `count` of K children on D days, by `scores` (K, D).

    Those `dropped` (K, D) get nothing. A column is NaN throughout where none is left, and where more are left than are
    taken and the score of one of them is undefined.
    """
    left = len(scores) - dropped.sum(axis=0)
    parts: Floats = np.where(dropped, 0.0, 1 / np.maximum(left, 1))  # all that are left
    undefined = (np.isnan(scores) & ~dropped).any(axis=0) & (left > count)
    parts[:, undefined | (left == 0)] = np.nan
    if (more := np.flatnonzero((left > count) & ~undefined)).size:
        chosen = np.zeros((len(scores), len(more)))
        ranks = in_order(count, scores.take(more, axis=1), largest=largest)
        np.put_along_axis(chosen, ranks[:count], 1 / count, axis=0)
        parts[:, more] = chosen
    return parts


def parts_without_ties(count: int, scores: Floats, *, largest: bool) -> tuple[Floats, Days]:
    """As `equal_parts` for a `count` below K, but faster; and the days on which it isn't that.

    Those are all on which the last that is taken and the first that is not may tie, or a score is undefined. Children
    that are dropped have an infinite score, the worst; where less than `count` are left, that is a tie.
    """
    last, next_best = _last_and_next(count, scores, largest=largest)
    parts: Floats = np.multiply(scores >= last if largest else scores <= last, 1 / count)
    with np.errstate(invalid="ignore"):
        apart = np.abs(last - next_best) > 2 * _tolerance(last)
    return parts, np.flatnonzero(~apart)


def _last_and_next(count: int, scores: Floats, *, largest: bool) -> tuple[Floats, Floats]:
    """The scores (D,) of the last that is taken and of the first that is not; one of them is NaN where a score is."""
    if scores.shape[1] < MANY_DAYS:
        ordered = np.sort(scores, axis=0)  # NaN comes last
        last, next_best = (ordered[-count], ordered[-count - 1]) if largest else (ordered[count - 1], ordered[count])
        return last, np.where(np.isnan(ordered[-1]), np.nan, next_best)
    better, worse = (np.maximum, np.minimum) if largest else (np.minimum, np.maximum)
    best = [scores[0]]
    for row in scores[1:]:  # put where it belongs, on all days at once; a NaN gets everywhere
        left = row
        for place, score in enumerate(best):
            best[place] = better(score, left)
            if place < count:
                left = worse(score, left)
        if len(best) <= count:
            best.append(left)
    return best[-2], best[-1]


def in_order(count: int, scores: Floats, *, largest: bool, ranked: bool = False) -> Ranks:
    """The children from the best to the worst, (K, D); the order of the file decides a tie, and NaN comes last.

    Ties are looked for where they matter: on days on which the last that is taken may tie with the first that is not,
    or, where the places of all are weighted (`ranked`), on all days.
    """
    ranks = np.argsort(-scores if largest else scores, axis=0, kind="stable")
    if not ranked and count >= len(scores):
        return ranks
    ordered = np.take_along_axis(scores, ranks if ranked else ranks[count - 1 : count + 1], axis=0)
    apart = np.abs(np.diff(ordered, axis=0)) > 2 * _tolerance(ordered[:-1])
    close = np.flatnonzero(~apart.all(axis=0))
    if close.size:
        groups = _by_child(tie_groups(np.take_along_axis(scores, ranks, axis=0)[:, close]), ranks[:, close])
        ranks[:, close] = np.argsort(groups, axis=0, kind="stable")
    return ranks


def tie_groups(ordered: Floats) -> Ranks:
    """The number of the tie that each of the `ordered` scores (K, D) belongs to, from 0 for the best.

    A tie is all that lies within TIE x max(|score|, 1e-6) of its first member, so that no chain of small steps grows.
    """
    groups = np.zeros(ordered.shape, dtype=np.intp)
    first = ordered[0]
    for rank, scores in enumerate(ordered[1:], start=1):
        apart = ~(np.abs(scores - first) <= _tolerance(first))
        first = np.where(apart, scores, first)
        groups[rank] = groups[rank - 1] + apart
    return groups


def _by_child(of_ranks: Ranks, ranks: Ranks) -> Ranks:
    of_children = np.empty_like(of_ranks)
    np.put_along_axis(of_children, ranks, of_ranks, axis=0)
    return of_children


def _tolerance(scores: Floats) -> Floats:
    return TIE * np.maximum(np.abs(scores), _LEAST)
