"""Compiles a chart to the table of nodes that is evaluated; without recursion, so that any depth compiles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rebalancer.bots.flowchart import nodes, tree
from rebalancer.bots.flowchart.indicators import (
    CURRENT_PRICE,
    INDICATORS,
    STANDARD_DEVIATION_RETURN,
    prices_advised,
    prices_needed,
)
from rebalancer.bots.flowchart.program import Program
from rebalancer.model import BarField, BarsRead, Symbol

_OF_A_TICKER = nodes.Close | nodes.Bar | nodes.Hold
_DUST = 1e-9
"""Rounding tolerance: a smaller remainder of the whole counts as 0."""
_CROSSINGS: Mapping[tree.Crossing, tuple[tree.Comparator, tree.Comparator]] = {
    "crosses-above": ("lt", "gte"),
    "crosses-below": ("gt", "lte"),
}
"""The comparison that a crossing takes on the session before, and the one that it takes now."""


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
        symbols=tuple(sorted({node.symbol for node in table if isinstance(node, _OF_A_TICKER)})),
        bars=_bars(table),
        lookback=_sessions(table, prices_needed)[root],
        warm_up=_sessions(table, prices_advised)[root],
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
            case tree.Indicator() | tree.DaysAgo() | tree.Rank() | tree.Arithmetic():
                return self._value(element)
            case tree.Compare() | tree.Dates() | tree.AllOf() | tree.AnyOf() | tree.CountOf():
                return self._condition(element)
            case _:
                return self._split(element)

    def _value(self, element: tree.Indicator | tree.DaysAgo | tree.Rank | tree.Arithmetic) -> int:
        match element:
            case tree.Indicator(function=function, parameters=parameters, subject=subject):
                return self._series(function, parameters, self._source(subject), element.place)
            case tree.DaysAgo(days=days, operand=operand):
                return self._earlier(days, self.done[operand])
            case tree.Rank(kind=kind, window=window, operand=operand):
                return self.add(nodes.Rank(kind, window, self.done[operand]))
            case tree.Arithmetic(operation=operation, operands=operands):
                return self.add(nodes.Arithmetic(operation, self._all_done(operands)))

    def _source(self, subject: Symbol | tree.Ratio | tree.Node) -> nodes.SeriesNode:
        if isinstance(subject, str):
            return nodes.Close(subject)
        if isinstance(subject, tree.Ratio):
            closes = self.add(nodes.Close(subject.numerator)), self.add(nodes.Close(subject.denominator))
            return nodes.Arithmetic("divide", closes)
        return self._history(self.done[subject])

    def _earlier(self, days: int, source: int) -> int:
        """A number was the same at any time."""
        if days == 0 or isinstance(self.table[source], nodes.Number):
            return source
        return self.add(nodes.Earlier(days, source))

    def _condition(self, element: tree.Condition) -> int:
        match element:
            case tree.Compare(comparator=comparator, left=left, right=right, for_days=days):
                return self._for_days(days, self._comparison(comparator, self.done[left], self.done[right]))
            case tree.Dates(first=first, last=last, for_days=days):
                return self._for_days(days, self.add(nodes.Dates(first, last)))
            case tree.CountOf(quantifier=quantifier, count=count, conditions=conditions):
                least = 0 if quantifier == "at_most" else count
                most = len(conditions) if quantifier == "at_least" else count
                return self.add(nodes.Count(least, most, self._all_done(conditions)))
            case tree.AllOf() | tree.AnyOf():
                return self.add(nodes.Several(isinstance(element, tree.AllOf), self._all_done(element.conditions)))

    def _comparison(self, comparator: tree.Comparator | tree.Crossing, left: int, right: int) -> int:
        """A crossing is two comparisons, one of the session before."""
        match comparator:
            case "crosses-above" | "crosses-below":
                before, now = _CROSSINGS[comparator]
                was = self.add(nodes.Inequality(before, self._earlier(1, left), self._earlier(1, right)))
                conditions = was, self.add(nodes.Inequality(now, left, right))
                return self.add(nodes.Several(every=True, conditions=conditions))
            case _:
                return self.add(nodes.Inequality(comparator, left, right))

    def _for_days(self, days: int, condition: int) -> int:
        return condition if days == 1 else self.add(nodes.ForDays(days, condition))

    def _all_done(self, elements: Sequence[tree.TreeNode]) -> tuple[int, ...]:
        return tuple(self.done[element] for element in elements)

    def _split(self, element: tree.Equal | tree.Specified | tree.InverseVolatility | tree.Filter) -> int:
        """A choice of all children needs no scores, so it is never undefined for lack of one."""
        children = self._all_done(element.children)
        match element:
            case tree.Specified(weights=weights):
                return self._blend(weights, children)
            case tree.InverseVolatility(window=window) if len(children) > 1:
                scores = self._scores(STANDARD_DEVIATION_RETURN, (window,), element)
                return self.add(nodes.InverseVol(scores, children))
            case tree.Filter(function=function, parameters=parameters, count=count) if count < len(children):
                scores = self._scores(function, parameters, element)
                return self.add(nodes.TopK(count, element.side == "top", scores, children))
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
        self, function: str, parameters: tuple[float, ...], element: tree.InverseVolatility | tree.Filter
    ) -> tuple[int, ...]:
        histories = [self._history(self.done[child]) for child in element.children]
        return tuple(self._series(function, parameters, history, element.place) for history in histories)

    def _history(self, portfolio: int) -> nodes.Close | nodes.Nav:
        """The values of a portfolio: of a single asset its closes, of anything else simulated ones."""
        node = self.table[portfolio]
        return nodes.Close(node.symbol) if isinstance(node, nodes.Hold) else nodes.Nav(portfolio)

    def _series(
        self, function: str, parameters: tuple[float, ...], history: nodes.SeriesNode, place: tree.Place
    ) -> int:
        spec = INDICATORS[function]
        read: list[nodes.SeriesNode] = [history]
        if isinstance(history, nodes.Close):
            read = [history if field == "close" else nodes.Bar(history.symbol, field) for field in spec.reads]
        elif spec.reads != ("close",) or (spec.of_tickers_only and isinstance(history, nodes.Nav)):
            raise ValueError(f"{place}: {function} needs a ticker, because a part of a chart has no price")
        sources = tuple(map(self.add, read))
        return sources[0] if function == CURRENT_PRICE else self.add(nodes.Series(function, parameters, sources))


def _bars(table: Sequence[nodes.Node]) -> BarsRead:
    fields: dict[Symbol, set[BarField]] = {}
    for node in table:
        if isinstance(node, nodes.Bar):
            fields.setdefault(node.symbol, set()).add(node.field)
    return {symbol: tuple(sorted(fields[symbol])) for symbol in sorted(fields)}


def _sessions(table: Sequence[nodes.Node], prices: Callable[[str, tuple[float, ...]], int]) -> list[int]:
    """The number of sessions that each node's first value needs, where an indicator needs `prices` in a row."""
    needed: list[int] = []
    for node in table:
        match node:
            case nodes.Series(function, parameters, (source, *_)):
                needed.append(needed[source] + prices(function, parameters) - 1)
            case nodes.ForDays(days, condition):
                needed.append(needed[condition] + days - 1)
            case nodes.Earlier(days, source):
                needed.append(needed[source] + days)
            case nodes.Rank(window=window, source=source):
                needed.append(needed[source] + window - 1)
            case nodes.Nav(portfolio):
                needed.append(needed[portfolio] + 1)  # after a gap it starts one session later
            case _:
                needed.append(max((needed[operand] for operand in nodes.operands(node)), default=1))
    return needed
