"""The first session on which all of a chart was computed, whichever way its decision takes: by its values.

`sessions.complete_from` asks something else, from which session on all must exist: by windows and first closes alone,
since it tells a history that is too short from a close that is missing, which leave the same NaN. A simulated part has
values as soon as its own way can be computed, so that a chart with one may begin here some sessions before that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rebalancer.bots.day_sets import first_of
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.evaluate import Evaluation
from rebalancer.bots.flowchart.program import Program
from rebalancer.model import Closes, Floats


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


def beginning(program: Program, own: Closes, values: Evaluation) -> Beginning:
    """When each ticker has its first close, each indicator its first value, and each condition its first answer.

    `own` are the closes of `program.symbols`.
    """
    prices = dict(zip(own.symbols, own.values.T, strict=True))
    rows: dict[int, int] = {}
    for index in _reached(program):
        node = program.table[index]
        if isinstance(node, nodes.Hold):
            rows[index] = _first(prices[node.symbol])
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


def _reached(program: Program) -> list[int]:
    """Every node that the root is computed from, operands first."""
    reached = {program.root}
    for index in range(program.root, -1, -1):
        if index in reached:
            reached.update(nodes.operands(program.table[index]))
    return sorted(reached)
