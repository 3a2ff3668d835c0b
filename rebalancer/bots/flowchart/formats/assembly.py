"""Builds a chart from a document without recursion, so that no depth of nesting can exhaust the stack."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.tree import Node, TreeNode

MAX_ELEMENTS = 100_000
MAX_REFUSALS = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Unread:
    """An element of the document and the function that reads it."""

    read: "Callable[[Element], Parsed]"
    element: Element


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """An element that was read: `build` takes the nodes of its children, in order; None where it was refused."""

    build: Callable[..., TreeNode] | None
    children: tuple[Unread, ...] = ()


def assemble(read: Callable[[Element], Parsed], root: Element) -> Node | None:
    """The node at `root`; read from the root down, built from the leaves up, in time linear in its size.

    None where any element was refused.
    """
    built: list[TreeNode | None] = []
    for parsed in reversed(_read_all(Unread(read, root))):
        children = [built.pop() for _ in parsed.children]
        built.append(parsed.build(*children) if parsed.build and all(children) else None)
    return cast("Node", built[0]) if built else None


def _read_all(root: Unread) -> list[Parsed]:
    """Every element in the order of the document, parents first."""
    refusals = root.element.refusals
    stack = [root]
    found: list[Parsed] = []
    while stack:
        unread = stack.pop()
        before = len(refusals.found)
        parsed = unread.read(unread.element)
        accepted = len(refusals.found) == before
        found.append(parsed if accepted else Parsed(None, parsed.children))
        stack.extend(reversed(parsed.children))
        if len(found) + len(stack) > MAX_ELEMENTS:
            refusals.found.append((None, f"the chart has more than {MAX_ELEMENTS:,} elements, which is not read"))
            return []
        if len(refusals.found) > MAX_REFUSALS:
            return []
    return found
