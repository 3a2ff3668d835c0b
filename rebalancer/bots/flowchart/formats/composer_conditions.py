"""The conditions of Composer's score v1: the flat keys of an if-child, or a `condition` block in their place."""

import re
from collections.abc import Mapping
from typing import Literal

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import (
    COMPARATORS,
    Parsed,
    Unread,
    names_of_parameters,
    parameters,
)
from rebalancer.bots.flowchart.formats.elements import MAX_BESIDE, Element, quoted
from rebalancer.model import Symbol

COMMON = ("step", "name", "weight", "children")
"""A `weight` has a meaning under wt-cash-specified alone; elsewhere it is stale."""
CONDITION = (
    *("comparator", "lhs-fn", "lhs-fn-params", "lhs-window-days", "lhs-val"),
    *("rhs-fixed-value?", "rhs-fn", "rhs-fn-params", "rhs-window-days", "rhs-val"),
)
OPERAND = ("params", "ticker", "constant", "window")
BLOCK = ("condition-type", "operator", "conditions", "tickers", "lhs", "rhs")
_EACH = "%"
"""Stands for each of a block's `tickers`."""
_COMBINED: Mapping[str, type[tree.AllOf | tree.AnyOf]] = {"all": tree.AllOf, "any": tree.AnyOf}
_EQUITY = re.compile(r"EQUITIES::(.+)//USD")

# Known to Composer and not supported here: refused as "not read yet" rather than as unknown.
LATER = frozenset({"wt-marketcap", "eq"})

FUNCTIONS = (
    *("current-price", "moving-average-price", "exponential-moving-average-price", "cumulative-return"),
    *("moving-average-return", "relative-strength-index", "standard-deviation-return", "standard-deviation-price"),
    *("max-drawdown", "percentage-price-oscillator", "percentage-price-oscillator-signal"),
    *("moving-average-convergence-divergence", "moving-average-convergence-divergence-signal"),
    *("lower-bollinger", "upper-bollinger"),
)
"""Composer's own; ours have the same names."""


def condition(side: Element) -> Parsed:
    if side["condition"].given:  # it replaces the flat keys beside it, which may be stale and are not validated
        return _block(side["condition"])
    side.only(*COMMON, "is-else-condition?", *CONDITION)
    left = _flat_indicator(side, "lhs")
    comparator = side["comparator"].choice(COMPARATORS, LATER)
    before, is_fixed = len(side.refusals), _is_fixed(side)
    if len(side.refusals) > before:
        return Parsed(None)
    fixed = side["rhs-val"].numeric
    right = tree.Constant(fixed.number(), fixed.here) if is_fixed else _flat_indicator(side, "rhs")
    return Parsed(lambda: tree.Compare(left, comparator, right, 1, side.here))


def _block(element: Element) -> Parsed:
    kind = element["condition-type"].choice(("binary", "compound", "binary-compound"))
    if not isinstance(element.value, dict):
        element.must_be('an object with a "condition-type"')
    if element["condition-type"].value != kind:
        return Parsed(None)
    if kind == "compound":
        element.only("condition-type", "operator", "conditions")
        combine = _COMBINED[element["operator"].choice(tuple(_COMBINED))]
        several = tuple(Unread(_block, each) for each in element["conditions"].items())
        return Parsed(lambda *conditions: combine(conditions, element.here), several)
    if kind == "binary":
        compared = _compared(element.only("condition-type", "lhs", "comparator", "rhs"), None)
        return Parsed(lambda: compared)
    element.only("condition-type", "operator", "tickers", "lhs", "comparator", "rhs")
    combine = _COMBINED[element["operator"].choice(tuple(_COMBINED))]
    each = tuple(
        _compared(element, symbol) for symbol in [ticker(item) for item in element["tickers"].items(MAX_BESIDE)]
    )
    return Parsed(lambda: combine(each, element.here))


def _compared(element: Element, symbol: Symbol | None) -> tree.Compare:
    comparator = element["comparator"].choice(COMPARATORS, LATER)
    left, right = _operand(element["lhs"], symbol), _operand(element["rhs"], symbol)
    return tree.Compare(left, comparator, right, 1, element.here)


def _operand(element: Element, symbol: Symbol | None) -> tree.Operand:
    if isinstance(element.value, dict) and element["constant"].given:
        return tree.Constant(element.only("constant")["constant"].numeric.number(), element.here)
    element.only("fn", "params", "ticker")
    function, numbers = function_of(element["fn"], element["params"], element.read_as({})["window"])
    each = symbol is not None and element["ticker"].value == _EACH
    return tree.Indicator(function, numbers, symbol if each and symbol else ticker(element["ticker"]), element.here)


def _is_fixed(side: Element) -> bool:
    """Whether the right side is a number; a "rhs-fn" beside it is then stale and ignored."""
    if side["rhs-fixed-value?"].given:
        return side["rhs-fixed-value?"].flag()
    return not side["rhs-fn"].given or side["rhs-val"].numeric.is_number


def _flat_indicator(side: Element, name: Literal["lhs", "rhs"]) -> tree.Indicator:
    function, numbers = function_of(side[f"{name}-fn"], side[f"{name}-fn-params"], side[f"{name}-window-days"])
    return tree.Indicator(function, numbers, ticker(side[f"{name}-val"]), side[f"{name}-fn"].here)


def function_of(name: Element, params: Element, legacy: Element) -> tuple[str, tuple[float, ...]]:
    """The parameters of a function that was refused have no meaning, and are not looked at."""
    function = name.choice(FUNCTIONS, LATER)
    return function, _parameters(function, params, legacy) if name.value == function else ()


def _parameters(function: str, params: Element, legacy: Element) -> tuple[float, ...]:
    """The parameters of `function`; older files have the window under a key of its own.

    A current price has none; those in the file are ignored.
    """
    names = names_of_parameters(function)
    if not names:
        return ()
    written = params if params.given else params.read_as({})
    keys = keys_of_parameters(function, written)
    one_window = legacy.given and names == ("window",)
    if one_window and not written["window"].given:
        return parameters(function, lambda _name: legacy.numeric)
    numbers = parameters(function, lambda name: written[keys[name]].numeric)
    if one_window and parameters(function, lambda _name: legacy.numeric) != numbers:
        legacy.refuse(f'"{params.here.step}" has another window; delete one of the two')
    return numbers


def keys_of_parameters(function: str, written: Element, prefix: str = "") -> Mapping[str, str]:
    """The key of each parameter in `written`; refuses any other.

    Composer's name for the number of a Bollinger band's deviations is not known: it is what stands beside the window.
    """
    keys = {name: f"{prefix}{name}" for name in names_of_parameters(function)}
    if "deviations" in keys and isinstance(written.value, dict) and len(written.value) == len(keys):
        others = written.value.keys() - {keys["window"]}
        keys["deviations"] = others.pop() if len(others) == 1 else keys["deviations"]
    written.only(*keys.values())
    return keys


def ticker(element: Element) -> Symbol:
    """EQUITIES::SPY//USD is SPY."""
    text = element.value
    if not isinstance(text, str):
        return element.ticker()
    equity = _EQUITY.fullmatch(text)
    plain = equity[1] if equity else text
    if not plain.startswith("CRYPTO::") and not plain.endswith("/USD"):
        return element.read_as(plain).ticker()
    element.refuse(f"{quoted(plain)} is a crypto ticker, which is not read yet; what is read: tickers of US shares")
    return Symbol(plain)
