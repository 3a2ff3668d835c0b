"""A chart divided into drawings of a readable size: what is not drawn is a box that leads to a drawing of its own.

Every part of the chart is drawn once, on the path taken if it is on it; elsewhere a line refers to it.
"""

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rebalancer.bots.findings import ChartPart

MOST_BOXES = 60
"""In one drawing, beside the path taken."""
MOST_TAKEN = 400
"""Of the path taken, in one drawing."""
Homes = Mapping[int, Sequence[tuple[str, int]]]
"""By part: the parts that are drawn below it, each with the label of its branch."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A box: part `part` itself or, where `opens` is a section, `count` boxes that are drawn there."""

    part: int
    label: str
    opens: int | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """One drawing: its boxes, each before those below it, and these by index. `parent` is the section above."""

    boxes: Sequence[Drawn]
    children: Sequence[Sequence[int]]
    parent: int | None


def homes(parts: Sequence[ChartPart]) -> Homes:
    """Each part below the first branch that takes it, or else below the first that leads to it."""
    home: dict[int, tuple[bool, int, int]] = {}
    for above, part in enumerate(parts):
        for place, branch in enumerate(part.branches):
            if branch.part is not None and (branch.part not in home or (branch.taken and not home[branch.part][0])):
                home[branch.part] = branch.taken, above, place
    below: dict[int, list[tuple[str, int]]] = {part: [] for part in range(len(parts))}
    for child, (_, above, place) in sorted(home.items(), key=lambda one: one[1][1:]):
        below[above].append((parts[above].branches[place].label, child))
    return below


def sections(parts: Sequence[ChartPart], below: Homes) -> tuple[Section, ...]:
    """The first is of part 0; parts that no branch leads to have a section of their own, below the first."""
    sizes = [1] * len(parts)
    for part in reversed(range(len(parts))):
        sizes[part] += sum(sizes[child] for _, child in below[part])
    inner = {child for children in below.values() for _, child in children}
    queue = deque((root, None if root == 0 else 0) for root in range(len(parts)) if root not in inner)
    found: list[Section] = []
    waiting = len(queue)
    while queue:
        root, parent = queue.popleft()
        shown = _shown(root, parts, below, sizes)
        boxes, children, stubs = _boxes(root, shown, below, sizes, waiting)
        queue.extend((stub, len(found)) for stub in stubs)
        waiting += len(stubs)
        found.append(Section(boxes, children, parent))
    return tuple(found)


def _shown(root: int, parts: Sequence[ChartPart], below: Homes, sizes: Sequence[int]) -> set[int]:
    """The parts that are drawn: the path taken first, then what is near the root. A box that is alone is drawn, too."""
    shown, nearest = set[int](), [(False, 0, root)]
    while nearest:
        _, depth, part = heapq.heappop(nearest)
        taken = parts[part].taken and len(shown) < MOST_TAKEN
        if part == root or taken or len(shown) < MOST_BOXES or sizes[part] == 1:
            shown.add(part)
            for _, child in below[part]:
                heapq.heappush(nearest, (not parts[child].taken, depth + 1, child))
    return shown


def _boxes(
    root: int, shown: set[int], below: Homes, sizes: Sequence[int], first_section: int
) -> tuple[list[Drawn], list[list[int]], list[int]]:
    """The boxes, the ones below each, and the parts of which only a stub is drawn, in the order of their sections."""
    boxes, children, stubs = list[Drawn](), list[list[int]](), list[int]()
    stack: list[tuple[str, int, int | None]] = [("", root, None)]
    while stack:
        label, part, above = stack.pop()
        if above is not None:
            children[above].append(len(boxes))
        children.append([])
        if part in shown:
            stack.extend((text, child, len(boxes)) for text, child in reversed(below[part]))
            boxes.append(Drawn(part, label))
        else:
            boxes.append(Drawn(part, label, first_section + len(stubs), sizes[part]))
            stubs.append(part)
    return boxes, children, stubs
