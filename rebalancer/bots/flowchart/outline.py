"""A whole chart as indented lines or as a Mermaid diagram; with one day's values, the branches taken are marked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from rebalancer.bots.findings import ChartBranch, ChartPart
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.decided import Decided
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.wording import IndentedLine, Visit, Wording, percent

_DEEPEST_INDENT = 30
MOST_ARROWS = 500
MOST_CHARACTERS = 50_000
"""Mermaid's own limits by default (maxEdges and maxTextSize)."""
_ESCAPES = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\n": " "})
_TAKEN = ("", ":::taken")
_STYLE = "  classDef taken fill:#d5efd8,stroke:#1b7a33,stroke-width:3px,color:#000"


@dataclass(frozen=True, slots=True)
class Routes:
    """By index in the table: the fraction that reaches each node below the root, and the branches of each split.

    Fractions are 0 where a node is not reached, also below a split that is undefined, and without values.
    """

    reached: Mapping[int, float]
    branches: Mapping[int, Sequence[Visit]]

    @classmethod
    def of(cls, words: Wording) -> Self:
        table, root = words.program.table, words.program.root
        reached = {root: 1.0 if words.values else 0.0}
        branches: dict[int, Sequence[Visit]] = {}
        for index in reversed(range(root + 1)):
            node = table[index]
            if isinstance(node, nodes.Split):
                amounts = [reached.get(index, 0.0) * fraction for fraction in words.fractions(node)]
                branches[index] = tuple(map(Visit, node.children, amounts, words.branches(node)))
                for child, amount in zip(node.children, amounts, strict=True):
                    if index in reached:
                        reached[child] = reached.get(child, 0.0) + amount
        return cls(reached, branches)


def outline(program: Program, values: Decided | None = None, day: int = -1) -> tuple[str, ...]:
    """All of `program`, a line a node, with the values of row `day`; "*" marks what is taken on that day.

    A node that several branches lead to is written out once, on the branch taken if there is one. Nodes that only an
    indicator looks at come last. Percentages are of the whole bot. Without `values` nothing is marked.
    """
    words = Wording(program, values, day)
    flow = Routes.of(words)
    written: set[int] = set()
    lines = list(_written_from(Visit(program.root, flow.reached[program.root]), words, flow, written))
    # The larger of them first, since a smaller one may be inside of them.
    for node in reversed(program.table):
        if isinstance(node, nodes.Nav) and node.portfolio in flow.branches and node.portfolio not in written:
            start = Visit(node.portfolio, 0.0, "looked at by an indicator")
            lines.extend(_written_from(start, words, flow, written))
    marks = ("  ", "* ") if values else ("", "")
    return tuple(marks[line.taken] + "  " * min(line.level, _DEEPEST_INDENT) + line.text for line in lines)


def _written_from(start: Visit, words: Wording, flow: Routes, written: set[int]) -> Iterator[IndentedLine]:
    stack = [start]
    while stack:
        visit = stack.pop()
        level, taken = visit.level, visit.amount > 0
        first, *rest = words.heading(visit.node)
        text = f"{visit.label}: {first.text}" if visit.label else first.text
        if visit.node not in flow.branches:
            yield IndentedLine(level, f"{text} {percent(visit.amount)}" if taken else text, taken)
        elif visit.node in written:
            yield IndentedLine(level, f"{text} (shown above)", taken)
        elif flow.reached.get(visit.node, 0.0) > 0 and not taken:
            yield IndentedLine(level, f"{text} (shown where it is taken)", taken)
        else:
            written.add(visit.node)
            yield IndentedLine(level, text, taken)
            yield from (IndentedLine(level + line.level, line.text, taken) for line in rest)
            stack.extend(branch._replace(level=level + 1) for branch in reversed(flow.branches[visit.node]))


def parts(program: Program, values: Decided, day: int = -1) -> tuple[ChartPart, ...]:
    """The splits of `program` from the root down, on row `day`; then those that only an indicator looks at."""
    words = Wording(program, values, day)
    flow = Routes.of(words)
    wanted = {program.root} if program.root in flow.branches else set[int]()
    for index in reversed(range(len(program.table))):
        node = program.table[index]
        if isinstance(node, nodes.Nav) and node.portfolio in flow.branches:
            wanted.add(node.portfolio)
        if index in wanted:
            wanted.update(visit.node for visit in flow.branches[index] if visit.node in flow.branches)
    order = [program.root, *sorted(wanted - {program.root}, reverse=True)]
    numbers = {index: number for number, index in enumerate(order)}
    return tuple(_part(index, words, flow, numbers) for index in order)


def _part(index: int, words: Wording, flow: Routes, numbers: Mapping[int, int]) -> ChartPart:
    lines = tuple("  " * line.level + line.text for line in words.heading(index))
    found: list[ChartBranch] = []
    for child, amount, label, _ in flow.branches.get(index, ()):
        text = words.share(child, amount) if amount > 0 else words.program.label(child)
        found.append(ChartBranch(label, text, numbers.get(child), amount > 0))
    return ChartPart(lines, tuple(found), flow.reached.get(index, 0.0) > 0)


def mermaid(program: Program, values: Decided, day: int = -1) -> str:
    """The splits of `program` and what they hold, with the values of row `day`.

    A node that several branches lead to is drawn once, a ticker each time. Raises ValueError for a chart that is larger
    than Mermaid draws.
    """
    words = Wording(program, values, day)
    flow = Routes.of(words)
    splits = [index for index in flow.branches if index in flow.reached]
    boxes = [_box(index, words, taken=flow.reached[index] > 0) for index in splits or [program.root]]
    arrows = [arrow for index in splits for arrow in _arrows(index, words, flow)]
    text = "\n".join(["flowchart TD", *boxes, *arrows, _STYLE])
    if len(arrows) > MOST_ARROWS or len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"this chart takes {len(arrows):,} arrows and {len(text):,} characters, and Mermaid draws no more than "
            f"{MOST_ARROWS} and {MOST_CHARACTERS:,}"
        )
    return text


def _box(index: int, words: Wording, *, taken: bool) -> str:
    text = "<br>".join(_escaped(line.text) for line in words.heading(index))
    opening, closing = ("{{", "}}") if isinstance(words.program.table[index], nodes.Gate) else ("[", "]")
    return f'  n{index}{opening}"{text}"{closing}{_TAKEN[taken]}'


def _arrows(index: int, words: Wording, flow: Routes) -> Iterator[str]:
    for place, (child, amount, label, _) in enumerate(flow.branches[index]):
        taken = amount > 0
        target = f"n{child}"
        if child not in flow.branches:
            text = words.share(child, amount) if taken else words.program.label(child)
            target = f'n{index}_{place}(["{_escaped(text)}"]){_TAKEN[taken]}'
        yield f'  n{index} {"==>" if taken else "-->"}|"{_escaped(label)}"| {target}'


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)
