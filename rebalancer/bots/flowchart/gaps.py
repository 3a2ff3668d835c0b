"""Why a decision is undefined, and which gaps in the closes are worth a warning although it is defined."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rebalancer.bots.base import missing_closes, own_columns
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import UNKNOWN, Evaluation, Values, fractions
from rebalancer.bots.flowchart.formulas import runs
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_advised, prices_needed
from rebalancer.model import Closes


class NodeOnDay(NamedTuple):
    node: int
    day: int


def why_undefined(program: Program, closes: Closes, evaluation: Evaluation, day: int) -> str:
    """One sentence on the first undefined value, in the order of the chart, that the decision of row `day` needs.

    Raises ValueError where that decision is defined.
    """
    stack, seen = [NodeOnDay(program.root, day)], set[NodeOnDay]()
    while stack:
        current = stack.pop()
        causes = _causes(program.table, evaluation.values, current)
        if not causes and (current.day < 0 or isinstance(program.table[current.node], nodes.SeriesNode)):
            return _sentence(program, closes, evaluation.values, current)
        if current not in seen:
            seen.add(current)
            stack.extend(reversed(causes))
    raise ValueError(f"the decision of {program.name} on {closes.day(day)} is defined")


def gaps(program: Program, closes: Closes, evaluation: Evaluation) -> tuple[str, ...]:
    """Warnings about the last day: closes missing within the look-back, then indicators that are still warming up.

    The decision itself may not have needed them.
    """
    values = own_columns(program.name, program.symbols, closes)
    missing = missing_closes(program.symbols, values, closes, program.lookback)
    return (*missing, *_warming_up(program, evaluation.values))


def _warming_up(program: Program, values: Values) -> Iterator[str]:
    for index, node in enumerate(program.table):
        if isinstance(node, nodes.Series) and INDICATORS[node.function].settled:
            have, advised = int(runs(values.series[node.source])[-1]), prices_advised(node.function, node.parameters)
            if prices_needed(node.function, node.parameters) <= have < advised:
                yield f"{program.label(index)} is still warming up: {have} of {advised} closes"


def _causes(table: Sequence[nodes.Node], values: Values, current: NodeOnDay) -> list[NodeOnDay]:
    """What left a node undefined, or else the children that its decision led to. Row -1 is before the first day."""
    node, day = table[current.node], current.day
    match node:
        case nodes.Series(source=source):
            nav = table[source]
            if isinstance(nav, nodes.Nav) and not values.simulated[nav.portfolio].decided[day]:
                return [NodeOnDay(nav.portfolio, day)]
            return []
        case nodes.Inequality(left=left, right=right):
            return [NodeOnDay(side, day) for side in (left, right) if np.isnan(values.series[side][day])]
        case nodes.ForDays(days, condition):
            rows = range(day, max(day - days, -2), -1)
            return [NodeOnDay(condition, row) for row in rows if row < 0 or values.truths[condition][row] == UNKNOWN]
        case nodes.Conjunction(conditions) | nodes.Disjunction(conditions):
            return [NodeOnDay(condition, day) for condition in conditions if values.truths[condition][day] == UNKNOWN]
        case nodes.Branch() | nodes.Blend() | nodes.TopK() | nodes.InverseVol():
            return _causes_in_split(node, values, day)
        case _:
            return []


def _causes_in_split(node: nodes.Split, values: Values, day: int) -> list[NodeOnDay]:
    split = fractions(node, values, np.array([day]))[:, 0]
    if np.isnan(split[0]):
        return [NodeOnDay(need, day) for need in nodes.needs(node) if not _usable(node, values, need, day)]
    return [NodeOnDay(child, day) for child, fraction in zip(node.children, split, strict=True) if fraction > 0]


def _usable(node: nodes.Split, values: Values, need: int, day: int) -> bool:
    if isinstance(node, nodes.Branch):
        return False
    score = values.series[need][day]
    return bool(score > 0) if isinstance(node, nodes.InverseVol) else not np.isnan(score)


def _sentence(program: Program, closes: Closes, values: Values, current: NodeOnDay) -> str:
    node, day = program.table[current.node], closes.day(max(current.day, 0))
    if current.day < 0:
        return f"a condition has to hold for more days than there are closes: they begin on {day}"
    if not isinstance(node, nodes.Series):
        return f"{program.subject(current.node)} has no close on {day}"
    if not np.isnan(values.series[current.node][current.day]):
        return f"{program.label(current.node)} is 0 on {day}, so that 1 / volatility is undefined"
    have = int(runs(values.series[node.source])[current.day])
    simulated = isinstance(program.table[node.source], nodes.Nav)
    if not have:
        return f"{program.subject(node.source)} has no {'simulated value' if simulated else 'close'} on {day}"
    closes_needed = prices_needed(node.function, node.parameters)
    return (
        f"{program.label(current.node)} needs {closes_needed} {'simulated values' if simulated else 'closes'} in a row,"
        f" has {have} since {closes.day(current.day - have + 1)}"
    )
