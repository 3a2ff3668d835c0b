"""Ways through a tree."""

from collections.abc import Iterator

from rebalancer.bots.flowchart.tree import (
    AllOf,
    AnyOf,
    Arithmetic,
    Asset,
    Cash,
    Compare,
    Constant,
    CountOf,
    Dates,
    DaysAgo,
    Entered,
    Gate,
    Group,
    If,
    Indicator,
    Mixed,
    Rank,
    Ratio,
    Shared,
    Switch,
    TreeNode,
)


def children_of(element: TreeNode) -> tuple[TreeNode, ...]:
    """What `element` is made of, in the order of the file."""
    match element:  # the most frequent ones first
        case Indicator(subject=subject):
            return () if isinstance(subject, str | Ratio) else (subject,)
        case Asset() | Constant() | Cash() | Dates():
            return ()
        case Compare(left=left, right=right) | Entered(enter=left, leave=right):
            return left, right
        case If() | Switch() | Mixed():
            return _parts_of_gate(element)
        case Group(child=child):
            return (child,)
        case Shared(conditions=conditions, children=children):
            return *(each for each in conditions if each), *children
        case AllOf(conditions=conditions) | AnyOf(conditions=conditions) | CountOf(conditions=conditions):
            return conditions
        case DaysAgo(operand=operand) | Rank(operand=operand):
            return (operand,)
        case Arithmetic(operands=operands):
            return operands
        case _:
            return element.children


def _parts_of_gate(gate: Gate) -> tuple[TreeNode, ...]:
    match gate:
        case If(condition=condition, then=then, otherwise=otherwise):
            return condition, then, otherwise
        case Switch(conditions=conditions, children=children):
            return *conditions, *children
        case Mixed(by=by, first=first, second=second):
            return by, first, second


def leaves_first(root: TreeNode) -> Iterator[TreeNode]:
    """`root` and everything below it, each once and after its children; without recursion, for any depth."""
    opened, done, stack = set[TreeNode](), set[TreeNode](), [root]
    while stack:
        element = stack[-1]
        if element in opened or not (children := children_of(element)):
            stack.pop()
            if element not in done:
                done.add(element)
                yield element
        else:
            opened.add(element)
            stack.extend(children[::-1])
