"""A chart put together without recursion: a reader looks at one element, names its parts and what to build of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.tree import Condition, Node, Operand

MAX_ELEMENTS = 100_000
MAX_REFUSALS = 1_000

Built = Node | Condition | Operand


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """An element that is still to be read, and the reader that can."""

    read: "Callable[[Element], Form]"
    element: Element


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """An element as read: `build` makes it of what was made of its parts, in their order; None where it was refused."""

    build: Callable[..., Built] | None
    parts: tuple[Part, ...] = ()


def assemble(read: Callable[[Element], Form], root: Element) -> Node | None:
    """The node at `root`, read from there outwards and built from the leaves inwards, in time linear in its size.

    `read` is the reader of nodes. None where any element was refused before it could be built.
    """
    built: list[Built | None] = []
    for form in reversed(_forms(Part(read, root))):
        parts = [built.pop() for _ in form.parts]
        built.append(form.build(*parts) if form.build and all(parts) else None)
    return cast("Node", built[0]) if built else None


def _forms(root: Part) -> list[Form]:
    """Every element in the order of the document, each before its parts."""
    refusals = root.element.refusals
    waiting = [root]
    forms: list[Form] = []
    while waiting:
        part = waiting.pop()
        before = len(refusals.found)
        form = part.read(part.element)
        sound = len(refusals.found) == before
        forms.append(form if sound else Form(None, form.parts))
        waiting.extend(reversed(form.parts))
        if len(forms) + len(waiting) > MAX_ELEMENTS:
            refusals.found.append((None, f"the chart has more than {MAX_ELEMENTS:,} elements, which is not read"))
            return []
        if len(refusals.found) > MAX_REFUSALS:
            return []
    return forms
