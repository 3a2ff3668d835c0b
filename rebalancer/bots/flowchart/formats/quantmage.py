"""QuantMage's spells.

Built from its published reference and a few spells; no decision of QuantMage's was compared with ours.
"""

import math
from collections.abc import Callable, Mapping

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import (
    MAX_ELEMENTS,
    Parsed,
    Side,
    Unread,
    assemble,
    selection,
    specified,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.formats.quantmage_conditions import ConditionReader, function_of, sole_ticker
from rebalancer.bots.flowchart.formats.rebalance import PERIODS, threshold

_LATER = frozenset(("Switch", "Mixed", "EnterExit"))
_PERIODS: Mapping[str, tree.Period] = {period.capitalize(): period for period in PERIODS}
_THRESHOLD = "Threshold"
_NOTES = ("incantation_type", "name", "description")
_TOP = ("name", "description", "version", "benchmark_ticker", "benchmark_spell", "incantation", "trading_type")


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    document.only(*_TOP, "threshold", "slippage_bps")
    kind = document["trading_type"].choice((*_PERIODS, _THRESHOLD))
    by_threshold = document["trading_type"].value == _THRESHOLD
    rule = threshold(document["threshold"], 100) if by_threshold else _PERIODS.get(kind, "daily")
    name = document["name"].text()
    root = assemble(_node, document["incantation"])
    return tree.Chart(name, root, rule) if root else None


def _node(element: Element) -> Parsed:
    if element.value is None:
        return Parsed(lambda: tree.Cash(element.here))
    if not isinstance(element.value, dict):
        element.must_be('an object with an "incantation_type", or null for cash')
        return Parsed(None)
    kind = element["incantation_type"].choice(tuple(_NODES), _LATER)
    return _NODES[kind](element) if element["incantation_type"].value == kind else Parsed(None)


def _children(listed: Element) -> tuple[Unread, ...]:
    return tuple(Unread(_node, child) for child in listed.items())


def _asset(element: Element) -> Parsed:
    symbol = sole_ticker(element.only(*_NOTES, "symbol")["symbol"])
    return Parsed(lambda: tree.Asset(symbol, element.here))


def _weighted(element: Element) -> Parsed:
    element.only(*_NOTES, "type", "incantations", "weights", "inverse_volatility_window")
    build = _weighting(element, element["type"])
    name = element["name"].value
    if not isinstance(name, str) or not name.strip():
        return Parsed(build, _children(element["incantations"]))
    return Parsed(lambda *nodes: tree.Group(name, build(*nodes), element.here), _children(element["incantations"]))


def _weighting(element: Element, kind: Element) -> Callable[..., tree.Node]:
    match kind.choice(("Equal", "Custom", "InverseVolatility")):
        case "Equal":
            return lambda *nodes: tree.Equal(nodes, element.here)
        case "Custom":
            return specified(_percents(element["weights"], len(element["incantations"].items())), element)
        case _:
            window = volatility_window(element["inverse_volatility_window"])
            return lambda *nodes: tree.InverseVolatility(window, nodes, element.here)


def _percents(listed: Element, children: int) -> list[float]:
    """One a child; a sum that is 100 but for rounding is brought to 100."""
    percents = [percent.number() for percent in listed.items()]
    total = math.fsum(percents)
    if percents and not (len(percents) == children and min(percents) >= 0 and abs(total - 100) <= 1):
        listed.refuse(f"these are {len(percents)} percents that sum to {total:.10g}; there must be {children}, sum 100")
    elif abs(total - 100) > 1e-6:
        listed.approximate(f"the percents sum to {total:.10g}, and were brought to 100")
    return percents


def _filtered(element: Element) -> Parsed:
    keys = ("sort_indicator", "count", "bottom", "incantations", "weight_type", "weights", "inverse_volatility_window")
    element.only(*_NOTES, *keys)
    function, numbers = function_of(element["sort_indicator"])
    count = element["count"].whole(1, MAX_ELEMENTS)
    if count > 1:
        element["weight_type"].choice(("Equal",), frozenset({"Custom", "InverseVolatility"}))
    side: Side = "bottom" if element["bottom"].flag() else "top"
    return Parsed(selection(element, function, numbers, side, count), _children(element["incantations"]))


def _if(element: Element) -> Parsed:
    element.only(*_NOTES, "condition", "then_incantation", "else_incantation", "then_comment", "else_comment")
    branches = {"Then": element["then_incantation"], "Else": element["else_incantation"]}
    sides = (Unread(_node, branch) for branch in branches.values())
    return Parsed(
        lambda when, then, otherwise: tree.If(when, then, otherwise, element.here),
        (Unread(ConditionReader(_node, branches).condition, element["condition"]), *sides),
    )


_NODES: Mapping[str, Callable[[Element], Parsed]] = {
    "Ticker": _asset,
    "Weighted": _weighted,
    "Filtered": _filtered,
    "IfElse": _if,
}
