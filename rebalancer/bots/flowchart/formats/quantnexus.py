"""QuantNexus' flowcharts (its Model tab).

Built from its public code and a few charts; no decision of QuantNexus' was compared with ours. It has three engines,
one in the browser and two on its server; where they differ, docs/formats.md says which is followed, or what is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import MAX_ELEMENTS, Parsed, Side, Unread, assemble, selection
from rebalancer.bots.flowchart.formats.calls import Calls
from rebalancer.bots.flowchart.formats.elements import MAX_BESIDE, Element
from rebalancer.bots.flowchart.formats.quantnexus_conditions import ConditionReader, scaled_by
from rebalancer.bots.flowchart.formats.quantnexus_metrics import metric_of
from rebalancer.bots.flowchart.formats.quantnexus_weights import EMPTY, Holdings, Weighting, by_count, either

PAYLOAD = "payload"
"""Where a saved bot has its chart."""
_SAVED = (
    *("id", "name", "builderId", "builderDisplayName", "callChains", "visibility", "createdAt", "tags", "fundSlot"),
    *("backtestCostBps", "backtestResult"),
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


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    saved = isinstance(document.value, dict) and PAYLOAD in document.value
    formulas, calls = (_saved_formulas(document), _chains(document)) if saved else ({}, Calls({}))
    reader = _Reader(ConditionReader(formulas), calls, Holdings())
    root = assemble(reader.node, document[PAYLOAD] if saved else document)
    if uncalled := calls.uncalled():
        assemble(lambda _: Parsed(None, tuple(Unread(reader.node, chart) for chart in uncalled)), document)
    title = (document["name"] if saved else document["title"]).value
    return tree.Chart(title if isinstance(title, str) and title.strip() else "unnamed", root) if root else None


def _saved_formulas(document: Element) -> Mapping[str, Element]:
    """The formulas of a saved bot's custom indicators, by their id."""
    document.only(PAYLOAD, "customIndicators", "backtestMode", *_SAVED)
    if document["backtestMode"].given:
        document["backtestMode"].choice(("CC",))
    listed = document["customIndicators"]
    written = listed.items(MAX_BESIDE) if listed.given and listed.value != [] else []
    custom = [each.only("id", "name", "formula", "createdAt") for each in written]
    return {each["id"].text(): each["formula"] for each in custom}


