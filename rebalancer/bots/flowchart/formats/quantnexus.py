"""QuantNexus' flowcharts (its Model tab).

Built from its public description and a few charts; no decision of QuantNexus' was compared with ours.
"""

import math
from collections.abc import Callable, Mapping

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import (
    MAX_ELEMENTS,
    Parsed,
    Unread,
    assemble,
    selection,
    specified,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.elements import MAX_BESIDE, Element
from rebalancer.bots.flowchart.formats.quantnexus_conditions import ConditionReader
from rebalancer.bots.flowchart.formats.quantnexus_metrics import metric_of
from rebalancer.model import Symbol

KINDS = ("basic", "function", "indicator", "numbered", "position", "call", "altExit", "scaling", "rolling")
EMPTY = "Empty"
PAYLOAD = "payload"
"""Where a saved bot has its chart."""
_SAVED = (
    *("id", "name", "builderId", "builderDisplayName", "callChains", "visibility", "createdAt", "tags", "fundSlot"),
    *("backtestCostBps", "backtestResult"),
)
_LATER = frozenset(("numbered", "call", "altExit", "scaling", "rolling", "pro", "capped"))
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


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    saved = isinstance(document.value, dict) and PAYLOAD in document.value
    formulas = _saved_formulas(document) if saved else {}
    top = document[PAYLOAD] if saved else document
    root = assemble(_Reader(ConditionReader(formulas)).node, top)
    title = (document["name"] if saved else document["title"]).value
    return tree.Chart(title if isinstance(title, str) and title.strip() else "unnamed", root) if root else None


def _saved_formulas(document: Element) -> Mapping[str, Element]:
    """The formulas of a saved bot's custom indicators, by their id."""
    document.only(PAYLOAD, "customIndicators", "backtestMode", *_SAVED)
    if document["backtestMode"].given:
        document["backtestMode"].choice(("CC",))
    if document["callChains"].given and document["callChains"].value != []:
        document["callChains"].refuse("call chains are not read yet")
    listed = document["customIndicators"]
    written = listed.items(MAX_BESIDE) if listed.given and listed.value != [] else []
    custom = [each.only("id", "name", "formula", "createdAt") for each in written]
    return {each["id"].text(): each["formula"] for each in custom}


class _Reader:
    """Reads nodes; `may_be_empty` are the built ones that can hold nothing at times."""

    def __init__(self, conditions: ConditionReader) -> None:
        self.conditions = conditions
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
        condition = self.conditions.lines(element["conditions"])
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
        metric, numbers = metric_of(element["metric"], element["window"])
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
