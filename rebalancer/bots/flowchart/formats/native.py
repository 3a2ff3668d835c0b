"""Our own format. `native.schema.json` says the same to editors and other programs."""

import math
from collections.abc import Callable, Mapping

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import (
    FUNCTIONS,
    MAX_ELEMENTS,
    SIDES,
    Parsed,
    Unread,
    assemble,
    selection,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.elements import Element, quoted
from rebalancer.bots.flowchart.formats.native_conditions import ConditionReader, parameters_beside
from rebalancer.bots.flowchart.formats.rebalance import PERIODS, threshold

FORMAT = "rebalancer/bot"
VERSION = 1
_UNITS = {100: "percent", 1: "fraction"}


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    document.only("format", "version", "name", "description", "rebalance", "chart")
    if document["version"].value is True or document["version"].value != VERSION:
        document["version"].must_be(f"{VERSION}")
    if document["description"].given:
        document["description"].text()
    name = document["name"].text()
    rule = _rebalance(document["rebalance"]) if document["rebalance"].given else "daily"
    root = assemble(_node, document["chart"])
    return tree.Chart(name, root, rule) if root else None


def _rebalance(element: Element) -> tree.Rebalance:
    if isinstance(element.value, dict):
        width = element.only("threshold")["threshold"]
        whole = 1 if isinstance(width.value, dict) and "fraction" in width.value else 100
        return threshold(width.only(_UNITS[whole])[_UNITS[whole]], whole)
    found = next((period for period in PERIODS if period == element.value), None)
    if found is None:
        periods = ", ".join(map(quoted, PERIODS))
        element.must_be(f'{periods} or {{"threshold": {{"percent": 5}}}}')
    return found or "daily"


def _node(element: Element) -> Parsed:
    if isinstance(element.value, dict) and "if" in element.value:
        return _if(element)
    kind = element.only_one((*_NODES, "if"))
    return _NODES[kind](element[kind], element) if kind else Parsed(None)


def _children(listed: Element) -> tuple[Unread, ...]:
    return tuple(Unread(_node, child) for child in listed.items())


def _asset(body: Element, node: Element) -> Parsed:
    symbol = body.ticker()
    return Parsed(lambda: tree.Asset(symbol, node.here))


def _cash(body: Element, node: Element) -> Parsed:
    if body.value is not True:
        body.must_be("true")
    return Parsed(lambda: tree.Cash(node.here))


def _group(body: Element, node: Element) -> Parsed:
    name = body.only("name", "chart")["name"].text()
    return Parsed(lambda child: tree.Group(name, child, node.here), (Unread(_node, body["chart"]),))


def _equal(body: Element, node: Element) -> Parsed:
    return Parsed(lambda *children: tree.Equal(children, node.here), _children(body))


def _specified(body: Element, node: Element) -> Parsed:
    amounts, children, whole = _shares(body)
    total = math.fsum(amounts)
    if 0 not in amounts and amounts and not abs(total / whole - 1) <= 1e-8:
        body.refuse(f"the {_UNITS[whole]}s sum to {total:.10g}; they must sum to {whole}")
    if whole == 100:  # fractions are taken as they are
        amounts = [part / total for part in amounts]
    return Parsed(lambda *nodes: tree.Specified(tuple(amounts), nodes, node.here), children)


def _inverse_volatility(body: Element, node: Element) -> Parsed:
    window = volatility_window(body.only("window", "of")["window"])
    return Parsed(lambda *children: tree.InverseVolatility(window, children, node.here), _children(body["of"]))


def _capped(body: Element, node: Element) -> Parsed:
    amounts, children, whole = _shares(body.only("of", "fallback")["of"])
    caps = tuple(amount / whole for amount in amounts)
    fallback = body["fallback"].ticker() if body["fallback"].given else None
    return Parsed(lambda *nodes: tree.Capped(caps, nodes, fallback, node.here), children)


def _shares(listed: Element) -> tuple[list[float], tuple[Unread, ...], int]:
    """The children's amounts, above 0, and what a whole is: 100 of percents, or 1 of fractions."""
    shares = listed.items()
    whole = 1 if shares and shares[0]["fraction"].given else 100
    for share in shares:
        share.only(_UNITS[whole], "chart")
    amounts = [share[_UNITS[whole]].above_zero(whole) for share in shares]
    return amounts, tuple(Unread(_node, share["chart"]) for share in shares), whole


def _if(node: Element) -> Parsed:
    node.only("if", "then", "else")
    parts = (Unread(_CONDITIONS.condition, node["if"]), Unread(_node, node["then"]), Unread(_node, node["else"]))
    return Parsed(lambda condition, then, otherwise: tree.If(condition, then, otherwise, node.here), parts)


def _filter(body: Element, node: Element) -> Parsed:
    by = body.only("by", "take", "count", "of")["by"]
    function = by["function"].choice(FUNCTIONS)
    misnamed = isinstance(by.value, dict) and by["function"].value != function
    numbers = () if misnamed else parameters_beside(function, by, "function")
    side = body["take"].choice(SIDES)
    count = body["count"].whole(1, MAX_ELEMENTS)
    return Parsed(selection(node, function, numbers, side, count), _children(body["of"]))


_NODES: Mapping[str, Callable[[Element, Element], Parsed]] = {
    "asset": _asset,
    "cash": _cash,
    "group": _group,
    "equal": _equal,
    "specified": _specified,
    "inverse_volatility": _inverse_volatility,
    "capped": _capped,
    "filter": _filter,
}


_CONDITIONS = ConditionReader(_node)
