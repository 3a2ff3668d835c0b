"""A compilation in progress: elements of the tree become nodes of the table."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, get_args

from rebalancer.bots.flowchart import nodes, tree
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, INDICATORS, STANDARD_DEVIATION_RETURN
from rebalancer.bots.flowchart.place import Place
from rebalancer.bots.flowchart.table import Table
from rebalancer.bots.flowchart.walk import leaves_first
from rebalancer.model import Symbol

_DUST = 1e-9
"""Rounding tolerance: a smaller remainder of the whole counts as 0."""
_CROSSINGS: Mapping[tree.Crossing, tuple[tree.Comparator, tree.Comparator]] = {
    "crosses-above": ("lt", "gte"),
    "crosses-below": ("gt", "lte"),
}
"""The comparison that a crossing takes on the session before, and the one that it takes now."""


SPLITS = frozenset(get_args(tree.Weighted)) | frozenset(get_args(tree.Gate)) | {tree.Filter}
"""Elements that become a split."""


class Root(NamedTuple):
    """A chart in a table: the `node` that is the whole of it, and each split's place among those of the chart alone."""

    node: int
    places: Mapping[int, int]


@dataclass(slots=True)
class Draft(Table):
    """A compilation in progress.

    `done` has the index in the table of each element that is compiled, `places` those of Root.
    """

    done: dict[tree.TreeNode, int] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    of_tickers: dict[tuple[str, tuple[float, ...], Symbol], int] = field(default_factory=dict)
    """The indicators of tickers, of which many are asked for many times."""
    of_histories: dict[tuple[str, tuple[float, ...]], dict[int, int]] = field(default_factory=dict)
    """Those of portfolios, by portfolio."""

    def compile(self, root: tree.Node) -> Root:
        """`root`, and before it all that it is made of."""
        self.done, self.places = {}, {}
        try:
            return Root(self._index(root), self.places)
        except RecursionError:  # it is deeper than Python recurses
            for element in leaves_first(root, self.done):
                self._index(element)
            return Root(self.done[root], self.places)

    def _index(self, element: tree.TreeNode) -> int:
        if type(element) is tree.Asset:  # most elements are
            return self.hold(element.symbol)
        index = self.done.get(element)
        if index is None:
            kind = type(element)
            index = self.done[element] = self._COMPILED[kind](self, element)
            if kind in SPLITS:
                self.places.setdefault(index, len(self.places))
        return index

    def _indices(self, elements: Sequence[tree.TreeNode]) -> tuple[int, ...]:
        return tuple([self._index(each) for each in elements])

    def _cash(self, _: tree.Cash) -> int:
        return self.add(nodes.Uninvested)

    def _group(self, group: tree.Group) -> int:
        child = self._index(group.child)
        self.groups.setdefault(child, group.name)
        return child

    def _constant(self, constant: tree.Constant) -> int:
        return self.add(nodes.Number, constant.value)

    def _value(self, of: tree.Indicator) -> int:
        if isinstance(of.subject, str):
            return self._of_ticker(of.function, of.parameters, of.subject)
        if isinstance(of.subject, tree.Ratio):
            closes = self.add(nodes.Close, of.subject.numerator), self.add(nodes.Close, of.subject.denominator)
            return self._series(of.function, of.parameters, self.add(nodes.Arithmetic, "divide", closes), of.place)
        return self._of_history(of.function, of.parameters, self._index(of.subject), of.place)

    def _days_ago(self, value: tree.DaysAgo) -> int:
        return self._earlier(value.days, self._index(value.operand))

    def _rank(self, value: tree.Rank) -> int:
        return self.add(nodes.Rank, value.kind, value.window, self._index(value.operand))

    def _arithmetic(self, value: tree.Arithmetic) -> int:
        return self.add(nodes.Arithmetic, value.operation, self._indices(value.operands))

    def _earlier(self, days: int, source: int) -> int:
        """A number was the same at any time."""
        if days == 0 or isinstance(self.table[source], nodes.Number):
            return source
        return self.add(nodes.Earlier, days, source)

    def _compare(self, element: tree.Compare) -> int:
        condition = self._comparison(element.comparator, self._operand(element.left), self._operand(element.right))
        return self._for_days(element.for_days, condition)

    def _operand(self, element: tree.Operand) -> int:
        """As `_index`, faster for what most conditions compare."""
        if type(element) is tree.Constant:
            return self.add(nodes.Number, element.value)
        if type(element) is tree.Indicator and isinstance(element.subject, str):
            return self._of_ticker(element.function, element.parameters, element.subject)
        return self._index(element)

    def _dates(self, dates: tree.Dates) -> int:
        return self._for_days(dates.for_days, self.add(nodes.Dates, dates.first, dates.last))

    def _entered(self, entered: tree.Entered) -> int:
        return self.add(nodes.Latch, self._index(entered.enter), self._index(entered.leave))

    def _count(self, element: tree.CountOf) -> int:
        least = 0 if element.quantifier == "at_most" else element.count
        most = len(element.conditions) if element.quantifier == "at_least" else element.count
        return self.add(nodes.Count, least, most, self._indices(element.conditions))

    def _several(self, element: tree.AllOf | tree.AnyOf) -> int:
        return self.add(nodes.Several, isinstance(element, tree.AllOf), self._indices(element.conditions))

    def _comparison(self, comparator: tree.Comparator | tree.Crossing, left: int, right: int) -> int:
        """A crossing is two comparisons, one of the session before."""
        if comparator == "crosses-above" or comparator == "crosses-below":  # noqa: PLR1714  (mypy reads no tuple)
            before, now = _CROSSINGS[comparator]
            was = self.add(nodes.Inequality, before, self._earlier(1, left), self._earlier(1, right))
            conditions = was, self.add(nodes.Inequality, now, left, right)
            return self.add(nodes.Several, True, conditions)  # noqa: FBT003  (every one)
        return self.add(nodes.Inequality, comparator, left, right)

    def _for_days(self, days: int, condition: int) -> int:
        return condition if days == 1 else self.add(nodes.ForDays, days, condition)

    def _branch(self, gate: tree.If) -> int:
        condition = self._index(gate.condition)
        return self.add(nodes.Branch, condition, (self._index(gate.then), self._index(gate.otherwise)))

    def _switch(self, gate: tree.Switch) -> int:
        return self.add(nodes.Switch, self._indices(gate.conditions), self._indices(gate.children))

    def _mix(self, gate: tree.Mixed) -> int:
        values = gate.first_value, gate.second_value
        return self.add(nodes.Mix, self._index(gate.by), *values, (self._index(gate.first), self._index(gate.second)))

    def _split(
        self, element: tree.Equal | tree.Specified | tree.InverseVolatility | tree.ProVolatility | tree.Filter
    ) -> int:
        children = self._indices(element.children)
        match element:
            case tree.Specified(weights=weights):
                return self._blend(weights, children)
            case tree.InverseVolatility(window=window) if len(children) > 1:
                return self.add(nodes.InverseVol, self._volatilities(window, children, element.place), children)
            case tree.ProVolatility(window=window) if len(children) > 1:
                return self.add(nodes.ProVol, self._volatilities(window, children, element.place), children)
            case tree.Filter() if len(children) > 1:
                return self._filter(element, children)
            case _:
                return self._equal(children)

    def _filter(self, element: tree.Filter, children: tuple[int, ...]) -> int:
        """Equally weighted, a choice of all children still leaves out those that are too young for a score."""
        takes_all = element.count >= len(children)
        weighting = element.weighting if element.count > 1 else None
        if isinstance(weighting, tree.ByVolatility) and takes_all:
            volatilities = self._volatilities(weighting.window, children, element.place)
            return self.add(nodes.InverseVol if weighting.inverse else nodes.ProVol, volatilities, children)
        if takes_all and len(children) == 1:
            return children[0]
        scores = self._scores(element, children)
        top = nodes.TopK, min(element.count, len(children)), element.side == "top", scores, children
        match weighting:
            case tree.ByRank(weights):
                kept = weights[: len(children)]
                return self.add(*top, tuple(weight / math.fsum(kept) for weight in kept))
            case tree.ByVolatility(window, inverse):
                return self.add(*top, (), self._volatilities(window, children, element.place), inverse)
            case _:
                return self.add(*top)

    def _equal(self, children: tuple[int, ...]) -> int:
        return self._blend((1 / len(children),) * len(children), children)

    def _shared(self, element: tree.Shared) -> int:
        conditions = tuple(None if each is None else self._index(each) for each in element.conditions)
        children = self._indices(element.children)
        if conditions == (None,) * len(children):
            return self._blend(tuple(part / math.fsum(element.parts) for part in element.parts), children)
        return self.add(nodes.Shared, element.parts, conditions, children)

    def _capped(self, element: tree.Capped) -> int:
        left, weights, children = 1.0, [], []
        for cap, child in zip(element.caps, element.children, strict=True):
            if left > _DUST:
                weights.append(min(cap, left))
                children.append(self._index(child))
                left -= weights[-1]
        if element.fallback is not None and left > _DUST:
            weights.append(left)
            children.append(self.hold(element.fallback))
        return self._blend(tuple(weights), tuple(children))

    def _blend(self, weights: tuple[float, ...], children: tuple[int, ...]) -> int:
        return children[0] if weights == (1.0,) else self.add(nodes.Blend, weights, children)

    def _volatilities(self, window: int, children: tuple[int, ...], place: Place) -> tuple[int, ...]:
        return self._of_histories(STANDARD_DEVIATION_RETURN, (window,), children, place)

    def _scores(self, element: tree.Filter, children: tuple[int, ...]) -> tuple[int, ...]:
        if element.score_of == "tickers":
            return tuple([self._mean_of_tickers(child, element) for child in children])
        return self._of_histories(element.function, element.parameters, children, element.place)

    def _of_histories(
        self, function: str, parameters: tuple[float, ...], children: tuple[int, ...], place: Place
    ) -> tuple[int, ...]:
        known = self.of_histories.setdefault((function, parameters), {})
        for child in children:
            if child not in known:
                known[child] = self._of_history(function, parameters, child, place)
        return tuple([known[child] for child in children])

    def _mean_of_tickers(self, portfolio: int, element: tree.Filter) -> int:
        symbols = self.holdable(portfolio)
        if not symbols:
            raise ValueError(f"{element.place}: a part that holds no ticker has no score of its tickers")
        series = [self._of_ticker(element.function, element.parameters, symbol) for symbol in symbols]
        if len(series) == 1:
            return series[0]
        total, count = self.add(nodes.Arithmetic, "add", tuple(series)), self.add(nodes.Number, len(series))
        return self.add(nodes.Arithmetic, "divide", (total, count))

    def _of_history(self, function: str, parameters: tuple[float, ...], portfolio: int, place: Place) -> int:
        """Of the values of a portfolio: of a single asset its closes, of anything else simulated ones."""
        node = self.table[portfolio]
        if isinstance(node, nodes.Hold):
            return self._of_ticker(function, parameters, node.symbol)
        return self._series(function, parameters, self.add(nodes.Nav, portfolio), place)

    def _series(self, function: str, parameters: tuple[float, ...], source: int, place: Place) -> int:
        spec = INDICATORS[function]
        if spec.reads != ("close",) or (spec.of_tickers_only and isinstance(self.table[source], nodes.Nav)):
            raise ValueError(f"{place}: {function} needs a ticker, because a part of a chart has no price")
        return self._indicator(function, parameters, (source,))

    def _of_ticker(self, function: str, parameters: tuple[float, ...], symbol: Symbol) -> int:
        found = self.of_tickers.get((function, parameters, symbol))
        if found is None:
            keys = [
                (nodes.Close, symbol) if each == "close" else (nodes.Bar, symbol, each)
                for each in INDICATORS[function].reads
            ]
            found = self._indicator(function, parameters, tuple([self.add(*key) for key in keys]))
            self.of_tickers[function, parameters, symbol] = found
        return found

    def _indicator(self, function: str, parameters: tuple[float, ...], sources: tuple[int, ...]) -> int:
        return sources[0] if function == CURRENT_PRICE else self.add(nodes.Series, function, parameters, sources)

    _COMPILED: ClassVar[Mapping[type[tree.TreeNode], Callable[["Draft", Any], int]]] = {
        tree.Cash: _cash,
        tree.Group: _group,
        tree.Constant: _constant,
        tree.Indicator: _value,
        tree.DaysAgo: _days_ago,
        tree.Rank: _rank,
        tree.Arithmetic: _arithmetic,
        tree.Compare: _compare,
        tree.Dates: _dates,
        tree.Entered: _entered,
        tree.CountOf: _count,
        tree.AllOf: _several,
        tree.AnyOf: _several,
        tree.If: _branch,
        tree.Switch: _switch,
        tree.Mixed: _mix,
        tree.Shared: _shared,
        tree.Capped: _capped,
        tree.Equal: _split,
        tree.Specified: _split,
        tree.InverseVolatility: _split,
        tree.ProVolatility: _split,
        tree.Filter: _split,
    }
    """By a table, not by `match`: a chart may have a hundred thousand elements."""
