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
    names_of_parameters,
    parameters,
    selection,
    specified,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.elements import Element, quoted
from rebalancer.bots.flowchart.formats.rebalance import PERIODS, threshold
from rebalancer.bots.flowchart.indicators import (
    CURRENT_PRICE,
    STANDARD_DEVIATION_RETURN,
)
from rebalancer.model import Symbol

MAX_DAYS = 10_000
_FUNCTIONS = {
    "CurrentPrice": CURRENT_PRICE,
    "MovingAverage": "moving-average-price",
    "ExponentialMovingAverage": "exponential-moving-average-price",
    "RelativeStrengthIndex": "relative-strength-index",
    "CumulativeReturn": "cumulative-return",
    "Volatility": STANDARD_DEVIATION_RETURN,
    "MaxDrawdown": "max-drawdown",
    "MovingAverageOfReturns": "moving-average-return",
}
_LATER = frozenset(
    {
        *("Switch", "Mixed", "EnterExit"),
        *("Month", "IndicatorPercentile", "IndicatorStochastic"),
        *("Drawdown", "13612wMomentum", "13612uMomentum", "Sma12Momentum", "UltimateSmoother", "AroonUp"),
        *("AroonDown", "Aroon", "MACD", "PPO", "TrendClarity"),
    }
)
_PERIODS: Mapping[str, tree.Period] = {period.capitalize(): period for period in PERIODS}
_THRESHOLD = "Threshold"
_NOTES = ("incantation_type", "name", "description")
_TOP = ("name", "description", "version", "benchmark_ticker", "benchmark_spell", "incantation", "trading_type")
_SIDE = ("indicator", "ticker_symbol", "days_ago")


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


def _ticker(element: Element) -> Symbol:
    text = element.value
    if isinstance(text, str) and (text.startswith(("Subspell", "@")) or "/" in text):
        element.refuse(f"{quoted(text)} is a ratio, a subspell or a figure of the economy, which are not read yet")
        return Symbol("?")
    return element.ticker()


def _asset(element: Element) -> Parsed:
    symbol = _ticker(element.only(*_NOTES, "symbol")["symbol"])
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
    function, numbers = _function(element["sort_indicator"])
    count = element["count"].whole(1, MAX_ELEMENTS)
    if count > 1:
        element["weight_type"].choice(("Equal",), frozenset({"Custom", "InverseVolatility"}))
    side: Side = "bottom" if element["bottom"].flag() else "top"
    return Parsed(selection(element, function, numbers, side, count), _children(element["incantations"]))


def _if(element: Element) -> Parsed:
    element.only(*_NOTES, "condition", "then_incantation", "else_incantation", "then_comment", "else_comment")
    sides = (Unread(_node, element["then_incantation"]), Unread(_node, element["else_incantation"]))
    return Parsed(
        lambda condition, then, otherwise: tree.If(condition, then, otherwise, element.here),
        (Unread(_condition, element["condition"]), *sides),
    )


_NODES: Mapping[str, Callable[[Element], Parsed]] = {
    "Ticker": _asset,
    "Weighted": _weighted,
    "Filtered": _filtered,
    "IfElse": _if,
}
_COMBINED: Mapping[str, type[tree.AllOf | tree.AnyOf]] = {
    "AllOf": tree.AllOf,
    "AndCondition": tree.AllOf,
    "AnyOf": tree.AnyOf,
    "OrCondition": tree.AnyOf,
}


def _condition(element: Element) -> Parsed:
    if not isinstance(element.value, dict):
        element.must_be('an object with a "condition_type"')
        return Parsed(None)
    kind = element["condition_type"].choice((*_COMBINED, "SingleCondition"))
    if element["condition_type"].value != kind:
        return Parsed(None)
    if kind == "SingleCondition":
        return _single(element)
    combine = _COMBINED[kind]
    listed = element.only("condition_type", "conditions")["conditions"]
    several = tuple(Unread(_condition, each) for each in listed.items())
    return Parsed(lambda *conditions: combine(conditions, element.here), several)


def _single(element: Element) -> Parsed:
    sides = (f"{side}_{key}" for side in ("lh", "rh") for key in _SIDE)
    right_only = ("rh_value", "rh_value_int", "rh_weight", "rh_bias")
    element.only("condition_type", "type", "greater_than", "for_days", *sides, *right_only)
    kind = element["type"].choice(("IndicatorAndNumber", "BothIndicators"), _LATER)
    comparator: tree.Comparator = "gt" if element["greater_than"].flag() else "lt"
    days = element["for_days"].whole(1, MAX_DAYS)
    left = _indicator(element, "lh")
    if kind == "BothIndicators":
        _must_stand(element["rh_weight"], 1)
        _must_stand(element["rh_bias"], 0)
    number = element["rh_value"]  # what stands for the right indicator beside it is a filler
    right = _indicator(element, "rh") if kind == "BothIndicators" else tree.Constant(number.number(), number.here)
    return Parsed(lambda: tree.Compare(left, comparator, right, days, element.here))


def _indicator(element: Element, side: str) -> tree.Indicator:
    _must_stand(element[f"{side}_days_ago"], 0)
    named = element[f"{side}_indicator"]
    function, numbers = _function(named)
    return tree.Indicator(function, numbers, _ticker(element[f"{side}_ticker_symbol"]), named.here)


def _must_stand(element: Element, value: float) -> None:
    """Refuses anything but `value`, which changes nothing."""
    if element.given and element.value != value:
        element.must_be(f"{value}, since others are not read yet")


def _function(element: Element) -> tuple[str, tuple[int, ...]]:
    """The function and its parameters; those of a function that was refused are not looked at."""
    element.only("type", "window")
    name = element["type"].choice(tuple(_FUNCTIONS), _LATER)
    function = _FUNCTIONS[name]
    if element["type"].value != name or not names_of_parameters(function):
        return function, ()
    return function, parameters(function, element.__getitem__)
