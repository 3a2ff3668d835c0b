"""One day's path through a chart, in lines for a person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rebalancer.flowchart import nodes
from rebalancer.flowchart.compile import SHORT_NAMES, Program
from rebalancer.flowchart.evaluate import YES, Evaluation, Values, fractions
from rebalancer.flowchart.gaps import why_undefined
from rebalancer.model import Closes

_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_VERDICTS = ("no", "undefined", "yes")
_DEEPEST_INDENT = 12


class Line(NamedTuple):
    level: int
    text: str


class Part(NamedTuple):
    """A node that is reached with `amount` of the whole, and still has to be told."""

    level: int
    node: int
    amount: float


class Verdict(NamedTuple):
    """A condition, and what became of it."""

    level: int
    text: str
    word: str


def explain(program: Program, closes: Closes, evaluation: Evaluation, day: int) -> tuple[str, ...]:
    """The path taken on row `day`, a line a step, with the values that decided and how far each gate is from flipping.

    As in `RSI(SPY,10) = 81.2 > 79 -> TBILL 100 % (yes, by 2.2)`. Percentages are of the whole bot. A part that is
    reached twice is told once. Where the decision is undefined, the last line says why.
    """
    teller = _Teller(program, evaluation.values, day)
    lines: list[Line] = []
    told: set[int] = set()
    waiting: list[Line | Part] = [Part(0, program.root, 1.0)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Line):
            lines.append(item)
            continue
        node = program.table[item.node]
        if isinstance(node, nodes.Split) and item.node not in told:
            told.add(item.node)
            waiting.extend(reversed(list(teller.split(node, item))))
        else:
            again = "as above: " if item.node in told else ""
            lines.append(Line(item.level, again + teller.share(item)))
    if np.isnan(evaluation.weights[day]).any():
        lines.append(Line(0, f"undefined: {why_undefined(program, closes, evaluation, day)}"))
    return tuple("  " * min(line.level, _DEEPEST_INDENT) + line.text for line in lines)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Puts one day of a program into words. What is still to be told comes back as parts, so that nothing recurses."""

    program: Program
    values: Values
    day: int

    def split(self, node: nodes.Split, part: Part) -> Iterator[Line | Part]:
        split = fractions(node, self.values, np.array([self.day]))[:, 0]
        children = [
            Part(part.level, child, part.amount * fraction)
            for child, fraction in zip(node.children, split.tolist(), strict=True)
        ]
        match node:
            case nodes.Where(condition):
                return self.gate(condition, children)
            case nodes.Blend():
                return self.blend(children)
            case _:
                return self.ranking(node, children)

    def gate(self, condition: int, branches: Sequence[Part]) -> Iterator[Line | Part]:
        """The condition and where it leads; a leaf stands on the same line. Gates in a row keep their level."""
        level, (first, *rest) = branches[0].level, self.verdicts(condition)
        taken = [branch for branch in branches if branch.amount > 0]
        leaves = [branch for branch in taken if not self.is_split(branch)]
        ending = f"{self.share(leaves[0])} ({first.word})" if leaves else first.word
        yield Line(level, f"{first.text} -> {ending}")
        for verdict in rest:
            yield Line(level + verdict.level, f"{verdict.text} -> {verdict.word}")
        if not leaves:
            yield from taken

    def blend(self, children: Sequence[Part]) -> Iterator[Line | Part]:
        for child in children:
            yield Line(child.level, self.share(child))
            yield from self.inside(child)

    def ranking(self, node: nodes.TopK | nodes.InverseVol, children: Sequence[Part]) -> Iterator[Line | Part]:
        """Every child with its score, best first where they compete, and what each of them gets."""
        scores = [self.value(score) for score in nodes.needs(node)]
        level, measure, ranks = children[0].level, self.measure(nodes.needs(node)[0]), list(range(len(children)))
        if isinstance(node, nodes.TopK):
            sign = -1 if node.largest else 1
            ranks.sort(key=lambda rank: (np.isnan(scores[rank]), sign * np.nan_to_num(scores[rank])))
            yield Line(level, f"{'highest' if node.largest else 'lowest'} {node.count} of {len(children)} by {measure}")
        else:
            yield Line(level, f"weights by 1 / {measure}")
        for rank in ranks:
            child = children[rank]._replace(level=level + 1)
            gets = f" -> {_percent(child.amount)}" if child.amount > 0 else ""
            yield Line(child.level, f"{self.program.label(child.node)} = {number(scores[rank])}{gets}")
            yield from self.inside(child)

    def inside(self, child: Part) -> Iterator[Part]:
        if child.amount > 0 and self.is_split(child):
            yield child._replace(level=child.level + 1)

    def verdicts(self, condition: int) -> list[Verdict]:
        """`condition`, then what it is made of, a level deeper; what comes twice is told once."""
        verdicts: list[Verdict] = []
        told: set[int] = set()
        waiting = [(0, condition)]
        while waiting:
            level, index = waiting.pop()
            node = self.program.table[index]
            word = _VERDICTS[self.values.truths[index][self.day]]
            if isinstance(node, nodes.Compare):
                verdicts.append(Verdict(level, self.comparison(node), word + self.margin(node)))
            elif index not in told:
                told.add(index)
                verdicts.append(Verdict(level, self.several(node), word))
                waiting.extend((level + 1, part) for part in reversed(nodes.operands(node)))
        return verdicts

    def several(self, node: nodes.Node) -> str:
        if isinstance(node, nodes.ForDays):
            recent = self.values.truths[node.condition][max(0, self.day - node.days + 1) : self.day + 1]
            return f"on each of the last {node.days} days, was on {np.count_nonzero(recent == YES)}"
        return f"{'all' if isinstance(node, nodes.All) else 'any'} of {len(nodes.operands(node))} conditions"

    def comparison(self, node: nodes.Compare) -> str:
        left, right = self.operand(node.left, node.right), self.operand(node.right, node.left)
        return f"{left} {_SIGNS[node.comparator]} {right}"

    def operand(self, index: int, other: int) -> str:
        label = self.program.label(index)
        if isinstance(self.program.table[index], nodes.Constant):
            return label
        return f"{label} = {number(self.value(index), unlike=self.value(other))}"

    def margin(self, node: nodes.Compare) -> str:
        distance = abs(self.value(node.left) - self.value(node.right))
        return f", by {number(distance)}" if distance >= 0 else ""

    def measure(self, score: int) -> str:
        node = self.program.table[score]
        return f"{SHORT_NAMES[node.function]}({node.window})" if isinstance(node, nodes.Series) else "Price"

    def value(self, series: int) -> float:
        return float(self.values.series[series][self.day])

    def is_split(self, part: Part) -> bool:
        return isinstance(self.program.table[part.node], nodes.Split)

    def share(self, part: Part) -> str:
        return f"{self.program.label(part.node)} {_percent(part.amount)}"


def number(value: float, unlike: float = 0.0) -> str:
    """`value` with two decimals, or as many as it takes to look different from `unlike`; without trailing zeros."""
    if np.isnan(value):
        return "undefined"
    decimals = 2
    while decimals < 12 and value != unlike and round(value, decimals) == round(unlike, decimals):
        decimals += 1
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _percent(amount: float) -> str:
    return f"{100 * amount:.4g} %"
