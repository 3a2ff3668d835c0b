"""Composer's score v1 in plain JSON, as its editor copies it, with daily rebalancing."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import (
    COMPARATORS,
    FUNCTIONS,
    MAX_ELEMENTS,
    SIDES,
    Parsed,
    Unread,
    assemble,
    names_of_parameters,
    parameters,
    selection,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.elements import Element, quoted
from rebalancer.model import Symbol

_COMMON = ("step", "name", "weight", "children")
"""A `weight` has a meaning under wt-cash-specified alone; elsewhere it is stale."""
_FILTER = ("sort-by-fn", "sort-by-fn-params", "sort-by-window-days", "select-fn", "select-n")
_CONDITION = (
    *("comparator", "lhs-fn", "lhs-fn-params", "lhs-window-days", "lhs-val"),
    *("rhs-fixed-value?", "rhs-fn", "rhs-fn-params", "rhs-window-days", "rhs-val"),
)
_MEANING = frozenset(
    {
        *(*_COMMON, *_FILTER, *_CONDITION, "condition", "is-else-condition?", "ticker", "window-days"),
        *("rebalance", "rebalance-corridor-width", "num", "den", "window"),
    }
)
# What Composer's editor and site show beside a strategy, as `_plain` spells it.
_COSMETIC = frozenset(
    {
        *("id", "description", "collapsed", "collapsed-specified-weight", "children-count", "weight-method", "select"),
        *("sort-by", "suppress-incomplete-warnings", "price", "dollar-volume", "has-marketcap", "exchange", "tags"),
        *("asset-class", "asset-classes", "color", "sparkgraph-url", "hashtag", "owner", "created-at", "copied-from"),
        *("last-updated-at", "last-semantic-update-at", "share-with-everyone", "youtube-url"),
    }
)
_EQUITY = re.compile(r"EQUITIES::(.+)//USD")

# Known to Composer and not supported here: refused as "not read yet" rather than as unknown.
LATER = frozenset(
    {
        *("none", "weekly", "monthly", "quarterly", "yearly", "wt-marketcap", "eq"),
        *("percentage-price-oscillator", "percentage-price-oscillator-signal"),
        *("moving-average-convergence-divergence", "moving-average-convergence-divergence-signal"),
        *("lower-bollinger", "upper-bollinger"),
    }
)


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    _drop_what_means_nothing(document.value)
    document["step"].choice(("root",))
    document.only(*_COMMON, "rebalance", "rebalance-corridor-width")
    document["rebalance"].choice(("daily",), LATER)
    if document["rebalance"].value == "daily" and document["rebalance-corridor-width"].given:
        document["rebalance-corridor-width"].refuse('a corridor has no meaning with "rebalance" "daily"; delete it')
    name = _name(document)
    root = assemble(_branch, document["children"])
    return tree.Chart(name, root) if root else None


def _drop_what_means_nothing(value: object) -> None:
    """Drops the editor's own keys, and keys that are null, which is Composer's "not set"."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            for key in [key for key, under in part.items() if _means_nothing(key, under)]:
                del part[key]
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _means_nothing(key: str, value: object) -> bool:
    return (value is None and key in _MEANING) or _plain(key) in _COSMETIC


def _plain(key: str) -> str:
    """One spelling of a key: the site's exports write `asset_class`, the editor `collapsed?`."""
    return key.removesuffix("?").replace("_", "-")


def _step(element: Element) -> Parsed:
    if not isinstance(element.value, dict):
        element.must_be('an object with a "step"')
        return Parsed(None)
    step = element["step"].choice(tuple(_STEPS), LATER)
    if element["step"].value != step:
        return Parsed(None)
    keys, read = _STEPS[step]
    return read(element.only(*_COMMON, *keys))


def _steps(listed: Element) -> tuple[Unread, ...]:
    return tuple(Unread(_step, child) for child in listed.items())


def _branch(listed: Element) -> Parsed:
    """A single child as it is; several with equal weights."""
    children = _steps(listed)
    if len(children) == 1:
        return Parsed(lambda child: child, children)
    return Parsed(lambda *nodes: tree.Equal(nodes, listed.here), children)


def _asset(element: Element) -> Parsed:
    _expect_no_children(element)
    symbol = ticker(element["ticker"])
    return Parsed(lambda: tree.Asset(symbol, element.here))


def _empty(element: Element) -> Parsed:
    _expect_no_children(element)
    return Parsed(lambda: tree.Cash(element.here))


def _group(element: Element) -> Parsed:
    name = _name(element)
    return Parsed(lambda child: tree.Group(name, child, element.here), (Unread(_branch, element["children"]),))


def _equal(element: Element) -> Parsed:
    return Parsed(lambda *children: tree.Equal(children, element.here), _steps(element["children"]))


def _specified(element: Element) -> Parsed:
    """As in Composer, children of weight 0 are dropped and the other weights are normalised to a sum of 1."""
    weighed = [(child, _weight(child["weight"])) for child in element["children"].items()]
    kept = [(child, weight) for child, weight in weighed if weight != 0]
    total = math.fsum(weight for _, weight in kept)
    if weighed and not 0 < total < math.inf:
        element.refuse(f"the weights of the children sum to {total:g}; one at least must be above 0")
    children = tuple(Unread(_step, child) for child, _ in kept)
    return Parsed(
        lambda *nodes: tree.Specified(tuple(weight / total for _, weight in kept), nodes, element.here), children
    )


