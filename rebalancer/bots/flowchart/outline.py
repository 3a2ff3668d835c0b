"""A whole chart in indented lines, every branch of it; on one day with every value, the ways taken marked."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.bots.flowchart.routes import Routes, routes
from rebalancer.bots.flowchart.wording import Wording, percent

_DEEPEST_INDENT = 30


class OutlineItem(NamedTuple):
    """A node that is still to be told, the label of the way to it, and how much of the whole comes that way."""

    level: int
    label: str
    node: int
    amount: float


class OutlineLine(NamedTuple):
    level: int
    text: str
    taken: bool


def outline(program: Program, values: Values | None = None, day: int = -1) -> tuple[str, ...]:
    """All of `program`, a line a part, with the `values` of row `day`; "*" stands before what is taken on that day.

    A part that stands in several places is told once, where it is taken if it is. Parts that are only looked at by an
    indicator come last. Percentages are of the whole bot. Without `values` nothing is marked.
    """
    words, ways = Wording(program, values, day), routes(program, values, day)
    told: set[int] = set()
    rows = list(_told_from(OutlineItem(0, "", program.root, ways.reached[program.root]), words, ways, told))
    for part in _looked_at(program.table):
        if part.node not in told:
            rows.extend(_told_from(part, words, ways, told))
    marks = ("  ", "* ") if values else ("", "")
    return tuple(marks[row.taken] + "  " * min(row.level, _DEEPEST_INDENT) + row.text for row in rows)


def _looked_at(table: Sequence[nodes.Node]) -> Iterator[OutlineItem]:
    """The larger parts first, since a smaller one may be inside of them."""
    for node in reversed(table):
        if isinstance(node, nodes.Nav) and isinstance(table[node.portfolio], nodes.Split):
            yield OutlineItem(0, "looked at by an indicator", node.portfolio, 0.0)


def _told_from(start: OutlineItem, words: Wording, ways: Routes, told: set[int]) -> Iterator[OutlineLine]:
    waiting = [start]
    while waiting:
        part = waiting.pop()
        node = words.program.table[part.node]
        taken = part.amount > 0
        first, *rest = words.heading(part.node)
        text = f"{part.label}: {first.text}" if part.label else first.text
        if not isinstance(node, nodes.Split):
            yield OutlineLine(part.level, f"{text} {percent(part.amount)}" if taken else text, taken)
        elif part.node in told:
            yield OutlineLine(part.level, f"{text} (told above)", taken)
        elif ways.reached[part.node] > 0 and not taken:
            yield OutlineLine(part.level, f"{text} (told where it is taken)", taken)
        else:
            told.add(part.node)
            yield OutlineLine(part.level, text, taken)
            yield from (OutlineLine(part.level + line.level, line.text, taken) for line in rest)
            children = zip(words.branches(node), node.children, ways.branches[part.node].tolist(), strict=True)
            waiting.extend(reversed([OutlineItem(part.level + 1, *child) for child in children]))
