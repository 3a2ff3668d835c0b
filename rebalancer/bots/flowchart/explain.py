"""The path that one day's decision took through a chart, why it is undefined, and which gaps are worth a warning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rebalancer.bots.base import missing_closes, own_columns
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import UNKNOWN, Evaluation, Values, fractions
from rebalancer.bots.flowchart.formulas import runs
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_advised, prices_needed
from rebalancer.bots.flowchart.wording import IndentedLine, Wording, number, percent
from rebalancer.model import Closes

_DEEPEST_INDENT = 12


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


class Visit(NamedTuple):
    """A node on the path that is not written yet; `amount` is its fraction of the whole bot."""

    level: int
    node: int
    amount: float


def explain(program: Program, closes: Closes, evaluation: Evaluation, day: int) -> tuple[str, ...]:
    """The path taken on row `day`, a line a step, with the values that decided and how far each gate is from flipping.

    Such as `RSI(SPY,10) = 81.2 > 79 (by 2.2) -> TBILL 100 %`. Percentages are of the whole bot. A node that is reached
    twice is written out once. Where the decision is undefined, the last line says why.
    """
    writer = _PathWriter(program, evaluation.values, day, Wording(program, evaluation.values, day))
    lines: list[IndentedLine] = []
    written: set[int] = set()
    stack: list[IndentedLine | Visit] = [Visit(0, program.root, 1.0)]
    while stack:
        item = stack.pop()
        if isinstance(item, IndentedLine):
            lines.append(item)
            continue
        node = program.table[item.node]
        if isinstance(node, nodes.Split) and item.node not in written:
            written.add(item.node)
            stack.extend(reversed(list(writer.split(node, item))))
        else:
            again = "as above: " if item.node in written else ""
            lines.append(IndentedLine(item.level, again + writer.share(item)))
    if np.isnan(evaluation.weights[day]).any():
        lines.append(IndentedLine(0, f"undefined: {why_undefined(program, closes, evaluation, day)}"))
    return tuple("  " * min(line.level, _DEEPEST_INDENT) + line.text for line in lines)


@dataclass(frozen=True, slots=True)
class _PathWriter:
    """Writes the lines of single nodes. Nodes below come back as visits, so that nothing recurses."""

    program: Program
    values: Values
    day: int
    words: Wording

    def split(self, node: nodes.Split, visit: Visit) -> Iterator[IndentedLine | Visit]:
        split = fractions(node, self.values, np.array([self.day]))[:, 0]
        children = [
            Visit(visit.level, child, visit.amount * fraction)
            for child, fraction in zip(node.children, split.tolist(), strict=True)
        ]
        match node:
            case nodes.Branch(condition):
                return self.gate(condition, children)
            case nodes.Blend():
                return self.blend(children)
            case _:
                return self.ranking(node, children)

    def gate(self, condition: int, branches: Sequence[Visit]) -> Iterator[IndentedLine | Visit]:
        """The condition and the branch it leads to, a leaf on the same line. Nested gates are not indented further."""
        level, (first, *rest) = branches[0].level, self.words.gate(condition)
        taken = [branch for branch in branches if branch.amount > 0]
        leaves = [branch for branch in taken if not self.is_split(branch)]
        yield IndentedLine(level, first.text + (f" -> {self.share(leaves[0])}" if leaves else ""))
        for line in rest:
            yield IndentedLine(level + line.level, line.text)
        if not leaves:
            yield from taken

    def blend(self, children: Sequence[Visit]) -> Iterator[IndentedLine | Visit]:
        for child in children:
            yield IndentedLine(child.level, self.share(child))
            yield from self.inside(child)

    def ranking(self, node: nodes.TopK | nodes.InverseVol, children: Sequence[Visit]) -> Iterator[IndentedLine | Visit]:
        """Every child with its score and what it gets; the best first where they compete."""
        scores = [self.words.value(score) for score in nodes.needs(node)]
        level, ranks = children[0].level, list(range(len(children)))
        if isinstance(node, nodes.TopK):
            sign = -1 if node.largest else 1
            ranks.sort(key=lambda rank: (np.isnan(scores[rank]), sign * np.nan_to_num(scores[rank])))
        yield IndentedLine(level, self.words.ranking(node))
        for rank in ranks:
            child = children[rank]._replace(level=level + 1)
            gets = f" -> {percent(child.amount)}" if child.amount > 0 else ""
            yield IndentedLine(child.level, f"{self.program.label(child.node)} = {number(scores[rank])}{gets}")
            yield from self.inside(child)

    def inside(self, child: Visit) -> Iterator[Visit]:
        if child.amount > 0 and self.is_split(child):
            yield child._replace(level=child.level + 1)

    def is_split(self, visit: Visit) -> bool:
        return isinstance(self.program.table[visit.node], nodes.Split)

    def share(self, visit: Visit) -> str:
        return self.words.share(visit.node, visit.amount)
