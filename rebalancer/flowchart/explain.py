"""One day's path through a chart, in lines for a person."""

from collections.abc import Iterator, Sequence
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
    lines: list[Line] = []
    told: set[int] = set()
    waiting: list[Line | Part] = [Part(0, program.root, 1.0)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Line):
            lines.append(item)
        elif isinstance(program.table[item.node], nodes.Leaf):
            lines.append(Line(item.level, _share(program, item)))
        elif item.node in told:
            lines.append(Line(item.level, f"as above: {_share(program, item)}"))
        else:
            told.add(item.node)
            waiting.extend(reversed([*_steps(program, evaluation.values, item, day)]))
    if np.isnan(evaluation.weights[day]).any():
        lines.append(Line(0, f"undefined: {why_undefined(program, closes, evaluation, day)}"))
    return tuple("  " * min(line.level, _DEEPEST_INDENT) + line.text for line in lines)


def _steps(program: Program, values: Values, part: Part, day: int) -> Iterator[Line | Part]:
    node = program.table[part.node]
    if not isinstance(node, nodes.Split):
        return iter(())
    split = fractions(node, values, np.array([day]))[:, 0]
    children = [Part(part.level, child, part.amount * share) for child, share in zip(node.children, split, strict=True)]
    if isinstance(node, nodes.Where):
        return _gate(program, _verdicts(program, values, node.condition, day), children)
    if isinstance(node, nodes.Blend):
        return _blend(program, children)
    return _ranking(program, node, [float(values.series[score][day]) for score in nodes.needs(node)], children)


def _gate(program: Program, verdicts: Sequence[Verdict], branches: Sequence[Part]) -> Iterator[Line | Part]:
    """The condition and where it leads; a leaf stands on the same line. Gates in a row keep their level."""
    level, (first, *rest) = branches[0].level, verdicts
    taken = next((branch for branch in branches if branch.amount > 0), None)
    if taken and isinstance(program.table[taken.node], nodes.Leaf):
        yield Line(level, f"{first.text} -> {_share(program, taken)} ({first.word})")
        taken = None
    else:
        yield Line(level, f"{first.text} -> {first.word}")
    for verdict in rest:
        yield Line(level + verdict.level, f"{verdict.text} -> {verdict.word}")
    if taken:
        yield taken


def _blend(program: Program, children: Sequence[Part]) -> Iterator[Line | Part]:
    for child in children:
        yield Line(child.level, _share(program, child))
        yield from _inside(program, child)


def _ranking(
    program: Program, node: nodes.TopK | nodes.InverseVol, scores: Sequence[float], children: Sequence[Part]
) -> Iterator[Line | Part]:
    """Every child with its score, best first where they compete, and what each of them gets."""
    measure, level, ranks = _measure(program, nodes.needs(node)[0]), children[0].level, list(range(len(children)))
    if isinstance(node, nodes.TopK):
        sign = -1 if node.largest else 1
        ranks.sort(key=lambda rank: (np.isnan(scores[rank]), sign * np.nan_to_num(scores[rank])))
        yield Line(level, f"{'highest' if node.largest else 'lowest'} {node.count} of {len(children)} by {measure}")
    else:
        yield Line(level, f"weights by 1 / {measure}")
    for rank in ranks:
        child = children[rank]._replace(level=level + 1)
        gets = f" -> {_percent(child.amount)}" if child.amount > 0 else ""
        yield Line(level + 1, f"{program.label(child.node)} = {number(scores[rank])}{gets}")
        yield from _inside(program, child)


def _inside(program: Program, child: Part) -> Iterator[Part]:
    if child.amount > 0 and isinstance(program.table[child.node], nodes.Split):
        yield child._replace(level=child.level + 1)


def _verdicts(program: Program, values: Values, condition: int, day: int) -> list[Verdict]:
    """`condition`, then what it is made of, a level deeper; what comes twice is told once."""
    verdicts: list[Verdict] = []
    told: set[int] = set()
    waiting = [(0, condition)]
    while waiting:
        level, index = waiting.pop()
        node = program.table[index]
        word = _VERDICTS[values.truths[index][day]]
        if isinstance(node, nodes.Compare):
            verdicts.append(Verdict(level, _comparison(program, values, node, day), word + _margin(values, node, day)))
        elif index not in told:
            told.add(index)
            verdicts.append(Verdict(level, _several(node, values, day), word))
            waiting.extend((level + 1, part) for part in reversed(nodes.operands(node)))
    return verdicts


def _several(node: nodes.Node, values: Values, day: int) -> str:
    if isinstance(node, nodes.ForDays):
        held = np.count_nonzero(values.truths[node.condition][max(0, day - node.days + 1) : day + 1] == YES)
        return f"on each of the last {node.days} days, was on {held}"
    return f"{'all' if isinstance(node, nodes.All) else 'any'} of {len(nodes.operands(node))} conditions"


def _comparison(program: Program, values: Values, node: nodes.Compare, day: int) -> str:
    left, right = (float(values.series[side][day]) for side in (node.left, node.right))
    sides = (_operand(program, node.left, left, right), _operand(program, node.right, right, left))
    return f" {_SIGNS[node.comparator]} ".join(sides)


def _operand(program: Program, index: int, value: float, other: float) -> str:
    label = program.label(index)
    is_constant = isinstance(program.table[index], nodes.Constant)
    return label if is_constant else f"{label} = {number(value, unlike=other)}"


def _margin(values: Values, node: nodes.Compare, day: int) -> str:
    distance = float(abs(values.series[node.left][day] - values.series[node.right][day]))
    return f", by {number(distance)}" if distance >= 0 else ""


def _measure(program: Program, score: int) -> str:
    node = program.table[score]
    return f"{SHORT_NAMES[node.function]}({node.window})" if isinstance(node, nodes.Series) else "Price"


def _share(program: Program, part: Part) -> str:
    return f"{program.label(part.node)} {_percent(part.amount)}"


def _percent(amount: float) -> str:
    return f"{100 * amount:.4g} %"


def number(value: float, unlike: float = 0.0) -> str:
    """`value` with two decimals, or as many as it takes to look different from `unlike`; without trailing zeros."""
    if np.isnan(value):
        return "undefined"
    decimals = 2
    while decimals < 12 and value != unlike and round(value, decimals) == round(unlike, decimals):
        decimals += 1
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
