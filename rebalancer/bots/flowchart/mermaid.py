"""A chart as a Mermaid diagram, text that many editors and web pages draw. Branches taken on the day are thick."""

from collections.abc import Iterator

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.bots.flowchart.routes import Routes, routes
from rebalancer.bots.flowchart.wording import Wording

MOST_ARROWS = 500
MOST_CHARACTERS = 50_000
"""Mermaid's own limits by default (maxEdges and maxTextSize)."""

_ESCAPES = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\n": " "})
_TAKEN = ("", ":::taken")
_STYLE = "  classDef taken fill:#d5efd8,stroke:#1b7a33,stroke-width:3px,color:#000"


def mermaid(program: Program, values: Values, day: int) -> str:
    """The splits of `program` and what they hold, with the values of row `day`.

    A node that several branches lead to is drawn once, a ticker each time. Raises ValueError for a chart that is larger
    than Mermaid draws.
    """
    words, flow = Wording(program, values, day), routes(program, values, day)
    boxes: list[str] = []
    arrows: list[str] = []
    for index, node in _from_the_top(program):
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


def _from_the_top(program: Program) -> Iterator[tuple[int, nodes.Node]]:
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
