"""The syntax tree of a chart. Nodes compare by identity, so that no comparison recurses into a deep chart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rebalancer.model import Symbol

Comparator = Literal["gt", "gte", "lt", "lte"]
Period = Literal["daily", "weekly", "monthly", "quarterly", "yearly"]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """The path to an element of a document, as a linked list: strings would take space in the square of the depth."""

    parent: "Place | None"
    step: str | int

    def __str__(self) -> str:
        """Such as `children[0].then`; of a path of more than 12 steps the middle is left out."""
        steps: list[str | int] = []
        place: Place | None = self
        while place is not None:
            steps.append(place.step)
            place = place.parent
        steps.reverse()
        if len(steps) > 12:
            steps = [*steps[:4], "…", *steps[-7:]]
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
        return text.removeprefix(".")


@dataclass(frozen=True, slots=True, eq=False)
class Asset:
    symbol: Symbol
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Cash:
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A name for a subtree, without any other effect."""

    name: str
    child: "Node"
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Equal:
    """Equal weights for all children, cash among them."""

    children: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Specified:
    """`weights` as fractions, one a child, all > 0, summing to 1."""

    weights: tuple[float, ...]
    children: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class InverseVolatility:
    """Weights in proportion to 1 / the standard deviation of each child's last `window` daily returns."""

    window: int
    children: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Capped:
    """In order, each child gets min(its cap, what is left); the rest goes to `fallback`, or to cash where that is None.

    `caps` are fractions in (0, 1].
    """

    caps: tuple[float, ...]
    children: tuple["Node", ...]
    fallback: Symbol | None
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class If:
    condition: "Condition"
    then: "Node"
    otherwise: "Node"
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """The `count` children with the highest ("top") or lowest ("bottom") score, equally; file order breaks ties.

    A child whose history is too short for its score is left out of the choice.
    """

    function: str
    parameters: tuple[int, ...]
    side: Literal["top", "bottom"]
    count: int
    children: tuple["Node", ...]
    place: Place


Node = Asset | Cash | Group | Equal | Specified | InverseVolatility | Capped | If | Filter


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    value: float
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Indicator:
    """`function` is a name in INDICATORS, with its parameters. A subject that is a node means its simulated history."""

    function: str
    parameters: tuple[int, ...]
    subject: "Symbol | Node"
    place: Place


Operand = Constant | Indicator


@dataclass(frozen=True, slots=True, eq=False)
class Compare:
    """`left comparator right`, true on each of the last `for_days` sessions."""

    left: Operand
    comparator: Comparator
    right: Operand
    for_days: int
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    conditions: tuple["Condition", ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    conditions: tuple["Condition", ...]
    place: Place


Condition = Compare | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Threshold:
    """Rebalance once the tickers change, or one is off its target by more than `width`, a fraction of the whole."""

    width: float


Rebalance = Period | Threshold
"""When a chart trades to its targets: on the first session of each period, or by threshold."""


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A whole chart with the bot's own name.

    `approximations` are sentences on what was read of another program's file as something near it, or is unproven.
    """

    name: str
    root: Node
    rebalance: Rebalance = "daily"
    approximations: tuple[str, ...] = ()


TreeNode = Node | Condition | Operand


def children_of(element: TreeNode) -> tuple[TreeNode, ...]:
    """What `element` is made of, in the order of the file."""
    match element:
        case Group(child=child):
            return (child,)
        case If(condition=condition, then=then, otherwise=otherwise):
            return condition, then, otherwise
        case Compare(left=left, right=right):
            return left, right
        case AllOf(conditions=conditions) | AnyOf(conditions=conditions):
            return conditions
        case Indicator(subject=subject):
            return () if isinstance(subject, str) else (subject,)
        case Asset() | Cash() | Constant():
            return ()
        case _:
            return element.children


def leaves_first(root: TreeNode) -> Iterator[TreeNode]:
    """`root` and everything below it, each once and after its children; without recursion, for any depth."""
    done: set[TreeNode] = set()
    stack = [root]
    while stack:
        missing = [child for child in children_of(stack[-1]) if child not in done]
        if missing:
            stack.extend(reversed(missing))
        elif (element := stack.pop()) not in done:
            done.add(element)
            yield element
