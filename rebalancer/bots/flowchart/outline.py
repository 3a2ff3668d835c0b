"""A whole chart as indented lines or as a Mermaid diagram; with one day's values, the branches taken are marked."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import Values, fractions
from rebalancer.bots.flowchart.wording import Wording, percent
from rebalancer.model import Floats

_DEEPEST_INDENT = 30
MOST_ARROWS = 500
MOST_CHARACTERS = 50_000
"""Mermaid's own limits by default (maxEdges and maxTextSize)."""
_ESCAPES = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\n": " "})
_TAKEN = ("", ":::taken")
_STYLE = "  classDef taken fill:#d5efd8,stroke:#1b7a33,stroke-width:3px,color:#000"


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


class OutlineItem(NamedTuple):
    """A node that is not written yet, the label of the branch to it, and the fraction of the whole on that branch."""

    level: int
    label: str
    node: int
    amount: float


class OutlineLine(NamedTuple):
    level: int
    text: str
    taken: bool


def outline(program: Program, values: Values | None = None, day: int = -1) -> tuple[str, ...]:
    """All of `program`, a line a node, with the `values` of row `day`; "*" marks what is taken on that day.

    A node that several branches lead to is written out once, on the branch taken if there is one. Nodes that only an
    indicator looks at come last. Percentages are of the whole bot. Without `values` nothing is marked.
    """
    words, flow = Wording(program, values, day), routes(program, values, day)
    written: set[int] = set()
    lines = list(_written_from(OutlineItem(0, "", program.root, flow.reached[program.root]), words, flow, written))
    for item in _looked_at(program.table):
        if item.node not in written:
            lines.extend(_written_from(item, words, flow, written))
    marks = ("  ", "* ") if values else ("", "")
    return tuple(marks[line.taken] + "  " * min(line.level, _DEEPEST_INDENT) + line.text for line in lines)


def _looked_at(table: Sequence[nodes.Node]) -> Iterator[OutlineItem]:
    """The larger nodes first, since a smaller one may be inside of them."""
    for node in reversed(table):
        if isinstance(node, nodes.Nav) and isinstance(table[node.portfolio], nodes.Split):
            yield OutlineItem(0, "looked at by an indicator", node.portfolio, 0.0)


def _written_from(start: OutlineItem, words: Wording, flow: Routes, written: set[int]) -> Iterator[OutlineLine]:
    stack = [start]
    while stack:
        item = stack.pop()
        node = words.program.table[item.node]
        taken = item.amount > 0
        first, *rest = words.heading(item.node)
        text = f"{item.label}: {first.text}" if item.label else first.text
        if not isinstance(node, nodes.Split):
            yield OutlineLine(item.level, f"{text} {percent(item.amount)}" if taken else text, taken)
        elif item.node in written:
            yield OutlineLine(item.level, f"{text} (shown above)", taken)
        elif flow.reached[item.node] > 0 and not taken:
            yield OutlineLine(item.level, f"{text} (shown where it is taken)", taken)
        else:
            written.add(item.node)
            yield OutlineLine(item.level, text, taken)
            yield from (OutlineLine(item.level + line.level, line.text, taken) for line in rest)
            children = zip(words.branches(node), node.children, flow.branches[item.node].tolist(), strict=True)
            stack.extend(reversed([OutlineItem(item.level + 1, *child) for child in children]))


def mermaid(program: Program, values: Values, day: int) -> str:
    """The splits of `program` and what they hold, with the values of row `day`.

    A node that several branches lead to is drawn once, a ticker each time. Raises ValueError for a chart that is larger
    than Mermaid draws.
    """
    words, flow = Wording(program, values, day), routes(program, values, day)
    boxes: list[str] = []
    arrows: list[str] = []
    for index, node in _splits_top_down(program):
        boxes.append(_box(index, words, taken=flow.reached[index] > 0))
        if isinstance(node, nodes.Split):
            arrows.extend(_arrows(index, node, words, flow))
    text = "\n".join(["flowchart TD", *boxes, *arrows, _STYLE])
    if len(arrows) > MOST_ARROWS or len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"this chart takes {len(arrows):,} arrows and {len(text):,} characters, and Mermaid draws no more than "
            f"{MOST_ARROWS} and {MOST_CHARACTERS:,}"
        )
    return text


def _splits_top_down(program: Program) -> Iterator[tuple[int, nodes.Node]]:
    """The root and every split below it, parents first."""
    below = {program.root}
    for index in reversed(range(program.root + 1)):
        node = program.table[index]
        if index in below and isinstance(node, nodes.Split):
            below.update(node.children)
        if index in below and (isinstance(node, nodes.Split) or index == program.root):
            yield index, node


def _box(index: int, words: Wording, *, taken: bool) -> str:
    text = "<br>".join(_escaped(line.text) for line in words.heading(index))
    opening, closing = ("{{", "}}") if isinstance(words.program.table[index], nodes.Branch) else ("[", "]")
    return f'  n{index}{opening}"{text}"{closing}{_TAKEN[taken]}'


def _arrows(index: int, node: nodes.Split, words: Wording, flow: Routes) -> Iterator[str]:
    branches = zip(words.branches(node), node.children, flow.branches[index].tolist(), strict=True)
    for place, (label, child, amount) in enumerate(branches):
        taken = amount > 0
        target = f"n{child}"
        if not isinstance(words.program.table[child], nodes.Split):
            text = words.share(child, amount) if taken else words.program.label(child)
            target = f'n{index}_{place}(["{_escaped(text)}"]){_TAKEN[taken]}'
        yield f'  n{index} {"==>" if taken else "-->"}|"{_escaped(label)}"| {target}'


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)
