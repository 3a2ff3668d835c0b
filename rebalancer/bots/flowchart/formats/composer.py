"""Composer's score v1 in plain JSON, as its editor copies it."""

import math
from collections.abc import Callable, Mapping

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats import rebalance
from rebalancer.bots.flowchart.formats.assembly import (
    MAX_ELEMENTS,
    SIDES,
    Parsed,
    Unread,
    assemble,
    selection,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.composer_conditions import (
    BLOCK,
    COMMON,
    CONDITION,
    LATER,
    OPERAND,
    condition,
    function_of,
    ticker,
)
from rebalancer.bots.flowchart.formats.elements import Element

_FILTER = ("sort-by-fn", "sort-by-fn-params", "sort-by-window-days", "select-fn", "select-n")
_MEANING = frozenset(
    {
        *(*COMMON, *_FILTER, *CONDITION, "condition", "is-else-condition?", "ticker", "window-days"),
        *("rebalance", "rebalance-corridor-width", "num", "den", *OPERAND, *BLOCK),
    }
)
# What Composer's editor and site show beside a strategy; the site writes `_` for `-`, and leaves out a last `?`.
_COSMETIC = frozenset(
    {
        *("id", "description", "collapsed?", "collapsed-specified-weight?", "children-count", "weight-method", "price"),
        *("sort-by?", "select?", "suppress-incomplete-warnings?", "suppress-incomplete-warnings", "dollar-volume"),
        *("has-marketcap", "exchange", "asset-class", "asset-classes", "color", "sparkgraph-url", "hashtag", "tags"),
        *("owner", "copied-from", "created-at", "last-updated-at", "last-semantic-update-at", "share-with-everyone?"),
        *("youtube-url", "collapsed", "collapsed-specified-weight", "share-with-everyone"),
    }
)


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    _drop_what_means_nothing(document.value)
    document["step"].choice(("root",))
    document.only(*COMMON, "rebalance", "rebalance-corridor-width")
    rule = rebalance.composers(document["rebalance"], document["rebalance-corridor-width"], "none")
    name = _name(document)
    root = assemble(_branch, document["children"])
    return tree.Chart(name, root, rule) if root else None


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
    return (value is None and key in _MEANING) or key.replace("_", "-") in _COSMETIC


def _step(element: Element) -> Parsed:
    if not isinstance(element.value, dict):
        element.must_be('an object with a "step"')
        return Parsed(None)
    step = element["step"].choice(tuple(_STEPS), LATER)
    if element["step"].value != step:
        return Parsed(None)
    keys, read = _STEPS[step]
    return read(element.only(*COMMON, *keys))


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
    function, numbers = function_of(element["sort-by-fn"], element["sort-by-fn-params"], element["sort-by-window-days"])
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
    otherwise.only(*COMMON, "is-else-condition?")
    parts = (Unread(condition, then), Unread(_branch, then["children"]), Unread(_branch, otherwise["children"]))
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


def _name(element: Element) -> str:
    """Composer's editor writes an empty name where none was given."""
    return element["name"].text() if element["name"].value else "unnamed"


def _expect_no_children(element: Element) -> None:
    if element["children"].given and element["children"].value != []:
        element["children"].refuse(f'"{element["step"].value}" can\'t have children')
