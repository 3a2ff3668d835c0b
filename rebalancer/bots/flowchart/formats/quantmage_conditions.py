"""The conditions and values of QuantMage's spells.

Where its own reference says nothing, as of percentiles, stochastics and months, the keys are read as a public
back-tester of spells reads them; docs/formats.md says which these are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import (
    Parsed,
    Unread,
    indicator,
    names_of_parameters,
    of_ratio,
    parameters,
)
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
    "Drawdown": "drawdown",
    "13612wMomentum": "13612w-momentum",
    "13612uMomentum": "13612u-momentum",
    "Sma12Momentum": "sma12-momentum",
    "UltimateSmoother": "ultimate-smoother",
    "AroonUp": "aroon-up",
    "AroonDown": "aroon-down",
    "Aroon": "aroon-oscillator",
    "MACD": "moving-average-convergence-divergence-histogram",
    "PPO": "percentage-price-oscillator-histogram",
    "TrendClarity": "trend-clarity",
}
_HISTOGRAMS = frozenset({"MACD", "PPO"})
_HISTOGRAM_WINDOWS = (12, 26, 9)
_UNIT_UNKNOWN = frozenset({"13612wMomentum", "13612uMomentum", "Sma12Momentum", "TrendClarity", *_HISTOGRAMS})
_SIDE = ("indicator", "ticker_symbol", "days_ago")
_RIGHT_ONLY = ("rh_value", "rh_value_int", "rh_weight", "rh_bias")
_COMBINED: Mapping[str, type[tree.AllOf | tree.AnyOf]] = {
    "AllOf": tree.AllOf,
    "AndCondition": tree.AllOf,
    "AnyOf": tree.AnyOf,
    "OrCondition": tree.AnyOf,
}
_RANKS: Mapping[str, tree.RankKind] = {"IndicatorPercentile": "percentile", "IndicatorStochastic": "stochastic"}
_SUBSPELL = 'Subspell "'
_LAST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class ConditionReader:
    """Reads the conditions of one incantation.

    `node` reads an incantation; `branches` are those that this one decides between, by the name after "Subspell".
    """

    node: Callable[[Element], Parsed]
    branches: Mapping[str, Element]

    def condition(self, element: Element) -> Parsed:
        if not isinstance(element.value, dict):
            element.must_be('an object with a "condition_type"')
            return Parsed(None)
        kind = element["condition_type"].choice((*_COMBINED, "SingleCondition"))
        if element["condition_type"].value != kind:
            return Parsed(None)
        if kind == "SingleCondition":
            return self._single(element)
        combine = _COMBINED[kind]
        listed = element.only("condition_type", "conditions")["conditions"]
        several = tuple(Unread(self.condition, each) for each in listed.items())
        return Parsed(lambda *conditions: combine(conditions, element.here), several)

    def indicator(self, named: Element, ticker: Element) -> Parsed:
        """An indicator of a ticker, of a ratio of two, or of what a branch would have held."""
        function, numbers = function_of(named)
        text = ticker.value if isinstance(ticker.value, str) else ""
        if text.startswith(_SUBSPELL):
            return self._of_branch(function, numbers, named, ticker)
        if text.count("/") == 1:
            one, other = (ticker.read_as(part) for part in text.split("/"))
            found = of_ratio(named, function, numbers, tree.Ratio(one.ticker(), other.ticker()))
            return Parsed(lambda: found)
        symbol = sole_ticker(ticker)
        return Parsed(lambda: tree.Indicator(function, numbers, symbol, named.here))

    def _of_branch(self, function: str, numbers: tuple[float, ...], named: Element, ticker: Element) -> Parsed:
        name = str(ticker.value).removeprefix(_SUBSPELL).removesuffix('"')
        if name in self.branches:
            return Parsed(indicator(named, function, numbers), (Unread(self.node, self.branches[name]),))
        ticker.must_be("one of " + ", ".join(quoted(f'{_SUBSPELL}{branch}"') for branch in self.branches))
        return Parsed(None)

    def _single(self, element: Element) -> Parsed:
        sides = (f"{side}_{key}" for side in ("lh", "rh") for key in _SIDE)
        element.only("condition_type", "type", "greater_than", "for_days", *sides, *_RIGHT_ONLY)
        kind = element["type"].choice(("IndicatorAndNumber", "BothIndicators", "Month", *_RANKS))
        comparator: tree.Comparator = "gt" if element["greater_than"].flag() else "lt"
        days = element["for_days"].whole(1, MAX_DAYS)
        if element["type"].value != kind:
            return Parsed(None)
        if kind == "Month":
            return _month(element, comparator, days)
        if kind not in _RANKS:
            _check_units(element, right_too=kind == "BothIndicators")
        left, right = self._left(element, _RANKS.get(kind)), self._right(element, kind)
        return Parsed(
            lambda one, other: tree.Compare(one, comparator, other, days, element.here),
            (Unread(lambda _: left, element), Unread(lambda _: right, element)),
        )

    def _left(self, element: Element, rank: tree.RankKind | None) -> Parsed:
        left = self._side(element, "lh")
        if rank is None:
            return left
        window = element["rh_value_int"].whole(1, MAX_DAYS)
        return _then(left, lambda operand: tree.Rank(rank, window, operand, element.here))

    def _right(self, element: Element, kind: str) -> Parsed:
        """What stands for a right indicator beside a number is a filler."""
        if kind != "BothIndicators":
            number = element["rh_value"]
            value = number.number()
            return Parsed(lambda: tree.Constant(value, number.here))
        weight = element["rh_weight"].number() if element["rh_weight"].given else 1.0
        bias = element["rh_bias"].number() if element["rh_bias"].given else 0.0
        return _then(self._side(element, "rh"), lambda operand: _weighted(operand, weight, bias))

    def _side(self, element: Element, side: str) -> Parsed:
        ago = element[f"{side}_days_ago"]
        days = ago.whole(0, MAX_DAYS) if ago.given else 0
        found = self.indicator(element[f"{side}_indicator"], element[f"{side}_ticker_symbol"])
        return _then(found, lambda operand: tree.DaysAgo(days, operand, ago.here) if days else operand)


def _check_units(element: Element, *, right_too: bool) -> None:
    """Refuses an indicator whose unit is not known against anything but 0 or itself."""
    left, right = (element[f"{side}_indicator"]["type"] for side in ("lh", "rh"))
    comparable = left.value == right.value if right_too else element["rh_value"].value == 0
    for side in (left, right) if right_too else (left,):
        if isinstance(side.value, str) and side.value in _UNIT_UNKNOWN and not comparable:
            side.refuse(f"{quoted(side.value)} is read against 0 and itself only: whether it is a percent is not known")


def _then(parsed: Parsed, change: Callable[..., tree.Operand]) -> Parsed:
    """What `parsed` builds, changed."""
    build = parsed.build
    return Parsed(None if build is None else lambda *children: change(build(*children)), parsed.children)


def _weighted(operand: tree.Operand, weight: float, bias: float) -> tree.Operand:
    """Weight * operand + bias, without what changes nothing."""
    if weight != 1:
        operand = tree.Arithmetic("multiply", (tree.Constant(weight, operand.place), operand), operand.place)
    if bias != 0:
        operand = tree.Arithmetic("add", (operand, tree.Constant(bias, operand.place)), operand.place)
    return operand


def _month(element: Element, comparator: tree.Comparator, days: int) -> Parsed:
    """The months after, or before, the one with the number `rh_value_int`."""
    month = element["rh_value_int"].whole(1, 12)
    first, last = (month + 1, 12) if comparator == "gt" else (1, month - 1)
    if first > last:
        element["rh_value_int"].refuse(f"no month is {'above' if comparator == 'gt' else 'below'} {month}")
        return Parsed(None)
    return Parsed(lambda: tree.Dates((first, 1), (last, _LAST_DAYS[last - 1]), days, element.here))


def function_of(element: Element) -> tuple[str, tuple[float, ...]]:
    """The function and its parameters; those of a function that was refused are not looked at."""
    element.only("type", "window")
    name = element["type"].choice(tuple(_FUNCTIONS))
    function = _FUNCTIONS[name]
    if element["type"].value != name or not names_of_parameters(function):
        return function, ()
    return function, _HISTOGRAM_WINDOWS if name in _HISTOGRAMS else parameters(function, element.__getitem__)


def sole_ticker(element: Element) -> Symbol:
    """A ticker that can be held."""
    text = element.value
    if isinstance(text, str) and text.startswith("@"):
        element.refuse(f"{quoted(text)} is a figure of the economy, for which there is no source of prices")
    elif isinstance(text, str) and text.count("/") > 1:
        element.refuse(f"{quoted(text)} is no ticker and no ratio of two")
    elif isinstance(text, str) and (text.startswith(_SUBSPELL) or "/" in text):
        element.refuse(f"{quoted(text)} can't be held; it is read in conditions only")
    else:
        return element.ticker()
    return Symbol("?")
