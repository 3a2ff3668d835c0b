"""QuantNexus' flowcharts (its Model tab).

Built from its public description and a few charts; no decision of QuantNexus' was compared with ours. Its engines
differ in units and signs of some metrics, so these are read where neither matters: in rankings, and against 0.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import (
    MAX_ELEMENTS,
    Parsed,
    Unread,
    assemble,
    names_of_parameters,
    number_of,
    selection,
    specified,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.elements import MAX_BESIDE, Element
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, STANDARD_DEVIATION_RETURN
from rebalancer.model import Symbol

KINDS = ("basic", "function", "indicator", "numbered", "position", "call", "altExit", "scaling", "rolling")
MAX_DAYS = 10_000
EMPTY = "Empty"


@dataclass(frozen=True, slots=True)
class _Metric:
    """Ours for one of theirs: `scale` of a threshold, None where it is not known; `shorter` is taken off its window.

    `fixed` are our parameters after the window, or in its place, which theirs always has.
    """

    function: str
    scale: float | None = 1
    shorter: int = 0
    fixed: tuple[float, ...] = ()


_PRICE, _SMA = _Metric(CURRENT_PRICE), _Metric("moving-average-price")
_EMA, _RSI = _Metric("exponential-moving-average-price"), _Metric("relative-strength-index")
_ATR = _Metric("average-true-range")
_METRICS: Mapping[str, _Metric] = {
    "Current Price": _PRICE,
    "Simple Moving Average": _SMA,
    "SMA": _SMA,
    "Exponential Moving Average": _EMA,
    "EMA": _EMA,
    "Relative Strength Index": _RSI,
    "RSI": _RSI,
    "Cumulative Return": _Metric("cumulative-return", scale=100, shorter=1),
    "SMA of Returns": _Metric("moving-average-return", scale=100),
    "Rate of Change": _Metric("cumulative-return", scale=None),
    "Standard Deviation": _Metric(STANDARD_DEVIATION_RETURN, scale=None),
    "Hull Moving Average": _Metric("hull-moving-average"),
    "Weighted Moving Average": _Metric("weighted-moving-average"),
    "Wilder Moving Average": _Metric("wilder-moving-average"),
    "DEMA": _Metric("double-exponential-moving-average"),
    "TEMA": _Metric("triple-exponential-moving-average"),
    "KAMA": _Metric("kaufman-adaptive-moving-average"),
    "RSI (SMA)": _Metric("relative-strength-index-sma"),
    "RSI (EMA)": _Metric("relative-strength-index-ema"),
    "Stochastic RSI": _Metric("stochastic-relative-strength-index", scale=None),
    "Laguerre RSI": _Metric("laguerre-relative-strength-index", scale=None, fixed=(0.8,)),
    "Momentum (Weighted)": _Metric("13612w-momentum", scale=None),
    "Momentum (Unweighted)": _Metric("13612u-momentum", scale=None),
    "Momentum (12-Month SMA)": _Metric("sma12-momentum", scale=None),
    "Standard Deviation of Price": _Metric("standard-deviation-price", scale=None),
    "Bollinger %B": _Metric("bollinger-percent-b", scale=None, fixed=(2,)),
    "Bollinger Bandwidth": _Metric("bollinger-bandwidth", scale=None, fixed=(2,)),
    "Historical Volatility": _Metric("historical-volatility", scale=None),
    "Ulcer Index": _Metric("ulcer-index", scale=None),
    "Trend Clarity": _Metric("trend-clarity", scale=None),
    "Linear Reg Slope": _Metric("linear-regression-slope", scale=None),
    "Linear Reg Value": _Metric("linear-regression-value"),
    "ADX": _Metric("average-directional-index"),
    "ATR": _ATR,
    "Average True Range": _ATR,
    "ATR %": _Metric("average-true-range-percent", scale=None),
    "Aroon Up": _Metric("aroon-up"),
    "Aroon Down": _Metric("aroon-down"),
    "Aroon Oscillator": _Metric("aroon-oscillator"),
    "CCI": _Metric("commodity-channel-index"),
    "Williams %R": _Metric("williams-percent-r", scale=None),
    "Stochastic %K": _Metric("stochastic-k", scale=None),
    "Money Flow Index": _Metric("money-flow-index"),
    "OBV Rate of Change": _Metric("on-balance-volume-change", scale=None),
    "VWAP Ratio": _Metric("price-to-volume-weighted-average", scale=None),
    "Price vs SMA": _Metric("price-to-moving-average", scale=None),
    "MACD Histogram": _Metric("moving-average-convergence-divergence-histogram", fixed=(12, 26, 9)),
    "PPO Histogram": _Metric("percentage-price-oscillator-histogram", scale=None, fixed=(12, 26, 9)),
}
_LATER = frozenset(
    {
        *("numbered", "call", "altExit", "scaling", "rolling", "pro", "capped", "crossAbove", "crossBelow", "Date"),
        *("Max Drawdown", "Drawdown", "Ultimate Smoother", "Stochastic %D"),
    }
)
_NODE = (
    "id",
    "kind",
    "title",
    "children",
    "collapsed",
    "bgColor",
    "weighting",
    "volWindow",
    "cappedFallback",
    "window",
)
_SLOTS = (
    "weightingThen",
    "weightingElse",
    "volWindowThen",
    "volWindowElse",
    "cappedFallbackThen",
    "cappedFallbackElse",
)
_CONDITION = (
    "id",
    "type",
    "ticker",
    "metric",
    "window",
    "comparator",
    "comparison",
    "threshold",
    "expanded",
    "forDays",
)
_RIGHT = ("rightTicker", "rightMetric", "rightWindow")
_COMPARATORS: Mapping[str, tree.Comparator] = {"gt": "gt", "lt": "lt", "Greater Than": "gt", "Less Than": "lt"}


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    root = assemble(_Reader().node, document)
    title = document["title"].value
    return tree.Chart(title if isinstance(title, str) and title.strip() else "unnamed", root) if root else None


class _Reader:
    """Reads nodes; `may_be_empty` are the built ones that can hold nothing at times."""

    def __init__(self) -> None:
        self.may_be_empty: set[tree.Node] = set()
        self.kinds: Mapping[str, Callable[[Element], Parsed]] = {
            "basic": self._basic,
            "position": self._position,
            "indicator": self._indicator,
            "function": self._function,
        }

    def node(self, element: Element) -> Parsed:
        if not isinstance(element.value, dict):
            element.must_be('an object with a "kind"')
            return Parsed(None)
        kind = element["kind"].choice(tuple(self.kinds), _LATER)
        return self.kinds[kind](element) if element["kind"].value == kind else Parsed(None)

    def _basic(self, element: Element) -> Parsed:
        element.only(*_NODE)
        return self._slot(element, "next", "")

    def _position(self, element: Element) -> Parsed:
        element.only(*_NODE, "positions", "positionMode")
        if element["positionMode"].given:
            element["positionMode"].choice(("manual",), frozenset({"ticker_list", "match_indicator"}))
        written = element["positions"].value
        listed = element["positions"].items(MAX_BESIDE) if written != [] else []
        symbols = [each.ticker() for each in listed if each.value not in (EMPTY, "")]
        return Parsed(lambda: self._held(symbols, element))

    def _held(self, symbols: list[Symbol], element: Element) -> tree.Node:
        if not symbols:
            return self._empty(element)
        assets = tuple(tree.Asset(symbol, element.here) for symbol in symbols)
        return assets[0] if len(assets) == 1 else tree.Equal(assets, element.here)

    def _empty(self, element: Element) -> tree.Node:
        cash = tree.Cash(element.here)
        self.may_be_empty.add(cash)
        return cash

    def _indicator(self, element: Element) -> Parsed:
        element.only(*_NODE, *_SLOTS, "conditions")
        after = element["children"]["next"]
        if isinstance(after.value, list) and any(each is not None for each in after.value):
            after.refuse("what follows after both branches is not read yet")
        condition = _conditions(element["conditions"])
        slots = (
            Unread(lambda _: self._slot(element, "then", "Then"), element),
            Unread(lambda _: self._slot(element, "else", "Else"), element),
        )
        if condition is None:
            return Parsed(None, slots)
        return Parsed(
            lambda then, other: self._marked(tree.If(condition, then, other, element.here), then, other), slots
        )

    def _marked(self, node: tree.Node, *children: tree.Node) -> tree.Node:
        if self.may_be_empty.intersection(children):
            self.may_be_empty.add(node)
        return node

    def _slot(self, element: Element, slot: str, suffix: str) -> Parsed:
        """The children of a slot by the slot's weighting; none are cash."""
        listed = element["children"][slot]
        written = listed.items() if isinstance(listed.value, list) and listed.value else []
        children = [child for child in written if child.value is not None]
        if listed.given and not isinstance(listed.value, list):
            listed.must_be("a list")
        build = self._weighting(element, suffix, children)
        return Parsed(
            lambda *nodes: self._weighed(listed, nodes, build), tuple(Unread(self.node, child) for child in children)
        )

    def _weighed(self, listed: Element, nodes: tuple[tree.Node, ...], build: Callable[..., tree.Node]) -> tree.Node:
        if not nodes:
            return self._empty(listed)
        if len(nodes) == 1:
            return nodes[0]
        if self.may_be_empty.intersection(nodes):
            listed.refuse("a child that may be empty beside others is not read yet: the others would get its share")
        return build(*nodes)

    def _weighting(self, element: Element, suffix: str, children: list[Element]) -> Callable[..., tree.Node]:
        own = element[f"weighting{suffix}"]
        named = own if own.given else element["weighting"]
        kind = named.choice(("equal", "defined", "inverse"), _LATER) if named.given else "equal"
        if kind == "defined" and children:
            weights = [child["window"].numeric.number() for child in children]
            if not (min(weights) >= 0 and math.fsum(weights) > 0):
                element.refuse('the children\'s weights, their "window", must be 0 or more, and one above 0')
            return specified(weights, element)
        if kind == "inverse" and len(children) > 1:
            window = element[f"volWindow{suffix}"]
            window = window if window.given else element["volWindow"]
            days = volatility_window(window) if window.given else 20
            return lambda *nodes: self._inverse(days, nodes, element)
        return lambda *nodes: tree.Equal(nodes, element.here)

    def _inverse(self, days: int, nodes: tuple[tree.Node, ...], element: Element) -> tree.Node:
        if not all(isinstance(node, tree.Asset) for node in nodes):
            element.refuse("inverse weighting of anything but single tickers is not read yet")
        return tree.InverseVolatility(days, nodes, element.here)

    def _function(self, element: Element) -> Parsed:
        element.only(*_NODE, "metric", "bottom", "rank")
        metric, numbers = _metric(element["metric"], element["window"])
        side = element["rank"].choice(("Top", "Bottom"))
        count = element["bottom"].numeric.whole(1, MAX_ELEMENTS)
        if element["weighting"].given and count > 1:
            element["weighting"].choice(("equal",), _LATER | {"defined", "inverse"})
        build = selection(element, metric.function, numbers, "top" if side == "Top" else "bottom", count)
        children = [child for child in element["children"]["next"].items() if child.value is not None]

        def ranked(*nodes: tree.Node) -> tree.Node:
            if not all(isinstance(node, tree.Asset) for node in nodes):
                element.refuse(
                    "a ranking of anything but single tickers is not read yet: its score is not a portfolio's"
                )
            return build(*nodes)

        return Parsed(ranked, tuple(Unread(self.node, child) for child in children))


