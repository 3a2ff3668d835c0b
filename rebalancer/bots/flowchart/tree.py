"""The syntax tree of a chart. Nodes compare by identity, so that no comparison recurses into a deep chart.

Most are tuples, whose classes are made in a fifth of the time.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

from rebalancer.bots.flowchart.place import Place
from rebalancer.bots.flowchart.rule import Rebalance
from rebalancer.model import Symbol

Comparator = Literal["gt", "gte", "lt", "lte"]
ScoreOf = Literal["history", "tickers"]
Crossing = Literal["crosses-above", "crosses-below"]
Quantifier = Literal["exactly", "at_least", "at_most"]
RankKind = Literal["percentile", "stochastic"]
Operation = Literal["add", "subtract", "multiply", "divide", "min", "max", "abs"]
MonthDay = tuple[int, int]
"""A month from 1 to 12 and one of its days, in any year."""
Class = TypeVar("Class", bound=type)


def by_identity(tuples: Class) -> Class:
    """`tuples`, each of which equals itself alone."""
    for name in ("__eq__", "__ne__", "__hash__"):
        setattr(tuples, name, getattr(object, name))
    return tuples


@by_identity
class Asset(NamedTuple):
    symbol: Symbol
    place: Place


@by_identity
class Cash(NamedTuple):
    place: Place


@by_identity
class Group(NamedTuple):
    """A name for a subtree, without any other effect."""

    name: str
    child: "Node"
    place: Place


@by_identity
class Equal(NamedTuple):
    """Equal weights for all children, cash among them."""

    children: tuple["Node", ...]
    place: Place


@by_identity
class Specified(NamedTuple):
    """`weights` as fractions, one a child, all > 0, summing to 1."""

    weights: tuple[float, ...]
    children: tuple["Node", ...]
    place: Place


@by_identity
class InverseVolatility(NamedTuple):
    """Weights in proportion to 1 / the standard deviation of each child's last `window` daily returns."""

    window: int
    children: tuple["Node", ...]
    place: Place


@by_identity
class ProVolatility(NamedTuple):
    """Weights in proportion to the standard deviation of each child's last `window` daily returns."""

    window: int
    children: tuple["Node", ...]
    place: Place


@by_identity
class Shared(NamedTuple):
    """Each child gets its part of the sum of all parts, where only those children count whose condition holds.

    `parts` are above 0. A child with None instead of a condition always counts. Where none counts, all is cash.
    """

    parts: tuple[float, ...]
    conditions: tuple["Condition | None", ...]
    children: tuple["Node", ...]
    place: Place


@by_identity
class Capped(NamedTuple):
    """In order, each child gets min(its cap, what is left); the rest goes to `fallback`, or to cash where that is None.

    `caps` are fractions in (0, 1].
    """

    caps: tuple[float, ...]
    children: tuple["Node", ...]
    fallback: Symbol | None
    place: Place


@by_identity
class If(NamedTuple):
    condition: "Condition"
    then: "Node"
    otherwise: "Node"
    place: Place


@by_identity
class Switch(NamedTuple):
    """One of the N + 1 children: the first where none of the N conditions holds, the last where all of them do."""

    conditions: tuple["Condition", ...]
    children: tuple["Node", ...]
    place: Place


@by_identity
class Mixed(NamedTuple):
    """All `first` where `by` is at `first_value` or beyond, all `second` at `second_value` or beyond, linear between.

    Either of the two values may be the larger one; they differ.
    """

    by: "Operand"
    first_value: float
    second_value: float
    first: "Node"
    second: "Node"
    place: Place


@by_identity
class ByRank(NamedTuple):
    """`weights` of the best, the second best and so on, as fractions above 0 that sum to 1."""

    weights: tuple[float, ...]


@by_identity
class ByVolatility(NamedTuple):
    """In proportion to 1 / the standard deviation of the last `window` daily returns (`inverse`), or to itself."""

    window: int
    inverse: bool


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """The `count` children with the highest ("top") or lowest ("bottom") score; file order breaks ties.

    They are weighted equally where `weighting` is None; then a child too young for its score is left out. A child's
    score is that of its own "history", simulated if it is no single asset, or the mean of the scores of all "tickers"
    that it can hold.
    """

    function: str
    parameters: tuple[float, ...]
    side: Literal["top", "bottom"]
    count: int
    children: tuple["Node", ...]
    place: Place
    weighting: ByRank | ByVolatility | None = None
    score_of: ScoreOf = "history"


Weighted = Equal | Specified | InverseVolatility | ProVolatility | Shared | Capped
Gate = If | Switch | Mixed
Node = Asset | Cash | Group | Weighted | Gate | Filter


@by_identity
class Constant(NamedTuple):
    value: float
    place: Place


@by_identity
class Ratio(NamedTuple):
    """One ticker's close divided by another's, as the subject of an indicator."""

    numerator: Symbol
    denominator: Symbol


@by_identity
class Indicator(NamedTuple):
    """`function` is a name in INDICATORS, with its parameters. A subject that is a node means its simulated history."""

    function: str
    parameters: tuple[float, ...]
    subject: "Symbol | Ratio | Node"
    place: Place


@by_identity
class DaysAgo(NamedTuple):
    """The value of `operand` `days` sessions earlier."""

    days: int
    operand: "Operand"
    place: Place


@by_identity
class Rank(NamedTuple):
    """Where `operand` is among its own last `window` values, from 0 to 100; `kind` is a name in RANKS."""

    kind: RankKind
    window: int
    operand: "Operand"
    place: Place


@by_identity
class Arithmetic(NamedTuple):
    """`operation` on one operand (abs), on two (subtract, divide), or on two or more, from left to right."""

    operation: Operation
    operands: tuple["Operand", ...]
    place: Place


Operand = Constant | Indicator | DaysAgo | Rank | Arithmetic


@by_identity
class Compare(NamedTuple):
    """`left comparator right`, true on each of the last `for_days` sessions.

    "crosses-above": left was below right on the session before, and is at or above it now; "crosses-below" alike.
    """

    left: Operand
    comparator: Comparator | Crossing
    right: Operand
    for_days: int
    place: Place


@by_identity
class Dates(NamedTuple):
    """True on sessions from `first` to `last`, both included; over the turn of the year where `last` is the earlier.

    As in Compare, it must be true on each of the last `for_days` sessions.
    """

    first: MonthDay
    last: MonthDay
    for_days: int
    place: Place


@by_identity
class AllOf(NamedTuple):
    conditions: tuple["Condition", ...]
    place: Place


@by_identity
class AnyOf(NamedTuple):
    conditions: tuple["Condition", ...]
    place: Place


@dataclass(frozen=True, slots=True, eq=False)
class CountOf:
    """True where exactly, at least or at most `count` of `conditions` are; `count` is no more than there are."""

    quantifier: Quantifier
    count: int
    conditions: tuple["Condition", ...]
    place: Place


@by_identity
class Entered(NamedTuple):
    """True from the session on which `enter` holds until one on which `leave` holds; false before and between.

    Only the one of the two counts that could change it: where both hold, it changes on every session.
    """

    enter: "Condition"
    leave: "Condition"
    place: Place


Condition = Compare | Dates | AllOf | AnyOf | CountOf | Entered


@by_identity
class Chart(NamedTuple):
    """A whole chart with the bot's own name.

    `approximations` are sentences on what was read of another program's file as something near it, or is unproven.
    """

    name: str
    root: Node
    rebalance: Rebalance = "daily"
    approximations: tuple[str, ...] = ()


TreeNode = Node | Condition | Operand
