"""Composer's text export, `(defsymphony …)`, and the same as JSON lists."""

import math
from collections.abc import Callable, Mapping

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.edn import Form
from rebalancer.bots.flowchart.formats.assembly import (
    MAX_ELEMENTS,
    Parsed,
    Side,
    Unread,
    assemble,
    names_of_parameters,
    parameters,
    selection,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.composer_conditions import FUNCTIONS, LATER, keys_of_parameters, ticker
from rebalancer.bots.flowchart.formats.elements import LINE, Element, quoted
from rebalancer.bots.flowchart.formats.rebalance import PERIODS, threshold
from rebalancer.bots.flowchart.place import Place
from rebalancer.bots.flowchart.rule import Period, Rebalance

HEAD = "defsymphony"
_COMPARATORS: Mapping[str, tree.Comparator] = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_SIDES: Mapping[str, Side] = {"select-top": "top", "select-bottom": "bottom"}
_PERIODS: Mapping[str, Period] = {f":{period}": period for period in PERIODS}
_SHORT = {
    "rsi": "relative-strength-index",
    "stdev-return": "standard-deviation-return",
    "stdev-price": "standard-deviation-price",
}
_FORMS = {
    HEAD: f'({HEAD} "name" {{:rebalance-frequency :daily}} tree)',
    "asset": '(asset "SPY" "name")',
    "group": '(group "name" [children])',
    "if": "(if condition [then] [else])",
    "filter": "(filter (function {:window 10}) (select-top 1) [children])",
    "weight-equal": "(weight-equal [children])",
    "weight-specified": "(weight-specified 0.25 child 0.75 child)",
    "weight-inverse-volatility": "(weight-inverse-volatility 20 [children])",
}


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    whole = _located(document)
    parts = _parts(whole)
    if not 3 <= len(parts) <= 4 or parts[0].value != HEAD:
        whole.refuse(f"must be {_FORMS[HEAD]}")
        return None
    name = parts[1].text()
    rule = _rebalance(parts[2].at(whole.place)) if len(parts) == 4 else "daily"
    root = assemble(_node, parts[-1])
    return tree.Chart(name, root, rule) if root else None


def _rebalance(options: Element) -> Rebalance:
    options.only(":asset-class", ":rebalance-frequency", ":rebalance-threshold")
    frequency, width = options[":rebalance-frequency"], options[":rebalance-threshold"]
    if not width.given:
        return _PERIODS[frequency.choice(tuple(_PERIODS))]
    if frequency.given:
        width.refuse('":rebalance-frequency" stands beside it; delete one of the two')
    return threshold(width.numeric, 1)


def _located(element: Element) -> Element:
    """`element` with the line of its text as its place; JSON lists have none and keep their path."""
    if isinstance(element.value, Form):
        return element.at(Place(None, f"{LINE}{element.value.line}"))
    return element


def _parts(form: Element) -> list[Element]:
    return [_located(part) for part in form.items()]


def _node(element: Element) -> Parsed:
    parts = _parts(element) if isinstance(element.value, list) else []
    head = parts[0].value if parts else None
    if not isinstance(head, str) or head not in _NODES:
        shown = f'"({head[:40]} …)"' if isinstance(head, str) else "this"
        element.refuse(f"{shown} is no part of a chart that is read; what is read: {', '.join(_NODES)}")
        return Parsed(None)
    parsed = _NODES[head](element, parts[1:])
    if parsed is None:
        element.refuse(f"must be {_FORMS[head]}")
    return parsed or Parsed(None)


def _children(listed: Element) -> tuple[Unread, ...]:
    return tuple(Unread(_node, child) for child in _parts(listed))


def _branch(listed: Element) -> Parsed:
    """A single child as it is; several with equal weights."""
    children = _children(listed)
    if len(children) == 1:
        return Parsed(lambda child: child, children)
    return Parsed(lambda *nodes: tree.Equal(nodes, listed.here), children)


def _asset(node: Element, parts: list[Element]) -> Parsed | None:
    if not 1 <= len(parts) <= 2:
        return None
    symbol = ticker(parts[0])
    return Parsed(lambda: tree.Asset(symbol, node.here))


def _group(node: Element, parts: list[Element]) -> Parsed | None:
    if len(parts) != 2:
        return None
    name = parts[0].text() if parts[0].value else "unnamed"
    return Parsed(lambda child: tree.Group(name, child, node.here), (Unread(_branch, parts[1]),))


def _equal(node: Element, parts: list[Element]) -> Parsed | None:
    if len(parts) != 1:
        return None
    return Parsed(lambda *children: tree.Equal(children, node.here), _children(parts[0]))


def _specified(node: Element, parts: list[Element]) -> Parsed | None:
    """As in Composer's JSON, children of weight 0 are dropped and the other weights are normalised to a sum of 1."""
    if not parts or len(parts) % 2:
        return None
    weights = [part.numeric.number() for part in parts[::2]]
    if not (min(weights) >= 0 and math.fsum(weights) > 0):
        node.refuse("the weights must be 0 or more, and one at least above 0")
    kept = [(weight, child) for weight, child in zip(weights, parts[1::2], strict=True) if weight != 0]
    total = math.fsum(weight for weight, _ in kept)
    shares = tuple(weight / total for weight, _ in kept)
    children = tuple(Unread(_node, child) for _, child in kept)
    return Parsed(lambda *nodes: tree.Specified(shares, nodes, node.here), children)


def _inverse_volatility(node: Element, parts: list[Element]) -> Parsed | None:
    if len(parts) != 2:
        return None
    window = volatility_window(_window(parts[0]))
    return Parsed(lambda *nodes: tree.InverseVolatility(window, nodes, node.here), _children(parts[1]))


def _filter(node: Element, parts: list[Element]) -> Parsed | None:
    by, select = (_parts(part) if isinstance(part.value, list) else [] for part in (*parts, node, node)[:2])
    if len(parts) != 3 or not by or len(select) != 2:
        return None
    function, numbers = _function(by[0], by[1:])
    side = select[0].choice(tuple(_SIDES))
    count = select[1].numeric.whole(1, MAX_ELEMENTS)
    return Parsed(selection(node, function, numbers, _SIDES[side], count), _children(parts[2]))


def _if(node: Element, parts: list[Element]) -> Parsed | None:
    if len(parts) != 3:
        return None
    condition, then, otherwise = parts
    unread = (Unread(_condition, condition), Unread(_branch, then), Unread(_branch, otherwise))
    return Parsed(lambda test, yes, no: tree.If(test, yes, no, node.here), unread)


_NODES: Mapping[str, Callable[[Element, list[Element]], Parsed | None]] = {
    "asset": _asset,
    "group": _group,
    "if": _if,
    "filter": _filter,
    "weight-equal": _equal,
    "weight-specified": _specified,
    "weight-inverse-volatility": _inverse_volatility,
}


def _condition(element: Element) -> Parsed:
    parts = _parts(element) if isinstance(element.value, list) else []
    head = parts[0].value if parts else None
    if head in ("and", "or") and len(parts) > 1:
        combine = tree.AllOf if head == "and" else tree.AnyOf
        several = tuple(Unread(_condition, part) for part in parts[1:])
        return Parsed(lambda *conditions: combine(conditions, element.here), several)
    if not isinstance(head, str) or head not in _COMPARATORS or len(parts) != 3:
        shown = quoted(head) if isinstance(head, str) else "this"
        element.refuse(f"{shown} is no condition that is read; what is read: > >= < <= of two values, (and …), (or …)")
        return Parsed(None)
    sides = (Unread(_operand, parts[1]), Unread(_operand, parts[2]))
    comparator = _COMPARATORS[head]
    return Parsed(lambda left, right: tree.Compare(left, comparator, right, 1, element.here), sides)


def _operand(element: Element) -> Parsed:
    if not isinstance(element.value, list):
        value = element.numeric.number('a number or an indicator such as (rsi "SPY" {:window 10})')
        return Parsed(lambda: tree.Constant(value, element.here))
    parts = _parts(element)
    if not 2 <= len(parts) <= 3 or not isinstance(parts[1].value, str):
        element.refuse('must be an indicator such as (rsi "SPY" {:window 10})')
        return Parsed(None)
    function, numbers = _function(parts[0], parts[2:])
    symbol = ticker(parts[1])
    return Parsed(lambda: tree.Indicator(function, numbers, symbol, element.here))


def _function(name: Element, written: list[Element]) -> tuple[str, tuple[float, ...]]:
    """The function and its parameters: a map, or in older texts the bare window."""
    match name.value:
        case ["unimplemented", str(unnamed)]:  # Composer's own mark for what its export has no word for
            name = name.read_as(unnamed.removeprefix(":"))
        case str(short):
            name = name.read_as(_SHORT.get(short, short))
    function = name.choice(FUNCTIONS, LATER)
    if name.value != function or not (names := names_of_parameters(function)):
        return function, ()
    if not written:
        example = " ".join(f":{each} 10" for each in names)
        name.refuse(f"{quoted(function)} needs its {' and '.join(names)}, such as {{{example}}}")
        return function, ()
    if names == ("window",):
        return function, parameters(function, lambda _name: _window(written[0]))
    keys = keys_of_parameters(function, written[0], ":")
    return function, parameters(function, lambda parameter: written[0][keys[parameter]].numeric)


def _window(written: Element) -> Element:
    """A map with the window, or in older texts the bare number."""
    return written.only(":window")[":window"].numeric if isinstance(written.value, dict) else written.numeric
