"""A compiled chart: a flat table of nodes in topological order, with equal nodes shared.

A node refers to its operands by their index in the table, and comes after all of them. So a plain loop evaluates the
table, and a block that a chart repeats a hundred times is computed once.
"""

from dataclasses import dataclass

from rebalancer.bots.flowchart.tree import Comparator, MonthDay, Operation, RankKind
from rebalancer.model import BarField, Symbol


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Close:
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Bar:
    """A field of a ticker's daily bars."""

    symbol: Symbol
    field: BarField


@dataclass(frozen=True, slots=True)
class Nav:
    """The simulated value of a portfolio that starts at 1 dollar; weights decided at a close earn until the next."""

    portfolio: int


@dataclass(frozen=True, slots=True)
class Series:
    """An indicator: `sources` are what it reads, a Close, a ratio or a Nav, or several fields of one ticker."""

    function: str
    parameters: tuple[float, ...]
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The values of `source`, `days` sessions later than they were."""

    days: int
    source: int


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of each value among the last `window` values of `source`, from 0 to 100."""

    kind: RankKind
    window: int
    source: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operation: Operation
    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Inequality:
    comparator: Comparator
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class ForDays:
    """True where `condition` was true on each of the last `days` sessions."""

    days: int
    condition: int


@dataclass(frozen=True, slots=True)
class Several:
    """True where all of `conditions` are (`every`), or any of them is."""

    every: bool
    conditions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """True where at least `least` and at most `most` of `conditions` are; an exact number has both alike."""

    least: int
    most: int
    conditions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dates:
    """True on sessions from `first` to `last`, over the turn of the year where `last` is the earlier."""

    first: MonthDay
    last: MonthDay


@dataclass(frozen=True, slots=True)
class Hold:
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Uninvested:
    pass


@dataclass(frozen=True, slots=True)
class Branch:
    """`children` are then and else."""

    condition: int
    children: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Blend:
    """A fixed fraction for each child; what is missing to 1 is cash."""

    weights: tuple[float, ...]
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InverseVol:
    """Weights in proportion to 1 / score, the volatility of each child."""

    scores: tuple[int, ...]
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopK:
    """Equal weights for the `count` children with the largest (or smallest) `scores`; `count` is less than all."""

    count: int
    largest: bool
    scores: tuple[int, ...]
    children: tuple[int, ...]


SeriesNode = Number | Close | Bar | Nav | Series | Earlier | Rank | Arithmetic
"""One number a day."""
ConditionNode = Inequality | ForDays | Several | Count | Dates
"""True, false or unknown a day."""
Ranking = InverseVol | TopK
Split = Branch | Blend | Ranking
"""Portfolios, like Hold and Uninvested: weights by symbol a day."""
Node = SeriesNode | ConditionNode | Hold | Uninvested | Split


def operands(node: Node) -> tuple[int, ...]:
    """The indices of all nodes that `node` is computed from."""
    match node:
        case Number() | Close() | Bar() | Dates() | Hold() | Uninvested():
            return ()
        case Nav(operand) | Earlier(source=operand) | Rank(source=operand) | ForDays(condition=operand):
            return (operand,)
        case Inequality(left=left, right=right):
            return left, right
        case Series(sources=each) | Arithmetic(operands=each):
            return each
        case Several(conditions=each) | Count(conditions=each) | Blend(children=each):
            return each
        case Branch(condition, children):
            return condition, *children
        case _:
            return *node.scores, *node.children