def _conditions(listed: Element) -> tree.Condition | None:
    """All of the lines, where "and" binds tighter than "or"."""
    groups: list[list[tree.Condition]] = []
    before = len(listed.refusals)
    for number, line in enumerate(listed.items(MAX_BESIDE)):
        line.only(*_CONDITION, *_RIGHT)
        kind = line["type"].choice(("if", "and", "or")) if line["type"].given else "and"
        if number == 0 or kind != "and":
            groups.append([])
        compared = _compared(line)
        if compared:
            groups[-1].append(compared)
    if len(listed.refusals) > before:
        return None
    alternatives = [lines[0] if len(lines) == 1 else tree.AllOf(tuple(lines), listed.here) for lines in groups]
    return alternatives[0] if len(alternatives) == 1 else tree.AnyOf(tuple(alternatives), listed.here)


def _compared(line: Element) -> tree.Compare | None:
    older = line["comparison"]
    written = older if older.given and not line["comparator"].given else line["comparator"]
    comparator = _COMPARATORS[written.choice(tuple(_COMPARATORS), _LATER)]
    days = line["forDays"].whole(1, MAX_DAYS) if line["forDays"].given else 1
    metric, numbers = _metric(line["metric"], line["window"])
    left = tree.Indicator(metric.function, numbers, line["ticker"].ticker(), line["metric"].here)
    if line["metric"].value not in tuple(_METRICS):
        return None
    right = _right(line, metric) if line["expanded"].value is True else _threshold(line["threshold"], metric)
    return tree.Compare(left, comparator, right, days, line.here)


