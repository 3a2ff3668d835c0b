"""Our own format. `native.schema.json` says the same to editors and other programs."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import (
    FUNCTIONS,
    MAX_ELEMENTS,
    SCORES_OF,
    SIDES,
    Parsed,
    Unread,
    assemble,
    selection,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.calls import Calls
from rebalancer.bots.flowchart.formats.elements import Element, quoted
from rebalancer.bots.flowchart.formats.native_conditions import ConditionReader, parameters_beside
from rebalancer.bots.flowchart.formats.rebalance import PERIODS, threshold
from rebalancer.bots.flowchart.rule import Rebalance

FORMAT = "rebalancer/bot"
VERSION = 1
MOST_PARTS = 1_000_000_000
_UNITS = {100: "percent", 1: "fraction"}


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    document.only("format", "version", "name", "description", "rebalance", "charts", "chart")
    if document["version"].value is True or document["version"].value != VERSION:
        document["version"].must_be(f"{VERSION}")
    if document["description"].given:
        document["description"].text()
    name, calls = document["name"].text(), Calls(_named(document["charts"]))
    rule = _rebalance(document["rebalance"]) if document["rebalance"].given else "daily"
    root = assemble(_NodeReader(calls).node, document["chart"])
    if uncalled := calls.uncalled():
        assemble(lambda _: Parsed(None, tuple(Unread(_NodeReader(calls).node, chart) for chart in uncalled)), document)
    return tree.Chart(name, root, rule) if root else None


def _rebalance(element: Element) -> Rebalance:
    if isinstance(element.value, dict):
        width = element.only("threshold")["threshold"]
        whole = 1 if isinstance(width.value, dict) and "fraction" in width.value else 100
        return threshold(width.only(_UNITS[whole])[_UNITS[whole]], whole)
    found = next((period for period in PERIODS if period == element.value), None)
    if found is None:
        periods = ", ".join(map(quoted, PERIODS))
        element.must_be(f'{periods} or {{"threshold": {{"percent": 5}}}}')
    return found or "daily"


def _named(listed: Element) -> Mapping[str, Element]:
    """The charts that can be called, by name."""
    if not listed.given:
        return {}
    if not isinstance(listed.value, dict) or not listed.value:
        listed.must_be("an object with at least one chart by its name")
        return {}
    for name in listed.value:
        if not name.strip():
            listed[name].refuse("a chart that can be called has a name")
    return {name: listed[name] for name in listed.value}


class _NodeReader(NamedTuple):
    """Reads nodes that stand within `calls`."""

    calls: Calls

    def node(self, element: Element) -> Parsed:
        if isinstance(element.value, dict) and "if" in element.value:
            return self.if_else(element)
        kind = element.only_one((*_NODES, "if"))
        return _NODES[kind](self, element[kind], element) if kind else Parsed(None)

    @property
    def conditions(self) -> ConditionReader:
        return ConditionReader(self.node)

    def several(self, listed: Element) -> tuple[Unread, ...]:
        return tuple(Unread(self.node, child) for child in listed.items())

    def asset(self, body: Element, node: Element) -> Parsed:
        symbol = body.ticker()
        return Parsed(lambda: tree.Asset(symbol, node.here))

    def cash(self, body: Element, node: Element) -> Parsed:
        if body.value is not True:
            body.must_be("true")
        return Parsed(lambda: tree.Cash(node.here))

    def group(self, body: Element, node: Element) -> Parsed:
        name = body.only("name", "chart")["name"].text()
        return Parsed(lambda child: tree.Group(name, child, node.here), (Unread(self.node, body["chart"]),))

    def call(self, body: Element, node: Element) -> Parsed:
        name = body.text()
        chart = self.calls.chart(name, body) if body.value == name else None
        if chart is None:
            return Parsed(None)
        inside = _NodeReader(self.calls.into(name))
        return Parsed(lambda child: tree.Group(name, child, node.here), (Unread(inside.node, chart),))

    def equal(self, body: Element, node: Element) -> Parsed:
        return Parsed(lambda *children: tree.Equal(children, node.here), self.several(body))

    def specified(self, body: Element, node: Element) -> Parsed:
        amounts, children, whole = self.amounts(body)
        weights = _fractions(amounts, whole, body)
        return Parsed(lambda *nodes: tree.Specified(weights, nodes, node.here), children)

    def shared(self, body: Element, node: Element) -> Parsed:
        shares = [share.only("part", "if", "chart") for share in body.items()]
        parts = tuple(share["part"].above_zero(MOST_PARTS) for share in shares)
        asked = [share["if"].given for share in shares]
        conditions = [Unread(self.conditions.condition, share["if"]) for share in shares if share["if"].given]
        charts = [Unread(self.node, share["chart"]) for share in shares]

        def build(*built: tree.TreeNode) -> tree.Shared:
            found = iter(built)
            each = tuple(cast("tree.Condition", next(found)) if is_asked else None for is_asked in asked)
            return tree.Shared(parts, each, cast("tuple[tree.Node, ...]", tuple(found)), node.here)

        return Parsed(build, (*conditions, *charts))

    def inverse_volatility(self, body: Element, node: Element) -> Parsed:
        window = volatility_window(body.only("window", "of")["window"])
        return Parsed(lambda *children: tree.InverseVolatility(window, children, node.here), self.several(body["of"]))

    def pro_volatility(self, body: Element, node: Element) -> Parsed:
        window = volatility_window(body.only("window", "of")["window"])
        return Parsed(lambda *children: tree.ProVolatility(window, children, node.here), self.several(body["of"]))

    def capped(self, body: Element, node: Element) -> Parsed:
        amounts, children, whole = self.amounts(body.only("of", "fallback")["of"])
        caps = tuple(amount / whole for amount in amounts)
        fallback = body["fallback"].ticker() if body["fallback"].given else None
        return Parsed(lambda *nodes: tree.Capped(caps, nodes, fallback, node.here), children)

    def amounts(self, listed: Element) -> tuple[list[float], tuple[Unread, ...], int]:
        """The children's amounts, above 0, and what a whole is: 100 of percents, or 1 of fractions."""
        shares = listed.items()
        whole = 1 if shares and shares[0]["fraction"].given else 100
        for share in shares:
            share.only(_UNITS[whole], "chart")
        amounts = [share[_UNITS[whole]].above_zero(whole) for share in shares]
        return amounts, tuple(Unread(self.node, share["chart"]) for share in shares), whole

    def if_else(self, node: Element) -> Parsed:
        node.only("if", "then", "else")
        condition = Unread(self.conditions.condition, node["if"])
        return Parsed(
            lambda condition, then, otherwise: tree.If(condition, then, otherwise, node.here),
            (condition, Unread(self.node, node["then"]), Unread(self.node, node["else"])),
        )

    def switch(self, body: Element, node: Element) -> Parsed:
        body.only("conditions", "by_count")
        conditions = [Unread(self.conditions.condition, each) for each in body["conditions"].items()]
        charts = self.several(body["by_count"])
        if conditions and charts and len(charts) != len(conditions) + 1:
            body["by_count"].refuse(
                f"it has {len(charts):,} for {len(conditions):,} conditions; there must be one more than conditions: "
                "for none of them, for one that is true, and so on up to all"
            )
        return Parsed(
            lambda *parts: tree.Switch(parts[: len(conditions)], parts[len(conditions) :], node.here),
            (*conditions, *charts),
        )

    def mixed(self, body: Element, node: Element) -> Parsed:
        ends = [body.only("by", "from", "to")[key].only("at", "chart") for key in ("from", "to")]
        first, second = (end["at"].number() for end in ends)
        if first == second and all(end["at"].is_number for end in ends):
            body["to"]["at"].refuse(f"{second:.10g} is where it comes from too; the two values must differ")
        charts = [Unread(self.node, end["chart"]) for end in ends]
        return Parsed(
            lambda by, one, other: tree.Mixed(by, first, second, one, other, node.here),
            (Unread(self.conditions.value, body["by"]), *charts),
        )

    def filter(self, body: Element, node: Element) -> Parsed:
        by = body.only("by", "take", "count", "of", "weights", "score_of")["by"]
        function = by["function"].choice(FUNCTIONS)
        misnamed = isinstance(by.value, dict) and by["function"].value != function
        numbers = () if misnamed else parameters_beside(function, by, "function")
        side = body["take"].choice(SIDES)
        count = body["count"].whole(1, MAX_ELEMENTS)
        weighting = _weighting(body["weights"], count) if body["weights"].given else None
        score_of = body["score_of"].choice(SCORES_OF) if body["score_of"].given else "history"
        build = selection(node, function, numbers, side, count, weighting, score_of)
        return Parsed(build, self.several(body["of"]))


