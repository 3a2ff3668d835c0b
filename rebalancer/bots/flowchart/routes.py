"""Which branches of a chart are taken on one day, and which fraction of the whole each of them carries."""

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
    """Fractions of the whole by index in the table: `reached` of a node, `branches` (K,) of the K children of a split.

    0 where a node is not reached, also below a split that is undefined.
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
