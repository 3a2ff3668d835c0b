"""The first session on which all of a chart was computed, whichever way its decision takes: by its values.

`sessions.complete_from` asks something else, from which session on all must exist: by windows and first closes alone,
since it tells a history that is too short from a close that is missing, which leave the same NaN. A simulated part has
values as soon as its own way can be computed, so that a chart with one may begin here some sessions before that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rebalancer.bots.day_sets import first_of
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.model import Floats


@dataclass(frozen=True, slots=True)
class Beginning:
    """`rows` has the first row on which each node is defined, by its index in the table: T where it never is."""

    rows: Mapping[int, int]

    @property
    def row(self) -> int:
        """The first row by which each of them was defined once."""
        return max(self.rows.values(), default=0)

    def missing(self, day: int) -> int:
        """The first node of the table that is undefined up to row `day`, which is before `row`."""
        return next(index for index, row in self.rows.items() if row > day)


def beginning(values: Values, root: int) -> Beginning:
    """When each ticker has its first close, each indicator its first value, and each condition its first answer, of
    the chart whose whole is the node `root`.
    """
    rows: dict[int, int] = {}
    for index in _reached(values.table, root):
        node = values.table[index]
        if isinstance(node, nodes.Hold):
            rows[index] = _first(values.closes_of(node.symbol))
        elif isinstance(node, nodes.SeriesNode):
            rows[index] = _first(values.series[index])
        elif isinstance(node, nodes.ConditionNode):
            yes, no = values.answers(index)
            rows[index] = first_of(yes | no) if yes | no else values.length
    return Beginning(rows)


def _first(series: Floats) -> int:
    """The first row that is defined, T where none is."""
    defined = ~np.isnan(series)
    return int(defined.argmax()) if defined.any() else len(defined)


def _reached(table: Sequence[nodes.Node], root: int) -> list[int]:
    """Every node that `root` is computed from, operands first."""
    reached, waiting = {root}, [root]
    while waiting:
        for operand in nodes.operands(table[waiting.pop()]):
            if operand not in reached:
                reached.add(operand)
                waiting.append(operand)
    return sorted(reached)
