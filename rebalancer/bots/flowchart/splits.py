"""How a portfolio node splits what it receives among its children, day by day."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.conditions import UNKNOWN, YES, Truth
from rebalancer.bots.flowchart.ranking import Marks, equal_parts, in_order, parts_without_ties
from rebalancer.model import Floats

Days = NDArray[np.intp]

_BRANCHES = np.array([[0, np.nan, 1], [1, np.nan, 0]])
"""The fractions of then and else, for each of the three truth values."""


class Values(Protocol):
    """The values of the nodes that a split is decided by, each (T,), by index."""

    @property
    def series(self) -> Mapping[int, Floats]: ...

    @property
    def truths(self) -> Mapping[int, Truth]: ...

    def too_short(self, score: int) -> Marks:
        """Where (T,) `score` is undefined since something that it is computed from began too late."""


def fractions(node: nodes.Split, values: Values, days: Days) -> Floats:
    """The fractions that the K children of `node` get on `days` (D,): (K, D).

    A column is NaN throughout where the split needs an undefined value.
    """
    match node:
        case nodes.Branch(condition):
            return _BRANCHES.take(values.truths[condition][days], axis=1)
        case nodes.Switch(conditions):
            return _by_count(np.stack([values.truths[condition][days] for condition in conditions]))
        case nodes.Mix(by, first, second):
            return _mixed((values.series[by][days] - first) / (second - first))
        case nodes.Blend(weights):
            return np.outer(weights, np.ones(len(days)))
        case nodes.Shared():
            return _shared(node, values, days)
        case nodes.TopK():
            return _best(node, values, days)
        case nodes.InverseVol(scores):
            return _in_proportion(1 / _volatilities(scores, values, days))
        case nodes.ProVol(scores):
            return _in_proportion(_volatilities(scores, values, days))


def _mixed(way: Floats) -> Floats:
    """The fractions of two children, by how much of the way there is from the first to the second."""
    second: Floats = np.minimum(np.maximum(way, 0), 1)
    return np.stack((1 - second, second))


def _by_count(truths: Truth) -> Floats:
    places = np.arange(len(truths) + 1)[:, np.newaxis]
    split: Floats = (places == np.count_nonzero(truths == YES, axis=0)).astype(np.float64)
    split[:, (truths == UNKNOWN).any(axis=0)] = np.nan
    return split


def _shared(node: nodes.Shared, values: Values, days: Days) -> Floats:
    always = np.full(len(days), YES, dtype=np.int8)
    truths = np.stack([always if each is None else values.truths[each][days] for each in node.conditions])
    split = np.where(truths == YES, np.array(node.parts)[:, np.newaxis], 0.0)
    total: Floats = sum(split)  # type: ignore[assignment]  # rows, in one order however many days there are
    np.divide(split, total, out=split, where=total > 0)
    split[:, (truths == UNKNOWN).any(axis=0)] = np.nan
    return split


def _best(node: nodes.TopK, values: Values, days: Days) -> Floats:
    """The best `count` by their weighting; the order of the file decides ties."""
    scores = scores_of(node, values, days)
    if not (node.weights or node.volatilities):
        return _best_equally(node, values, days, scores)
    taken = in_order(node.count, scores, largest=node.largest, ranked=bool(node.weights))[: node.count]
    split = np.zeros_like(scores)
    np.put_along_axis(split, taken, _weights_by_rank(node, taken, values, days), axis=0)
    undefined = np.isnan(split).any(axis=0) | np.isnan(scores).any(axis=0)
    if undefined.any():
        split[:, undefined] = np.nan
    return split


def _best_equally(node: nodes.TopK, values: Values, days: Days, scores: Floats) -> Floats:
    if node.count == len(scores):
        return equal_parts(node.count, scores, dropped(node, values, days, scores), largest=node.largest)
    gone, ranked = None, scores
    if np.isnan(scores).any():
        gone = dropped(node, values, days, scores)
        ranked = np.where(gone, -np.inf if node.largest else np.inf, scores)
    parts, others = parts_without_ties(node.count, ranked, largest=node.largest)
    if others.size:
        some = scores.take(others, axis=1)
        left_out = np.zeros(some.shape, dtype=np.bool_) if gone is None else gone.take(others, axis=1)
        parts[:, others] = equal_parts(node.count, some, left_out, largest=node.largest)
    return parts


def scores_of(node: nodes.Ranking, values: Values, days: Days) -> Floats:
    """The scores of the K children on `days` (D,): (K, D)."""
    return _rows(node.scores, values, days)


def dropped(node: nodes.TopK, values: Values, days: Days, scores: Floats) -> Marks:
    """Which of `scores` (K, D) are undefined because the history of their child is too short: (K, D)."""
    marks = np.zeros(scores.shape, dtype=np.bool_)
    if node.weights or node.volatilities:
        return marks
    for child in np.flatnonzero(np.isnan(scores).any(axis=1)).tolist():
        marks[child] = values.too_short(node.scores[child]).take(days)
    return marks


def _weights_by_rank(node: nodes.TopK, taken: NDArray[np.intp], values: Values, days: Days) -> Floats:
    """The fractions of the `taken` children (count, D), the best first."""
    if node.weights:
        return np.array(node.weights)[:, np.newaxis]
    volatilities = np.take_along_axis(_volatilities(node.volatilities, values, days), taken, axis=0)
    return _in_proportion(1 / volatilities if node.inverse else volatilities)


def _rows(series: tuple[int, ...], values: Values, days: Days) -> Floats:
    rows = np.empty((len(series), len(days)))
    for row, each in zip(rows, series, strict=True):
        values.series[each].take(days, out=row, mode="wrap")  # any mode but "raise" writes to `out` itself
    return rows


def _volatilities(series: tuple[int, ...], values: Values, days: Days) -> Floats:
    """NaN where a volatility is 0, by which nothing can be weighted."""
    volatilities = _rows(series, values, days)
    if not volatilities.min(initial=1) > 0:  # nor is it where one is NaN
        volatilities[~(volatilities > 0)] = np.nan
    return volatilities


def _in_proportion(weights: Floats) -> Floats:
    weights /= sum(weights)  # the builtin adds in one order, however many days there are
    return weights
