"""How a portfolio node splits what it receives among its children, day by day."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.conditions import Truth
from rebalancer.bots.flowchart.ranking import Marks, equal_parts
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
        case nodes.Blend(weights):
            return np.outer(weights, np.ones(len(days)))
        case _:
            scores = scores_of(node, values, days)
            if isinstance(node, nodes.InverseVol):
                return _inverse(scores)
            return equal_parts(node.count, scores, dropped(node, values, days, scores), largest=node.largest)


def scores_of(node: nodes.Ranking, values: Values, days: Days) -> Floats:
    """The scores of the K children on `days` (D,): (K, D)."""
    return np.stack([values.series[score][days] for score in node.scores])


def dropped(node: nodes.TopK, values: Values, days: Days, scores: Floats) -> Marks:
    """Which of `scores` (K, D) are undefined because the history of their child is too short: (K, D)."""
    marks = np.zeros(scores.shape, dtype=np.bool_)
    for child in np.flatnonzero(np.isnan(scores).any(axis=1)).tolist():
        marks[child] = values.too_short(node.scores[child])[days]
    return marks


def _inverse(volatilities: Floats) -> Floats:
    weights = 1 / np.where(volatilities > 0, volatilities, np.nan)
    split: Floats = weights / sum(weights)  # the builtin adds in one order, however many days there are
    return split