def _weight(element: Element) -> float:
    element.only("num", "den")
    over, under = element["num"].numeric.number(), element["den"].numeric.number()
    if over >= 0 and under > 0:
        return over / under
    element.refuse('the weight must be a "num" of 0 or more over a "den" above 0')
    return 1.0


def _inverse_volatility(element: Element) -> Parsed:
    window = volatility_window(element["window-days"].numeric)
    return Parsed(lambda *nodes: tree.InverseVolatility(window, nodes, element.here), _steps(element["children"]))


def _filter(element: Element) -> Parsed:
    function, numbers = _function(element["sort-by-fn"], element["sort-by-fn-params"], element["sort-by-window-days"])
    side = element["select-fn"].choice(SIDES)
    count = element["select-n"].numeric.whole(1, MAX_ELEMENTS)
    return Parsed(selection(element, function, numbers, side, count), _steps(element["children"]))


def _if(element: Element) -> Parsed:
    before, sides = len(element.refusals), element["children"].items()
    flags = [side["is-else-condition?"].flag() if side["is-else-condition?"].given else False for side in sides]
    if len(element.refusals) > before:
        return Parsed(None)
    tested = [side for side, is_else in zip(sides, flags, strict=True) if not is_else]
    untested = [side for side, is_else in zip(sides, flags, strict=True) if is_else]
    if len(tested) != 1 or len(untested) != 1 or any(side["step"].value != "if-child" for side in sides):
        element.refuse('an "if" must have two "if-child": one with a condition, one with "is-else-condition?": true')
        return Parsed(None)
    then, otherwise = tested[0], untested[0]
    otherwise.only(*_COMMON, "is-else-condition?")
    parts = (Unread(_condition, then), Unread(_branch, then["children"]), Unread(_branch, otherwise["children"]))
    return Parsed(lambda condition, yes, no: tree.If(condition, yes, no, element.here), parts)


_STEPS: Mapping[str, tuple[tuple[str, ...], Callable[[Element], Parsed]]] = {
    "asset": (("ticker",), _asset),
    "empty": ((), _empty),
    "group": ((), _group),
    "if": ((), _if),
    "filter": (_FILTER, _filter),
    "wt-cash-equal": ((), _equal),
    "wt-cash-specified": ((), _specified),
    "wt-inverse-vol": (("window-days",), _inverse_volatility),
}


def _condition(side: Element) -> Parsed:
    if side["condition"].given:
        # It replaces the flat keys beside it, which may be stale, so those are not validated.
        side["condition"].refuse(
            '"condition" is not read yet; what is read: "lhs-fn", "comparator" and "rhs-fn" or "rhs-val"'
        )
        return Parsed(None)
    side.only(*_COMMON, "is-else-condition?", *_CONDITION)
    left = _indicator(side, "lhs")
    comparator = side["comparator"].choice(COMPARATORS, LATER)
    before, is_fixed = len(side.refusals), _is_fixed(side)
    if len(side.refusals) > before:
        return Parsed(None)
    fixed = side["rhs-val"].numeric
    right = tree.Constant(fixed.number(), fixed.here) if is_fixed else _indicator(side, "rhs")
    return Parsed(lambda: tree.Compare(left, comparator, right, 1, side.here))


def _is_fixed(side: Element) -> bool:
    """Whether the right side is a number; a "rhs-fn" beside it is then stale and ignored."""
    if side["rhs-fixed-value?"].given:
        return side["rhs-fixed-value?"].flag()
    return not side["rhs-fn"].given or side["rhs-val"].numeric.is_number


def _indicator(side: Element, name: Literal["lhs", "rhs"]) -> tree.Indicator:
    function, numbers = _function(side[f"{name}-fn"], side[f"{name}-fn-params"], side[f"{name}-window-days"])
    return tree.Indicator(function, numbers, ticker(side[f"{name}-val"]), side[f"{name}-fn"].here)


def _function(name: Element, params: Element, legacy: Element) -> tuple[str, tuple[int, ...]]:
    """The parameters of a function that was refused have no meaning, and are not looked at."""
    function = name.choice(FUNCTIONS, LATER)
    return function, _parameters(function, params, legacy) if name.value == function else ()


def _parameters(function: str, params: Element, legacy: Element) -> tuple[int, ...]:
    """The parameters of `function`; older files have the window under a key of its own.

    A current price has none; those in the file are ignored.
    """
    names = names_of_parameters(function)
    if not names:
        return ()
    written = params.only(*names) if params.given else replace(params, value={})
    if legacy.given and not written["window"].given:
        return parameters(function, lambda _name: legacy.numeric)
    numbers = parameters(function, lambda name: written[name].numeric)
    if legacy.given and parameters(function, lambda _name: legacy.numeric) != numbers:
        legacy.refuse(f'"{params.here.step}" has another window; delete one of the two')
    return numbers


def ticker(element: Element) -> Symbol:
    """EQUITIES::SPY//USD is SPY."""
    text = element.value
    if not isinstance(text, str):
        return element.ticker()
    equity = _EQUITY.fullmatch(text)
    plain = equity[1] if equity else text
    if not plain.startswith("CRYPTO::") and not plain.endswith("/USD"):
        return replace(element, value=plain).ticker()
    element.refuse(f"{quoted(plain)} is a crypto ticker, which is not read yet; what is read: tickers of US shares")
    return Symbol(plain)


def _name(element: Element) -> str:
    """Composer's editor writes an empty name where none was given."""
    return element["name"].text() if element["name"].value else "unnamed"


def _expect_no_children(element: Element) -> None:
    if element["children"].given and element["children"].value != []:
        element["children"].refuse(f'"{element["step"].value}" can\'t have children')
