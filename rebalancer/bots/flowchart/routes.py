"""Which ways of a chart are taken on one day, and with how much of the whole."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import Values, fractions
from rebalancer.model import Floats


@dataclass(frozen=True, slots=True)
class Routes:
    """Fractions of the whole: `reached` by part of the chart, `branches` (K,) by split, one for each child.

    0 where nothing comes along, also behind a split that is undefined.
    """

    reached: Mapping[int, float]
    branches: Mapping[int, Floats]


def routes(program: Program, values: Values | None = None, day: int = -1) -> Routes:
    """The routes of row `day`; without `values` nothing is reached."""
    reached: dict[int, float] = defaultdict(float, {program.root: 1.0} if values else {})
    branches = {}
    for index in reversed(range(program.root + 1)):
        node = program.table[index]
        if isinstance(node, nodes.Split):
            split = fractions(node, values, np.array([day]))[:, 0] if values else np.zeros(len(node.children))
            branches[index] = reached[index] * np.nan_to_num(split)
            for child, amount in zip(node.children, branches[index].tolist(), strict=True):
                reached[child] += amount
    return Routes(reached, branches)
