"""Ways through a tree."""

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.tree import TreeNode

Children = tuple[TreeNode, ...]

_CHILDREN: Mapping[type[TreeNode], Callable[[Any], Children]] = {
    tree.Asset: lambda _: (),
    tree.Constant: lambda _: (),
    tree.Cash: lambda _: (),
    tree.Dates: lambda _: (),
    tree.Indicator: lambda of: () if isinstance(of.subject, str | tree.Ratio) else (of.subject,),
    tree.Compare: lambda compared: (compared.left, compared.right),
    tree.If: lambda gate: (gate.condition, gate.then, gate.otherwise),
    tree.Switch: lambda gate: (*gate.conditions, *gate.children),
    tree.Mixed: lambda gate: (gate.by, gate.first, gate.second),
    tree.Group: lambda group: (group.child,),
    tree.Shared: lambda shared: (*(each for each in shared.conditions if each), *shared.children),
    tree.AllOf: lambda condition: condition.conditions,
    tree.AnyOf: lambda condition: condition.conditions,
    tree.CountOf: lambda condition: condition.conditions,
    tree.Entered: lambda entered: (entered.enter, entered.leave),
    tree.DaysAgo: lambda value: (value.operand,),
    tree.Rank: lambda value: (value.operand,),
    tree.Arithmetic: lambda value: value.operands,
    tree.Equal: lambda split: split.children,
    tree.Specified: lambda split: split.children,
    tree.InverseVolatility: lambda split: split.children,
    tree.ProVolatility: lambda split: split.children,
    tree.Capped: lambda split: split.children,
    tree.Filter: lambda split: split.children,
}
"""By a table, not by `match`: a chart may have a hundred thousand elements."""


def children_of(element: TreeNode) -> Children:
    """What `element` is made of, in the order of the file."""
    return _CHILDREN[type(element)](element)


def leaves_first(root: TreeNode, done: Container[TreeNode]) -> Iterator[TreeNode]:
    """`root` and everything below it, each after its children; without recursion, for any depth.

    The caller puts each element into `done` before it asks for the next: what is in there is left out, so that none
    comes twice.
    """
    stack = list[TreeNode | None]([root])
    while stack:
        element = stack.pop()
        if element is None:  # then all is done that the next one is made of
            yield stack.pop()  # type: ignore[misc]  # only an element stands below None
        elif element not in done:
            if children := _CHILDREN[type(element)](element):
                stack += (element, None)
                stack += children[::-1]
            else:
                yield element
