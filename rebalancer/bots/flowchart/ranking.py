"""Which children a filter takes. One too short a history drops out, and what differs by rounding alone is a tie."""

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.flowchart.indicators.rolling import runs
from rebalancer.model import Floats

Marks = NDArray[np.bool_]
Ranks = NDArray[np.intp]

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


def equal_parts(count: int, scores: Floats, dropped: Marks | None, *, largest: bool) -> Floats:
    """Equal fractions (K, D) for the best `count` of K children on D days, by `scores` (K, D).

    Those `dropped` (K, D) get nothing; None means that every score is defined. A column is NaN throughout where none is
    left, and where more are left than are taken and the score of one of them is undefined.
    """
    if count >= len(scores):
        return _equal_parts(count, scores, dropped, largest=largest)
    keys = np.negative(scores) if largest else scores
    last, next_best = _smallest(keys, count + 1)[-2:]
    parts: Floats = np.multiply(keys <= last, 1 / count)
    clear = np.abs(last - next_best) > 2 * _tolerance(last)
    if dropped is not None:
        clear &= ~np.isnan(scores).any(axis=0)
    if not clear.all():
        others = np.flatnonzero(~clear)
        gone = None if dropped is None else dropped.take(others, axis=1)
        parts[:, others] = _equal_parts(count, scores.take(others, axis=1), gone, largest=largest)
    return parts


def _smallest(keys: Floats, count: int) -> list[Floats]:
    """The `count` smallest of each column of `keys` (K, D) in order, (D,) each; any numbers where one is NaN."""
    if keys.shape[1] < MANY_DAYS:
        return [*np.sort(keys, axis=0)[:count]]
    smallest: list[Floats] = []
    for row in keys:  # put where it belongs, on all days at once
        larger = row
        for place, key in enumerate(smallest):
            smallest[place] = np.minimum(key, larger)
            if place + 1 < count:
                larger = np.maximum(key, larger)
        if len(smallest) < count:
            smallest.append(larger)
    return smallest


def _equal_parts(count: int, scores: Floats, dropped: Marks | None, *, largest: bool) -> Floats:
    """As `equal_parts`, also where scores tie or are undefined."""
    if dropped is None:
        return _first_in_order(count, scores, largest=largest)
    left = len(scores) - dropped.sum(axis=0)
    parts: Floats = np.where(dropped, 0.0, 1 / np.maximum(left, 1))  # all that are left
    parts[:, left == 0] = np.nan
    if (more := np.flatnonzero(left > count)).size:
        chosen = _first_in_order(count, scores.take(more, axis=1), largest=largest)
        unknown = np.isnan(scores) & ~dropped
        chosen[:, unknown.take(more, axis=1).any(axis=0)] = np.nan
        parts[:, more] = chosen
    return parts


def _first_in_order(count: int, scores: Floats, *, largest: bool) -> Floats:
    parts = np.zeros_like(scores)
    np.put_along_axis(parts, in_order(count, scores, largest=largest)[:count], 1 / count, axis=0)
    return parts


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
