"""How a portfolio node splits what it receives among its children, day by day."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.conditions import Truth
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
            scores = np.stack([values.series[score][days] for score in node.scores])
            return _best(node, scores) if isinstance(node, nodes.TopK) else _inverse(scores)


def _best(node: nodes.TopK, scores: Floats) -> Floats:
    """Equal weights for the best `count`; the stable sort leaves ties in the order of the file."""
    ranking = np.argsort(-scores if node.largest else scores, axis=0, kind="stable")
    split = np.zeros_like(scores)
    np.put_along_axis(split, ranking[: node.count], 1 / node.count, axis=0)
    split[:, np.isnan(scores).any(axis=0)] = np.nan
    return split


def _inverse(volatilities: Floats) -> Floats:
    weights = 1 / np.where(volatilities > 0, volatilities, np.nan)
    split: Floats = weights / sum(weights)  # the builtin adds in one order, however many days there are
    return split