def _chains(document: Element) -> Calls:
    """The charts that a saved bot's call nodes name by their id."""
    listed = document["callChains"]
    chains = listed.items(MAX_BESIDE) if listed.given and listed.value != [] else []
    for chain in chains:
        chain.only("id", "name", "root", "collapsed")
    titles = {chain["id"].text(): chain["name"].text() for chain in chains}
    return Calls({chain["id"].text(): chain["root"] for chain in chains}, titles=titles)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads nodes that stand within `calls`; `found` is what is known of the parts built so far."""

    conditions: ConditionReader
    calls: Calls
    found: Holdings

    def node(self, element: Element) -> Parsed:
        if not isinstance(element.value, dict):
            element.must_be('an object with a "kind"')
            return Parsed(None)
        if element["kind"].value == "rolling":
            element["kind"].refuse(
                '"rolling" chooses parameters anew from past results, which is not read; use a chart that has its own'
            )
            return Parsed(None)
        kind = element["kind"].choice(tuple(_KINDS))
        return _KINDS[kind](self, element) if element["kind"].value == kind else Parsed(None)

    def basic(self, element: Element) -> Parsed:
        return self._slot(element.only(*_NODE), "next", "")

    def position(self, element: Element) -> Parsed:
        element.only(*_NODE, "positions", "positionMode")
        if element["positionMode"].given:
            element["positionMode"].choice(("manual",), frozenset({"ticker_list", "match_indicator"}))
        written = element["positions"].value
        listed = element["positions"].items(MAX_BESIDE) if written != [] else []
        assets = tuple(tree.Asset(each.ticker(), element.here) for each in listed if each.value not in (EMPTY, ""))
        if not assets:
            return Parsed(lambda: self.found.built(tree.Cash(element.here), holds=False))
        return Parsed(lambda: assets[0] if len(assets) == 1 else tree.Equal(assets, element.here))

    def indicator(self, element: Element) -> Parsed:
        self._nothing_after(element.only(*_NODE, *_SLOTS, "conditions"))
        return self._gate(element, self.conditions.lines(element["conditions"]))

    def enter_exit(self, element: Element) -> Parsed:
        element.only(*_NODE, *_SLOTS, "entryConditions", "exitConditions")
        enter, leave = (self.conditions.lines(element[f"{which}Conditions"]) for which in ("entry", "exit"))
        return self._gate(element, tree.Entered(enter, leave, element.here) if enter and leave else None)

    def numbered(self, element: Element) -> Parsed:
        body = self._nothing_after(element.only(*_NODE, *_SLOTS, "numbered"))["numbered"]
        if body["quantifier"].value == "ladder":
            return self._ladder(element, body.only("quantifier", "n", "items"))
        return self._gate(element, self.conditions.numbered(body))

    def _ladder(self, element: Element, body: Element) -> Parsed:
        """A rung for each number of items that hold; one without children is cash."""
        items = self.conditions.items(body)
        if items is None:
            return Parsed(None)
        rungs = [f"ladder-{count}" for count in range(len(items) + 1)]
        for slot in element["children"].value if isinstance(element["children"].value, dict) else ():
            if slot not in (*rungs, "next") and _filled(element["children"][slot]):
                element["children"][slot].refuse(f"is no rung of this ladder; it has {rungs[0]} to {rungs[-1]}")

        def build(*parts: tree.Node) -> tree.Node:
            holds = by_count(items, [self.found.of(part) for part in parts], element.here)
            return self.found.built(tree.Switch(items, parts, element.here), *parts, holds=holds)

        return Parsed(build, tuple(self._unread(element, rung, "") for rung in rungs))

    def scaling(self, element: Element) -> Parsed:
        """`conditions` repeats the metric for the editor alone."""
        scale = ("scaleMetric", "scaleWindow", "scaleTicker", "scaleFrom", "scaleTo")
        element.only(*_NODE, *_SLOTS, "conditions", *scale)
        by, first, second = scaled_by(*(element[key] for key in scale))
        if by is None:
            return Parsed(None)
        if first.value == second.value:
            element["scaleTo"].refuse("is where it comes from too; the two values must differ")

        def build(then: tree.Node, otherwise: tree.Node) -> tree.Node:
            mixed = tree.Mixed(by, first.value, second.value, then, otherwise, element.here)
            holds = [self.found.of(then), self.found.of(otherwise)]
            if holds == [False, False]:
                return self.found.built(mixed, holds=False)
            if holds != [True, True]:
                self.found.partly.add(mixed)
            return self.found.built(mixed, then, otherwise, holds=True)

        return Parsed(build, (self._unread(element, "then", "Then"), self._unread(element, "else", "Else")))

    def call(self, element: Element) -> Parsed:
        reference = element.only(*_NODE, "callRefId")["callRefId"]
        name = reference.text()
        chart = self.calls.chart(name, reference) if reference.value == name else None
        if chart is None:
            return Parsed(None)
        inside = replace(self, calls=self.calls.into(name))
        title = self.calls.title(name)

        def build(part: tree.Node) -> tree.Node:
            return self.found.built(tree.Group(title, part, element.here), part, holds=self.found.of(part))

        return Parsed(build, (Unread(inside.node, chart),))

    def ranking(self, element: Element) -> Parsed:
        element.only(*_NODE, "metric", "bottom", "rank")
        metric, numbers = metric_of(element["metric"], element["window"])
        side: Side = "top" if element["rank"].choice(("Top", "Bottom")) == "Top" else "bottom"
        count = element["bottom"].numeric.whole(1, MAX_ELEMENTS)
        listed = element["children"]["next"]
        children = _children(listed)
        weighting = Weighting.of(element, "", listed, children) if count > 1 else None
        if not children:
            listed.must_be("a list with at least one node")

        def build(*nodes: tree.Node) -> tree.Node:
            kept = tuple(node for node in nodes if self.found.of(node) is not False)
            if not kept:
                return self.found.built(tree.Cash(element.here), holds=False)
            if any(self.found.of(node) is not True for node in kept) or self.found.partly.intersection(kept):
                listed.refuse("a child that may be empty in a ranking is not read: it would be left out while it is")
            by = weighting.of_chosen(kept) if weighting else None
            single = all(isinstance(node, tree.Asset) for node in kept)
            score_of: tree.ScoreOf = "history" if single else "tickers"
            return selection(element, metric.function, numbers, side, count, by, score_of)(*kept)

        return Parsed(build, tuple(Unread(self.node, child) for child in children))

    def _nothing_after(self, element: Element) -> Element:
        after = element["children"]["next"]
        if _filled(after):
            after.refuse(
                "no engine of QuantNexus holds what stands after both branches; remove it, or move it into them"
            )
        return element

    def _gate(self, element: Element, condition: tree.Condition | None) -> Parsed:
        slots = self._unread(element, "then", "Then"), self._unread(element, "else", "Else")
        if condition is None:
            return Parsed(None, slots)

        def build(then: tree.Node, otherwise: tree.Node) -> tree.Node:
            holds = either(condition, self.found.of(then), self.found.of(otherwise), element.here)
            return self.found.built(tree.If(condition, then, otherwise, element.here), then, otherwise, holds=holds)

        return Parsed(build, slots)

    def _unread(self, element: Element, slot: str, suffix: str) -> Unread:
        return Unread(lambda _: self._slot(element, slot, suffix), element)

    def _slot(self, element: Element, slot: str, suffix: str) -> Parsed:
        """The children of a slot by the slot's weighting; none are cash."""
        listed = element["children"][slot]
        if listed.given and not isinstance(listed.value, list):
            listed.must_be("a list")
        children = _children(listed)
        weighting = Weighting.of(element, suffix, listed, children)
        return Parsed(
            lambda *nodes: weighting.build(nodes, self.found), tuple(Unread(self.node, child) for child in children)
        )


def _filled(listed: Element) -> bool:
    return isinstance(listed.value, list) and any(each is not None for each in listed.value)


def _children(listed: Element) -> list[Element]:
    return [child for child in listed.items() if child.value is not None] if _filled(listed) else []


_KINDS: Mapping[str, Callable[[_Reader, Element], Parsed]] = {
    "basic": _Reader.basic,
    "position": _Reader.position,
    "indicator": _Reader.indicator,
    "function": _Reader.ranking,
    "numbered": _Reader.numbered,
    "altExit": _Reader.enter_exit,
    "scaling": _Reader.scaling,
    "call": _Reader.call,
}
