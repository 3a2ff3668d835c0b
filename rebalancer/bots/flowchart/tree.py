"""The chart as written. Frozen; compared by identity, so that nothing here recurses however deep the chart is."""

from dataclasses import dataclass
from typing import Literal

from rebalancer.model import Symbol

Comparator = Literal["gt", "gte", "lt", "lte"]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where an element stands in its document: a linked path, since whole strings would take depth squared."""

    parent: "Place | None"
    step: str | int

    def __str__(self) -> str:
        """As in `children[0].then`; the middle of a path of more than 12 steps is left out."""
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
    """A name for a part of the chart; transparent."""

    name: str
    child: "Node"
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Equal:
    """1/n over the declared children, cash among them."""

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
    """Weights in proportion to 1 / standard deviation of the last `window` daily returns of each child."""

    window: int
    children: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Capped:
    """Each child in its order takes min(its cap, what is left); the rest goes to `fallback`, or to cash where None.

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
    """The `count` children with the highest ("top") or lowest ("bottom") score, equally; file order breaks ties."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A whole bot: its own name, and the chart that decides anew on every session."""

    name: str
    root: Node


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
