"""QuantMage's spells.

Built from its published reference and a few spells; no decision of QuantMage's was compared with ours. What its
reference leaves open of Switch, Mixed, EnterExit and weights by rank is read as two public programs that import spells
read it; docs/formats.md says where.
"""

import math
from collections.abc import Callable, Mapping
from typing import cast

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
from rebalancer.bots.flowchart.rule import Period

_PERIODS: Mapping[str, Period] = {period.capitalize(): period for period in PERIODS}
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
    kind = element["incantation_type"].choice(tuple(_NODES))
    return _NODES[kind](element) if element["incantation_type"].value == kind else Parsed(None)


def _children(listed: Element) -> tuple[Unread, ...]:
    return tuple(Unread(_node, child) for child in listed.items())


def _asset(element: Element) -> Parsed:
    symbol = sole_ticker(element.only(*_NOTES, "symbol")["symbol"])
    return Parsed(lambda: tree.Asset(symbol, element.here))


def _weighted(element: Element) -> Parsed:
    element.only(*_NOTES, "type", "incantations", "weights", "inverse_volatility_window")
    build = _weighting(element, element["type"])
    return _named(element, build, _children(element["incantations"]))


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
    weighting = _weighting_of_chosen(element, count) if count > 1 else None
    side: Side = "bottom" if element["bottom"].flag() else "top"
    return Parsed(selection(element, function, numbers, side, count, weighting), _children(element["incantations"]))


def _weighting_of_chosen(element: Element, count: int) -> tree.ByRank | tree.ByVolatility | None:
    """Custom weights go to the best, the second best and so on."""
    match element["weight_type"].choice(("Equal", "Custom", "InverseVolatility")):
        case "InverseVolatility":
            return tree.ByVolatility(volatility_window(element["inverse_volatility_window"]), inverse=True)
        case "Custom":
            percents = _percents(element["weights"], count)
            if 0 in percents:
                element["weights"].refuse("a weight of 0 takes nothing; count less instead")
            return tree.ByRank(tuple(percent / math.fsum(percents) for percent in percents))
        case _:
            return None


def _if(element: Element) -> Parsed:
    element.only(*_NOTES, "condition", "then_incantation", "else_incantation", "then_comment", "else_comment")
    branches = {"Then": element["then_incantation"], "Else": element["else_incantation"]}
    sides = (Unread(_node, branch) for branch in branches.values())
    return Parsed(
        lambda when, then, otherwise: tree.If(when, then, otherwise, element.here),
        (Unread(ConditionReader(_node, branches).condition, element["condition"]), *sides),
    )


def _switch(element: Element) -> Parsed:
    """The first incantation is for all conditions, the last for none."""
    listed = element.only(*_NOTES, "conditions", "incantations")["conditions"].items()
    incantations = element["incantations"].items()
    if listed and incantations and len(incantations) != len(listed) + 1:
        element["incantations"].refuse(
            f"it has {len(incantations)} for {len(listed)} conditions; there must be one more than conditions: for all "
            "of them, for all but one, and so on down to none"
        )
    conditions = [Unread(ConditionReader(_node, {}).condition, each) for each in listed]

    def build(*parts: tree.TreeNode) -> tree.Switch:
        asked = cast("tuple[tree.Condition, ...]", parts[: len(conditions)])
        branches = cast("tuple[tree.Node, ...]", parts[len(conditions) :])
        return tree.Switch(asked, branches[::-1], element.here)

    return _named(element, build, (*conditions, *(Unread(_node, each) for each in incantations)))


def _mixed(element: Element) -> Parsed:
    keys = ("indicator", "ticker_symbol", "from_value", "to_value", "from_incantation", "to_incantation")
    element.only(*_NOTES, *keys)
    branches = {"From": element["from_incantation"], "To": element["to_incantation"]}
    first, second = element["from_value"].number(), element["to_value"].number()
    if first == second and element["to_value"].is_number and element["from_value"].is_number:
        element["to_value"].refuse(f"{second:.10g} is where it comes from too; the two values must differ")
    by = ConditionReader(_node, branches).indicator(element["indicator"], element["ticker_symbol"])
    return _named(
        element,
        lambda by, one, other: tree.Mixed(by, first, second, one, other, element.here),
        (Unread(lambda _: by, element), *(Unread(_node, branch) for branch in branches.values())),
    )


def _enter_exit(element: Element) -> Parsed:
    keys = ("enter_condition", "exit_condition", "enter_incantation", "exit_incantation")
    element.only(*_NOTES, *keys)
    branches = {"Enter": element["enter_incantation"], "Exit": element["exit_incantation"]}
    read = ConditionReader(_node, branches).condition
    conditions = (Unread(read, element["enter_condition"]), Unread(read, element["exit_condition"]))
    return _named(
        element,
        lambda enter, leave, inside, outside: tree.If(
            tree.Entered(enter, leave, element.here), inside, outside, element.here
        ),
        (*conditions, *(Unread(_node, branch) for branch in branches.values())),
    )


def _named(element: Element, build: Callable[..., tree.Node], children: tuple[Unread, ...]) -> Parsed:
    """A node, in a group if it has a name."""
    name = element["name"].value
    if not isinstance(name, str) or not name.strip():
        return Parsed(build, children)
    return Parsed(lambda *nodes: tree.Group(name, build(*nodes), element.here), children)


_NODES: Mapping[str, Callable[[Element], Parsed]] = {
    "Ticker": _asset,
    "Weighted": _weighted,
    "Filtered": _filtered,
    "IfElse": _if,
    "Switch": _switch,
    "Mixed": _mixed,
    "EnterExit": _enter_exit,
}
