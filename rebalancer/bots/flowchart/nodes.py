"""A compiled chart: a flat table of nodes in topological order, with equal nodes shared.

A node refers to its operands by their index in the table, and comes after all of them. So a plain loop evaluates the
table, and a block that a chart repeats a hundred times is computed once.
"""

from dataclasses import dataclass

from rebalancer.bots.flowchart.tree import Comparator
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
    """An indicator: `sources` are what it reads, a Close or a Nav, or several fields of one ticker."""

    function: str
    parameters: tuple[int, ...]
    sources: tuple[int, ...]


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
    """Equal weights for the `count` children with the largest (or smallest) `scores`, `count` at most all of them.

    Children whose histories are too short for a score are left out of the choice.
    """

    count: int
    largest: bool
    scores: tuple[int, ...]
    children: tuple[int, ...]


SeriesNode = Number | Close | Bar | Nav | Series
"""One number a day."""
OfTicker = Close | Bar | Hold
"""What reads or holds one ticker."""
ConditionNode = Inequality | ForDays | Several
"""True, false or unknown a day."""
Ranking = InverseVol | TopK
Split = Branch | Blend | Ranking
"""Portfolios, like Hold and Uninvested: weights by symbol a day."""
Node = SeriesNode | ConditionNode | Hold | Uninvested | Split


def operands(node: Node) -> tuple[int, ...]:
    """The indices of all nodes that `node` is computed from."""
    match node:
        case Number() | Close() | Bar() | Hold() | Uninvested():
            return ()
        case Nav(operand) | ForDays(condition=operand):
            return (operand,)
        case Inequality(left=left, right=right):
            return left, right
        case Series(sources=each) | Several(conditions=each) | Blend(children=each):
            return each
        case Branch(condition, children):
            return condition, *children
        case _:
            return *node.scores, *node.children