def _fractions(amounts: Sequence[float], whole: int, listed: Element) -> tuple[float, ...]:
    """Amounts of a whole, whose sum they must be, as fractions; those are taken as they are."""
    total = math.fsum(amounts)
    if 0 not in amounts and amounts and not abs(total / whole - 1) <= 1e-8:
        listed.refuse(f"the {_UNITS[whole]}s sum to {total:.10g}; they must sum to {whole}")
    return tuple(amounts) if whole == 1 or not total else tuple(amount / total for amount in amounts)


def _weighting(element: Element, count: int) -> tree.ByRank | tree.ByVolatility | None:
    """The weights of what a filter takes, where they are not equal."""
    kind = element.only_one(("by_rank", "inverse_volatility", "pro_volatility"))
    if kind == "by_rank":
        unit = element[kind].only_one(("percent", "fraction"))
        if unit is None:
            return None
        listed, whole = element[kind][unit], 1 if unit == "fraction" else 100
        amounts = [amount.above_zero(whole) for amount in listed.items()]
        if amounts and len(amounts) != count:
            listed.refuse(f"these are {len(amounts):,}; there must be one for each of the {count:,} that it takes")
        return tree.ByRank(_fractions(amounts, whole, listed))
    if kind is None:
        return None
    window = volatility_window(element[kind].only("window")["window"])
    return tree.ByVolatility(window, inverse=kind == "inverse_volatility")


_NODES: Mapping[str, Callable[[_NodeReader, Element, Element], Parsed]] = {
    "asset": _NodeReader.asset,
    "cash": _NodeReader.cash,
    "group": _NodeReader.group,
    "call": _NodeReader.call,
    "equal": _NodeReader.equal,
    "specified": _NodeReader.specified,
    "shared": _NodeReader.shared,
    "inverse_volatility": _NodeReader.inverse_volatility,
    "pro_volatility": _NodeReader.pro_volatility,
    "capped": _NodeReader.capped,
    "switch": _NodeReader.switch,
    "mixed": _NodeReader.mixed,
    "filter": _NodeReader.filter,
}
