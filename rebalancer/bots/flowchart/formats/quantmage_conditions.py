"""The conditions and values of QuantMage's spells."""

from collections.abc import Mapping

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import Parsed, Unread, names_of_parameters, parameters
from rebalancer.bots.flowchart.formats.elements import Element, quoted
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, STANDARD_DEVIATION_RETURN
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
        *("Month", "IndicatorPercentile", "IndicatorStochastic"),
        *("Drawdown", "13612wMomentum", "13612uMomentum", "Sma12Momentum", "UltimateSmoother", "AroonUp"),
        *("AroonDown", "Aroon", "MACD", "PPO", "TrendClarity"),
    }
)
_SIDE = ("indicator", "ticker_symbol", "days_ago")
_COMBINED: Mapping[str, type[tree.AllOf | tree.AnyOf]] = {
    "AllOf": tree.AllOf,
    "AndCondition": tree.AllOf,
    "AnyOf": tree.AnyOf,
    "OrCondition": tree.AnyOf,
}


def condition(element: Element) -> Parsed:
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
    several = tuple(Unread(condition, each) for each in listed.items())
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
    function, numbers = function_of(named)
    return tree.Indicator(function, numbers, ticker(element[f"{side}_ticker_symbol"]), named.here)


def _must_stand(element: Element, value: float) -> None:
    """Refuses anything but `value`, which changes nothing."""
    if element.given and element.value != value:
        element.must_be(f"{value}, since others are not read yet")


def function_of(element: Element) -> tuple[str, tuple[int, ...]]:
    """The function and its parameters; those of a function that was refused are not looked at."""
    element.only("type", "window")
    name = element["type"].choice(tuple(_FUNCTIONS), _LATER)
    function = _FUNCTIONS[name]
    if element["type"].value != name or not names_of_parameters(function):
        return function, ()
    return function, parameters(function, element.__getitem__)


def ticker(element: Element) -> Symbol:
    text = element.value
    if isinstance(text, str) and (text.startswith(("Subspell", "@")) or "/" in text):
        element.refuse(f"{quoted(text)} is a ratio, a subspell or a figure of the economy, which are not read yet")
        return Symbol("?")
    return element.ticker()
