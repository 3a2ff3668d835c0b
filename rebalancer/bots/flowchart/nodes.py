"""A compiled chart: a flat table of nodes in topological order, with equal nodes shared.

A node refers to its operands by their index in the table, and comes after all of them. So a plain loop evaluates the
table, and a block that a chart repeats a hundred times is computed once.

Most are tuples, whose classes are made in a tenth of the time. So a node equals one of another class that has the same
fields, and is always looked up together with its class.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from rebalancer.bots.flowchart.tree import Comparator, MonthDay, Operation, RankKind
from rebalancer.model import BarField, Symbol


class Number(NamedTuple):
    value: float


class Close(NamedTuple):
    symbol: Symbol


class Bar(NamedTuple):
    """A field of a ticker's daily bars."""

    symbol: Symbol
    field: BarField


class Nav(NamedTuple):
    """The simulated value of a portfolio that starts at 1 dollar; weights decided at a close earn until the next."""

    portfolio: int


class Series(NamedTuple):
    """An indicator: `sources` are a Close, the ratio of two or a Nav, or several fields of one ticker."""

    function: str
    parameters: tuple[float, ...]
    sources: tuple[int, ...]


class Earlier(NamedTuple):
    """The values of `source`, `days` sessions later than they were."""

    days: int
    source: int


class Rank(NamedTuple):
    """The place of each value among the last `window` values of `source`, from 0 to 100."""

    kind: RankKind
    window: int
    source: int


class Arithmetic(NamedTuple):
    operation: Operation
    operands: tuple[int, ...]


class Inequality(NamedTuple):
    comparator: Comparator
    left: int
    right: int


class ForDays(NamedTuple):
    """True where `condition` was true on each of the last `days` sessions."""

    days: int
    condition: int


class Several(NamedTuple):
    """True where all of `conditions` are (`every`), or any of them is."""

    every: bool
    conditions: tuple[int, ...]


class Latch(NamedTuple):
    """True from a session on which `enter` is true until one on which `leave` is. Reads all history.

    False at first, which is the first session on which both are known; unknown before. An unknown condition that could
    change it makes it unknown, until both give the same answer whichever it was.
    """

    enter: int
    leave: int


class Count(NamedTuple):
    """True where at least `least` and at most `most` of `conditions` are; an exact number has both alike."""

    least: int
    most: int
    conditions: tuple[int, ...]


class Dates(NamedTuple):
    """True on sessions from `first` to `last`, over the turn of the year where `last` is the earlier."""

    first: MonthDay
    last: MonthDay


class Hold(NamedTuple):
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Uninvested:
    pass


class Branch(NamedTuple):
    """`children` are then and else."""

    condition: int
    children: tuple[int, int]


class Switch(NamedTuple):
    """All for the child whose place is the number of `conditions` that are true."""

    conditions: tuple[int, ...]
    children: tuple[int, ...]


class Mix(NamedTuple):
    """All for the first child where series `by` is at `first_value` or beyond, linearly to the second at the other."""

    by: int
    first_value: float
    second_value: float
    children: tuple[int, int]


class Shared(NamedTuple):
    """Each child's part of the parts of all whose condition is true; None is always true."""

    parts: tuple[float, ...]
    conditions: tuple[int | None, ...]
    children: tuple[int, ...]


class Blend(NamedTuple):
    """A fixed fraction for each child; what is missing to 1 is cash."""

    weights: tuple[float, ...]
    children: tuple[int, ...]


class InverseVol(NamedTuple):
    """Weights in proportion to 1 / score, the volatility of each child."""

    scores: tuple[int, ...]
    children: tuple[int, ...]


class ProVol(NamedTuple):
    """Weights in proportion to score, the volatility of each child."""

    scores: tuple[int, ...]
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopK:
    """The `count` children with the largest (or smallest) `scores`, at most all of them.

    Weighted by rank where there are `weights`, by 1 / their own volatility or by it where there are `volatilities`, and
    equally without either: then it leaves out children whose histories are too short for a score.
    """

    count: int
    largest: bool
    scores: tuple[int, ...]
    children: tuple[int, ...]
    weights: tuple[float, ...] = ()
    volatilities: tuple[int, ...] = ()
    inverse: bool = True


SeriesNode = Number | Close | Bar | Nav | Series | Earlier | Rank | Arithmetic
"""One number a day."""
OfTicker = Close | Bar | Hold
"""What reads or holds one ticker."""
LEAVES = Hold, Uninvested
"""Portfolios that pass nothing on."""
ConditionNode = Inequality | ForDays | Several | Count | Dates | Latch
"""True, false or unknown a day."""
Ranking = InverseVol | ProVol | TopK
Gate = Branch | Switch | Mix
Split = Gate | Blend | Shared | Ranking
"""Portfolios, like Hold and Uninvested: weights by symbol a day."""
Node = SeriesNode | ConditionNode | Hold | Uninvested | Split


_OPERANDS: Mapping[type[Node], Callable[[Any], tuple[int, ...]]] = {
    Number: lambda _: (),
    Close: lambda _: (),
    Bar: lambda _: (),
    Nav: lambda nav: (nav.portfolio,),
    Series: lambda series: series.sources,
    Earlier: lambda earlier: (earlier.source,),
    Rank: lambda rank: (rank.source,),
    Arithmetic: lambda arithmetic: arithmetic.operands,
    Inequality: lambda inequality: (inequality.left, inequality.right),
    ForDays: lambda for_days: (for_days.condition,),
    Several: lambda several: several.conditions,
    Count: lambda count: count.conditions,
    Dates: lambda _: (),
    Latch: lambda latch: (latch.enter, latch.leave),
    Hold: lambda _: (),
    Uninvested: lambda _: (),
    Branch: lambda branch: (branch.condition, *branch.children),
    Switch: lambda switch: (*switch.conditions, *switch.children),
    Mix: lambda mix: (mix.by, *mix.children),
    Shared: lambda shared: (*(each for each in shared.conditions if each is not None), *shared.children),
    Blend: lambda blend: blend.children,
    InverseVol: lambda by: (*by.scores, *by.children),
    ProVol: lambda by: (*by.scores, *by.children),
    TopK: lambda top: (*top.scores, *top.volatilities, *top.children),
}


def operands(node: Node) -> tuple[int, ...]:
    """The indices of all nodes that `node` is computed from."""
    return _OPERANDS[type(node)](node)
