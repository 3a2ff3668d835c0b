"""A whole chart as indented lines; with the values of one day, the branches taken on it are marked."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.bots.flowchart.routes import Routes, routes
from rebalancer.bots.flowchart.wording import Wording, percent

_DEEPEST_INDENT = 30


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
