"""The syntax tree of a chart. Nodes compare by identity, so that no comparison recurses into a deep chart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rebalancer.model import Symbol

Comparator = Literal["gt", "gte", "lt", "lte"]
Crossing = Literal["crosses-above", "crosses-below"]
Quantifier = Literal["exactly", "at_least", "at_most"]
RankKind = Literal["percentile", "stochastic"]
Operation = Literal["add", "subtract", "multiply", "divide", "min", "max", "abs"]
MonthDay = tuple[int, int]
"""A month from 1 to 12 and one of its days, in any year."""
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
    """The `count` children with the highest ("top") or lowest ("bottom") score, equally; file order breaks ties."""

    function: str
    parameters: tuple[float, ...]
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
class Ratio:
    """One ticker's close divided by another's, as the subject of an indicator."""

    numerator: Symbol
    denominator: Symbol


@dataclass(frozen=True, slots=True, eq=False)
class Indicator:
    """`function` is a name in INDICATORS, with its parameters. A subject that is a node means its simulated history."""

    function: str
    parameters: tuple[float, ...]
    subject: "Symbol | Ratio | Node"
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class DaysAgo:
    """The value of `operand` `days` sessions earlier."""

    days: int
    operand: "Operand"
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Rank:
    """Where `operand` is among its own last `window` values, from 0 to 100; `kind` is a name in RANKS."""

    kind: RankKind
    window: int
    operand: "Operand"
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Arithmetic:
    """`operation` on one operand (abs), on two (subtract, divide), or on two or more, from left to right."""

    operation: Operation
    operands: tuple["Operand", ...]
    place: Place


Operand = Constant | Indicator | DaysAgo | Rank | Arithmetic


@dataclass(frozen=True, slots=True, eq=False)
class Compare:
    """`left comparator right`, true on each of the last `for_days` sessions.

    "crosses-above": left was below right on the session before, and is at or above it now; "crosses-below" alike.
    """

    left: Operand
    comparator: Comparator | Crossing
    right: Operand
    for_days: int
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """True on sessions from `first` to `last`, both included; over the turn of the year where `last` is the earlier.

    As in Compare, it must be true on each of the last `for_days` sessions.
    """

    first: MonthDay
    last: MonthDay
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


@dataclass(frozen=True, slots=True, eq=False)
class CountOf:
    """True where exactly, at least or at most `count` of `conditions` are; `count` is no more than there are."""

    quantifier: Quantifier
    count: int
    conditions: tuple["Condition", ...]
    place: Place


Condition = Compare | Dates | AllOf | AnyOf | CountOf


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
        case AllOf(conditions=conditions) | AnyOf(conditions=conditions) | CountOf(conditions=conditions):
            return conditions
        case Indicator(subject=subject):
            return () if isinstance(subject, str | Ratio) else (subject,)
        case DaysAgo(operand=operand) | Rank(operand=operand):
            return (operand,)
        case Arithmetic(operands=operands):
            return operands
        case Asset() | Cash() | Constant() | Dates():
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
