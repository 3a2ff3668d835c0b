"""Compiles a chart to the table of nodes that is evaluated; without recursion, so that any depth compiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rebalancer.bots.flowchart import nodes, tree
from rebalancer.bots.flowchart.indicators import (
    CURRENT_PRICE,
    INDICATORS,
    STANDARD_DEVIATION_RETURN,
    prices_advised,
    prices_needed,
)
from rebalancer.bots.flowchart.sessions import sessions_needed
from rebalancer.model import BarField, Symbol

_DUST = 1e-9
"""Rounding tolerance: a smaller remainder of the whole counts as 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A compiled chart: `table[root]` is the whole of it.

    `symbols`, sorted, are all that the chart can hold or read; `bars` is what it reads besides closes. `lookback` is
    the number of sessions that the first decision needs, whichever path it takes; after `warm_up` sessions RSI and EMA
    no longer depend on where the history begins. `groups` are the chart's own names of nodes, by index (of nodes with
    several names, the first).
    """

    name: str
    table: tuple[nodes.Node, ...]
    root: int
    symbols: tuple[Symbol, ...]
    bars: Mapping[Symbol, tuple[BarField, ...]]
    lookback: int
    warm_up: int
    groups: Mapping[int, str]
    rebalance: tree.Rebalance = "daily"

    def label(self, index: int) -> str:
        """A series or a portfolio in a few words, such as `RSI(SPY,10)`."""
        match self.table[index]:
            case nodes.Number(value):
                return f"{value:.10g}"
            case nodes.Close(symbol):
                return f"{INDICATORS[CURRENT_PRICE].short}({symbol})"
            case nodes.Bar(symbol, field):
                return f"{field.capitalize()}({symbol})"
            case nodes.Series(function, parameters, (source, *_)):
                return f"{INDICATORS[function].short}({','.join([self.subject(source), *map(str, parameters)])})"
            case nodes.Hold(symbol):
                return symbol
            case nodes.Uninvested():
                return "cash"
            case _:
                return f'"{self.groups[index]}"' if index in self.groups else "an unnamed part"

    def subject(self, source: int) -> str:
        """What an indicator is computed on: a ticker, or a node of the chart."""
        node = self.table[source]
        if isinstance(node, nodes.Close | nodes.Bar):
            return node.symbol
        return self.label(node.portfolio) if isinstance(node, nodes.Nav) else self.label(source)


def compile_chart(chart: tree.Chart) -> Program:
    """The program of `chart`. Equal subtrees become one node; a group or a weight with one child becomes that child.

    Raises ValueError for an indicator of prices on anything but a ticker, which the readers refuse before.
    """
    draft = _Draft()
    for element in tree.leaves_first(chart.root):
        draft.done[element] = draft.compiled(element)
    table, root = tuple(draft.table), draft.done[chart.root]
    return Program(
        name=chart.name,
        table=table,
        root=root,
        symbols=tuple(sorted({node.symbol for node in table if isinstance(node, nodes.OfTicker)})),
        bars=_bars(table),
        lookback=sessions_needed(table, prices_needed)[root],
        warm_up=sessions_needed(table, prices_advised)[root],
        groups=draft.groups,
        rebalance=chart.rebalance,
    )


@dataclass(slots=True)
class _Draft:
    """A compilation in progress: `done` has the index in the table of each element that is compiled."""

    table: list[nodes.Node] = field(default_factory=list)
    index: dict[nodes.Node, int] = field(default_factory=dict)
    done: dict[tree.TreeNode, int] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)

    def add(self, node: nodes.Node) -> int:
        """The index of `node`; it is added only if the table has no equal one."""
        index = self.index.setdefault(node, len(self.table))
        if index == len(self.table):
            self.table.append(node)
        return index

    def compiled(self, element: tree.TreeNode) -> int:
        """The index of `element`, whose children are compiled before it."""
        match element:
            case tree.Asset(symbol=symbol):
                return self.add(nodes.Hold(symbol))
            case tree.Cash():
                return self.add(nodes.Uninvested())
            case tree.Group(name=name, child=child):
                self.groups.setdefault(self.done[child], name)
                return self.done[child]
            case tree.If(condition=condition, then=then, otherwise=otherwise):
                return self.add(nodes.Branch(self.done[condition], (self.done[then], self.done[otherwise])))
            case tree.Capped():
                return self._capped(element)
            case tree.Constant(value=value):
                return self.add(nodes.Number(value))
            case tree.Indicator(function=function, parameters=parameters, subject=subject):
                source = nodes.Close(subject) if isinstance(subject, str) else self._history(self.done[subject])
                return self._series(function, parameters, source, element.place)
            case tree.Compare(comparator=comparator, left=left, right=right, for_days=days):
                compare = self.add(nodes.Inequality(comparator, self.done[left], self.done[right]))
                return compare if days == 1 else self.add(nodes.ForDays(days, compare))
            case tree.AllOf() | tree.AnyOf():
                return self.add(nodes.Several(isinstance(element, tree.AllOf), self._all_done(element.conditions)))
            case _:
                return self._split(element)

    def _all_done(self, elements: Sequence[tree.TreeNode]) -> tuple[int, ...]:
        return tuple(self.done[element] for element in elements)

    def _split(self, element: tree.Equal | tree.Specified | tree.InverseVolatility | tree.Filter) -> int:
        """What has one child gives it everything, so that it needs no score."""
        children = self._all_done(element.children)
        match element:
            case tree.Specified(weights=weights):
                return self._blend(weights, children)
            case tree.InverseVolatility(window=window) if len(children) > 1:
                scores = self._scores(STANDARD_DEVIATION_RETURN, (window,), element)
                return self.add(nodes.InverseVol(scores, children))
            case tree.Filter(function=function, parameters=parameters, count=count) if len(children) > 1:
                scores = self._scores(function, parameters, element)
                return self.add(nodes.TopK(min(count, len(children)), element.side == "top", scores, children))
            case _:
                return self._blend((1 / len(children),) * len(children), children)

    def _capped(self, element: tree.Capped) -> int:
        left, weights, children = 1.0, [], []
        for cap, child in zip(element.caps, element.children, strict=True):
            if left > _DUST:
                weights.append(min(cap, left))
                children.append(self.done[child])
                left -= weights[-1]
        if element.fallback is not None and left > _DUST:
            weights.append(left)
            children.append(self.add(nodes.Hold(element.fallback)))
        return self._blend(tuple(weights), tuple(children))

    def _blend(self, weights: tuple[float, ...], children: tuple[int, ...]) -> int:
        return children[0] if weights == (1.0,) else self.add(nodes.Blend(weights, children))

    def _scores(
        self, function: str, parameters: tuple[int, ...], element: tree.InverseVolatility | tree.Filter
    ) -> tuple[int, ...]:
        histories = [self._history(self.done[child]) for child in element.children]
        return tuple(self._series(function, parameters, history, element.place) for history in histories)

    def _history(self, portfolio: int) -> nodes.Close | nodes.Nav:
        """The values of a portfolio: of a single asset its closes, of anything else simulated ones."""
        node = self.table[portfolio]
        return nodes.Close(node.symbol) if isinstance(node, nodes.Hold) else nodes.Nav(portfolio)

    def _series(
        self, function: str, parameters: tuple[int, ...], history: nodes.Close | nodes.Nav, place: tree.Place
    ) -> int:
        spec = INDICATORS[function]
        read: list[nodes.Close | nodes.Bar | nodes.Nav] = [history]
        if isinstance(history, nodes.Close):
            read = [history if field == "close" else nodes.Bar(history.symbol, field) for field in spec.reads]
        elif spec.of_tickers_only:
            raise ValueError(f"{place}: {function} needs a ticker, because a part of a chart has no price")
        sources = tuple(map(self.add, read))
        return sources[0] if function == CURRENT_PRICE else self.add(nodes.Series(function, parameters, sources))


def _bars(table: Sequence[nodes.Node]) -> Mapping[Symbol, tuple[BarField, ...]]:
    fields: dict[Symbol, set[BarField]] = {}
    for node in table:
        if isinstance(node, nodes.Bar):
            fields.setdefault(node.symbol, set()).add(node.field)
    return {symbol: tuple(sorted(fields[symbol])) for symbol in sorted(fields)}