def _threshold(element: Element, metric: _Metric) -> tree.Constant:
    value = element.numeric.number()
    if metric.scale is None and value != 0:
        element.refuse(f"{value:g} is not read yet: the unit of this metric is not known; what is read: 0")
    return tree.Constant(value * (metric.scale or 1), element.here)


def _right(line: Element, left: _Metric) -> tree.Indicator:
    """The right side; what is not written there is as on the left."""
    ticker, name, window = (
        line[right] if line[right].given else line[own]
        for right, own in (("rightTicker", "ticker"), ("rightMetric", "metric"), ("rightWindow", "window"))
    )
    metric, numbers = _metric(name, window)
    alike = metric == left if left.scale is None else metric.scale == left.scale
    if not alike or (left.scale is None and line["window"].value != window.value):
        name.refuse("is not read yet beside the left side's metric: their units differ or are not known")
    return tree.Indicator(metric.function, numbers, ticker.ticker(), name.here)


def _metric(name: Element, window: Element) -> tuple[_Metric, tuple[float, ...]]:
    """The metric and its parameters; those of a metric that was refused are not looked at."""
    metric = _METRICS[name.choice(tuple(_METRICS), _LATER)]
    names = names_of_parameters(metric.function)
    if name.value not in tuple(_METRICS) or "window" not in names:
        return metric, metric.fixed
    days = number_of(metric.function, "window", window.numeric)
    if metric.shorter and days < 2:
        window.refuse(f"{days:g} is too short: the first of its days is where the return begins")
    return metric, (max(days - metric.shorter, 1), *metric.fixed)
