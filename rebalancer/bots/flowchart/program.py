"""A compiled chart, and the names of its nodes on screens."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.arithmetic import OPERATIONS, RANKS
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, INDICATORS, prices_advised, prices_needed
from rebalancer.bots.flowchart.rule import Rebalance
from rebalancer.bots.flowchart.sessions import sessions_needed
from rebalancer.model import BarsRead, Symbol
from rebalancer.model.text import counted


@dataclass(frozen=True, eq=False)
class Program:
    """A compiled chart: `table[root]` is the whole of it.

    `symbols`, sorted, are all that the chart can hold or read; `bars` is what it reads besides closes. `groups` are the
    chart's own names of nodes, by index (of nodes with several names, the first).
    """

    name: str
    table: tuple[nodes.Node, ...]
    root: int
    symbols: tuple[Symbol, ...]
    bars: BarsRead
    groups: Mapping[int, str]
    rebalance: Rebalance = "daily"

    @cached_property
    def lookback(self) -> int:
        """The number of sessions that the first decision needs, whichever path it takes."""
        return sessions_needed(self.table, prices_needed)[self.root]

    @cached_property
    def warm_up(self) -> int:
        """The number of sessions after which RSI and EMA no longer depend on where the history begins."""
        return sessions_needed(self.table, prices_advised)[self.root]

    @cached_property
    def path_dependent(self) -> bool:
        """Whether a decision always depends on where the history begins: on what was entered, or all prices, since."""
        if not any(_remembers(node) for node in self.table):
            return False
        reached = {self.root}
        for index in range(self.root, -1, -1):
            if index in reached:
                reached.update(nodes.operands(self.table[index]))
        return any(_remembers(self.table[index]) for index in reached)

    def label(self, index: int) -> str:
        """A series or a portfolio in a few words, such as `RSI(SPY,10)`."""
        words: list[str] = []
        stack: list[str | int] = [index]
        while stack:
            part = stack.pop()
            if isinstance(part, str):
                words.append(part)
            else:
                stack.extend(reversed(self._parts(part)))
        return "".join(words)

    def _parts(self, index: int) -> tuple[str | int, ...]:
        """A label as words and the indices of nodes whose labels stand between them."""
        match self.table[index]:
            case nodes.Number(value):
                return (shown(value),)
            case nodes.Close(symbol):
                return (f"{INDICATORS[CURRENT_PRICE].short}({symbol})",)
            case nodes.Bar(symbol, field):
                return (f"{field.capitalize()}({symbol})",)
            case nodes.Series(function, parameters, (source, *_)):
                return (f"{INDICATORS[function].short}({','.join([self.subject(source), *map(shown, parameters)])})",)
            case nodes.Earlier(days, source):
                return *self._closed(source), f" {counted(days, 'day')} ago"
            case nodes.Rank(kind, window, source):
                return f"{RANKS[kind].short}(", source, f",{window})"
            case nodes.Arithmetic(operation, operands):
                return self._formula(OPERATIONS[operation].sign, operation, operands)
            case nodes.Hold(symbol):
                return (symbol,)
            case nodes.Uninvested():
                return ("cash",)
            case _:
                return (f'"{self.groups[index]}"' if index in self.groups else "an unnamed part",)

    def _formula(self, sign: str, name: str, operands: tuple[int, ...]) -> tuple[str | int, ...]:
        """Such as `RSI(SPY,10) + 5` or `min(Price(SPY), 100)`."""
        between = f" {sign} " if sign else ", "
        each = [self._closed(operand) if sign else (operand,) for operand in operands]
        listed = [*each[0], *(part for operand in each[1:] for part in (between, *operand))]
        return tuple(listed) if sign else (f"{name}(", *listed, ")")

    def _closed(self, index: int) -> tuple[str | int, ...]:
        """A label that is one word, or stands in parentheses."""
        match self.table[index]:
            case nodes.Earlier():
                return "(", index, ")"
            case nodes.Arithmetic(operation) if OPERATIONS[operation].sign:
                return "(", index, ")"
            case _:
                return (index,)

    def subject(self, source: int) -> str:
        """What an indicator is computed on: a ticker, a ratio of two, or a node of the chart."""
        match self.table[source]:
            case nodes.Close(symbol) | nodes.Bar(symbol=symbol):
                return symbol
            case nodes.Nav(portfolio):
                return self.label(portfolio)
            case nodes.Arithmetic("divide", (numerator, denominator)):
                return f"{self.subject(numerator)}/{self.subject(denominator)}"
            case _:
                return self.label(source)


def shown(number: float) -> str:
    return f"{number:.10g}"


def _remembers(node: nodes.Node) -> bool:
    """Whether its values never cease to depend on where the history begins."""
    return isinstance(node, nodes.Latch) or (isinstance(node, nodes.Series) and INDICATORS[node.function].whole_history)
