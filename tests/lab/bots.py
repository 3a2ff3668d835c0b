"""The simulated accounts' bots, compiled once."""

from collections.abc import Sequence

from lab.market import SYMBOLS
from rebalancer.bots.base import Bot
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.tree import (
    Asset,
    Cash,
    Chart,
    Compare,
    Constant,
    Equal,
    Filter,
    If,
    Indicator,
    Node,
    Place,
    Specified,
)
from rebalancer.model import Investment, Symbol

HERE = Place(None, "chart")
AAA, BBB, CCC, DDD, EEE, SGOV = SYMBOLS


def hold(name: Symbol) -> Node:
    return Asset(name, HERE)


def every(*names: Symbol) -> tuple[Node, ...]:
    return tuple(map(hold, names))


def best(count: int, window: int, *names: Symbol) -> Node:
    return Filter("cumulative-return", (window,), "top", count, every(*names), HERE)


def rises(name: Symbol, window: int) -> Compare:
    grown = Indicator("cumulative-return", (window,), name, HERE)
    return Compare(grown, "gt", Constant(0.0, HERE), 1, HERE)


CHARTS: dict[str, Node] = {
    "mix": Specified((0.5, 0.3, 0.2), (hold(AAA), hold(BBB), Cash(HERE)), HERE),
    "best": best(1, 1, AAA, BBB, CCC, DDD),
    "best two": best(2, 3, BBB, CCC, DDD, EEE),
    "switch": If(rises(AAA, 2), hold(AAA), hold(BBB), HERE),
    "timid": If(rises(CCC, 1), Equal(every(CCC, DDD, EEE), HERE), Cash(HERE), HERE),
    "cash": Cash(HERE),
    "failing": If(rises(AAA, 300), hold(AAA), hold(BBB), HERE),
}
BOTS: dict[str, Bot] = {name: FlowchartBot.of(Chart(name, node)) for name, node in CHARTS.items()}
STEADY = ("mix", "best", "best two", "switch", "timid")


def bots_of(investments: Sequence[Investment]) -> dict[str, Bot]:
    return {investment.bot: BOTS[investment.bot] for investment in investments}
