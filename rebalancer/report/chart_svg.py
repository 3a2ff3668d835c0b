"""A chart as one SVG file, the path taken highlighted. No script: a box that stands for more is a link to its drawing.

A browser shows one drawing at a time (CSS `:target`), any other viewer the first one. All names are escaped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from textwrap import wrap
from typing import NamedTuple

from rich.cells import cell_len

from rebalancer.bots.findings import ChartBranch, ChartPart
from rebalancer.errors import visible
from rebalancer.report.chart_sections import Drawn, Section, homes, sections
from rebalancer.report.tidy_tree import Box, layout

WIDEST = 48
"""Characters on a line."""
MOST_LINES = 40
"""In one box; those taken are among them, and the others are counted."""
_CHARACTER, _LINE, _MARGIN, _TITLE = 7.3, 16.0, 8.0, 40.0
_SCREEN = 1600.0
RULES = """
.rebalance-chart text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: var(--ink, #222); }
.rebalance-chart rect { fill: var(--page, #fff); stroke: #999; }
.rebalance-chart .stub rect { fill: var(--card, #f2f2f2); stroke-dasharray: 4; }
.rebalance-chart .taken > rect { fill: var(--lit, #d5efd8); stroke: var(--way, #1b7a33); stroke-width: 2.5; }
.rebalance-chart tspan.taken { fill: var(--way-ink, #0b5a22); font-weight: bold; }
.rebalance-chart path { fill: none; stroke: #bbb; }
.rebalance-chart path.taken { stroke: var(--way, #1b7a33); stroke-width: 3; }
.rebalance-chart a { cursor: pointer; } .rebalance-chart a:hover rect { stroke: #0072b2; }
.rebalance-chart a > text { fill: var(--link, #0057a0); }
.rebalance-chart .section { display: none; } .rebalance-chart .section:target { display: inline; }
.rebalance-chart .section:target ~ #s0 { display: none; }
"""
"""The variables are those of a page around the chart; a file by itself has none, and is light."""
_SECTION = ' class="section"'
SVG_BEGINS = b'<svg xmlns="http://www.w3.org/2000/svg" class="rebalance-chart" '


class _Line(NamedTuple):
    text: str
    taken: bool = False


def to_svg(title: str, parts: Sequence[ChartPart]) -> str:
    """The whole file; it grows by about 700 characters a box."""
    chart, drawings = _divided(title, parts, "#s{}".format)
    drawn = [_drawing(chart, each) for each in drawings]
    texts = [f'<g id="s{number}"{_SECTION * (number > 0)}>\n{each.text}</g>' for number, each in enumerate(drawn)]
    # The first drawing comes last: CSS can hide only what follows the one that was opened.
    return _element(SVG_BEGINS.decode(), title, drawn, (f"<style>{RULES}</style>", *texts[1:], texts[0]))


def for_page(title: str, parts: Sequence[ChartPart], link: Callable[[int], str], drawing: int = 0) -> str:
    """One drawing inside a page, whose style sheet has the RULES; `link` gives the address of each other.

    One that there is not is the first: the chart has changed since it was linked.
    """
    chart, drawings = _divided(title, parts, link)
    drawn = _drawing(chart, drawings[drawing if drawing < len(drawings) else 0])
    return _element('<svg class="rebalance-chart" role="group" ', title, [drawn], [drawn.text])


class _Chart(NamedTuple):
    """`place` is the drawing of each part, `link` the address of a drawing."""

    title: str
    parts: Sequence[ChartPart]
    place: Mapping[int, int]
    link: Callable[[int], str]


class _Drawing(NamedTuple):
    text: str
    width: float
    height: float


def _divided(title: str, parts: Sequence[ChartPart], link: Callable[[int], str]) -> tuple[_Chart, tuple[Section, ...]]:
    drawings = sections(parts, homes(parts))
    place = {box.part: number for number, each in enumerate(drawings) for box in each.boxes if box.opens is None}
    return _Chart(title, parts, place, link), drawings


def _element(opening: str, title: str, drawn: Sequence[_Drawing], texts: Sequence[str]) -> str:
    """As wide and as high as the largest drawing."""
    width, height = max(each.width for each in drawn), max(each.height for each in drawn)
    head = f'{opening}width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
    return "\n".join((head, f"<title>{_escaped(title)}</title>", *texts, "</svg>\n"))


def _drawing(chart: _Chart, section: Section) -> _Drawing:
    lines = [_lines(box, chart.parts) for box in section.boxes]
    sizes = [
        (2 * _MARGIN + _CHARACTER * max(cell_len(line.text) for line in each), 2 * _MARGIN + _LINE * len(each))
        for each in lines
    ]
    boxes, width = _placed(section.children, sizes)
    height = max(box.y + box.height for box in boxes) + _TITLE + 2 * _MARGIN
    shown = [
        *_heading(chart, section),
        f'<g transform="translate({_MARGIN} {_TITLE})">',
        *_edges(section, boxes, chart.parts),
        *(_box(*each, chart) for each in zip(section.boxes, boxes, lines, strict=True)),
        "</g>",
    ]
    return _Drawing("\n".join(shown), max(width, _CHARACTER * cell_len(chart.title) + 2 * _MARGIN), height)


def _placed(children: Sequence[Sequence[int]], sizes: Sequence[tuple[float, float]]) -> tuple[tuple[Box, ...], float]:
    """The boxes and the width of all; where that is more than a screen, the first box is at the left, in sight."""
    boxes = layout(children, sizes, between=16, below=36)
    if _right(boxes) > _SCREEN:
        boxes = layout(children, sizes, between=16, below=36, over_first=True)
    return boxes, _right(boxes) + 2 * _MARGIN


def _right(boxes: Sequence[Box]) -> float:
    return max(box.x + box.width for box in boxes)


def _heading(chart: _Chart, section: Section) -> Iterator[str]:
    """The title; in the first drawing links to what only an indicator looks at, in the others one back."""
    yield f'<text x="{_MARGIN}" y="16">{_escaped(chart.title)}</text>'
    if section.parent is not None:
        text = f'<text x="{_MARGIN}" y="32">back to the drawing above this one</text>'
        yield _linked(chart.link(section.parent), text)
        return
    led_to = {branch.part for part in chart.parts for branch in part.branches}
    apart = [part for part in range(1, len(chart.parts)) if part not in led_to]
    for column, part in enumerate(apart):
        text = f"looked at by an indicator: box {part}"
        x = _MARGIN + column * _CHARACTER * (len(text) + 3)
        yield _linked(chart.link(chart.place[part]), f'<text x="{x:.0f}" y="32">{text}</text>')


def _linked(address: str, shown: str) -> str:
    return f'<a href="{escape(address)}">{shown}</a>'


def _lines(box: Drawn, parts: Sequence[ChartPart]) -> list[_Line]:
    part = parts[box.part]
    first, *rest = part.lines
    label = f"{box.label}: " if box.label else ""
    heading = [f"[{box.part}] {label}{first}", *rest]
    if box.opens is not None:
        return [*_wrapped(heading[:1]), _Line(f"{box.count:,} boxes: open")]
    lines = _wrapped(heading)
    lines += [line for branch in part.branches for line in _leaf(branch)]
    if len(lines) <= MOST_LINES:
        return lines
    kept = [line for number, line in enumerate(lines) if number < MOST_LINES or line.taken]
    return [*kept, _Line(f"and {len(lines) - len(kept):,} more lines: see --tree")]


def _leaf(branch: ChartBranch) -> list[_Line]:
    """A branch that ends here, or leads to another box."""
    text = branch.text if branch.part is None else f"box {branch.part}"
    label = f"{branch.label}: " if branch.label else ""
    return [line._replace(taken=branch.taken) for line in _wrapped([f"{label}{text}"])]


def _wrapped(texts: Sequence[str]) -> list[_Line]:
    """Each text on as many lines as it takes; what is indented stays so."""
    lines: list[_Line] = []
    for text in map(visible, texts):
        indent = text[: len(text) - len(text.lstrip(" "))]
        broken = wrap(text, WIDEST, initial_indent=indent, subsequent_indent=f"{indent}  ")
        lines.extend(map(_Line, broken or [text]))
    return lines


def _edges(section: Section, boxes: Sequence[Box], parts: Sequence[ChartPart]) -> list[str]:
    """Those taken last, so that no other is drawn over them."""
    return sorted(_each_edge(section, boxes, parts), key=lambda edge: _taken(True) in edge)  # noqa: FBT003


def _each_edge(section: Section, boxes: Sequence[Box], parts: Sequence[ChartPart]) -> Iterator[str]:
    for above, children in enumerate(section.children):
        for child in children:
            one, other = boxes[above], boxes[child]
            start, middle = one.y + one.height, other.y - 18
            taken = parts[section.boxes[above].part].taken and parts[section.boxes[child].part].taken
            way = f"M{one.middle:.1f} {start:.1f}V{middle:.1f}H{other.middle:.1f}V{other.y:.1f}"
            yield f'<path{_taken(taken)} d="{way}"/>'


def _box(drawn: Drawn, box: Box, lines: Sequence[_Line], chart: _Chart) -> str:
    rows = "".join(
        f'<tspan x="{box.x + _MARGIN + _CHARACTER * _indent(line.text):.1f}" y="{box.y + _LINE * (row + 1) + 3:.1f}"'
        f"{_taken(line.taken)}>{_escaped(line.text.strip())}</tspan>"
        for row, line in enumerate(lines)
    )
    kinds = ("stub" * (drawn.opens is not None), "taken" * chart.parts[drawn.part].taken)
    frame = f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="4"/>'
    group = f'<g class="{" ".join(filter(None, kinds))}">{frame}<text>{rows}</text></g>'
    return group if drawn.opens is None else _linked(chart.link(drawn.opens), group)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _taken(taken: bool) -> str:  # noqa: FBT001 - one word more would say nothing
    return ' class="taken"' if taken else ""


def _escaped(text: str) -> str:
    return escape(visible(text))
