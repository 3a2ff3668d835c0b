"""The path that one day's decision took through a chart, as lines of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import Evaluation, Values, fractions
from rebalancer.bots.flowchart.gaps import why_undefined
from rebalancer.bots.flowchart.wording import IndentedLine, Wording, number, percent
from rebalancer.model import Closes

_DEEPEST_INDENT = 12


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
