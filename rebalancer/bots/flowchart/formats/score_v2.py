"""Composer's score v2.

Built from its published description alone: no file and no decision was at hand.
"""

import math
from collections.abc import Callable, Mapping

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats import rebalance
from rebalancer.bots.flowchart.formats.assembly import (
    MAX_ELEMENTS,
    Parsed,
    Unread,
    assemble,
    names_of_parameters,
    parameters,
    selection,
    specified,
    volatility_window,
)
from rebalancer.bots.flowchart.formats.composer_conditions import ticker
from rebalancer.bots.flowchart.formats.elements import Element, quoted
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, INDICATORS, STANDARD_DEVIATION_RETURN

ROOT = "node_root"
_RSI = "fn_relative_strength_index"
_OF_PRICES = {
    "metric_close": CURRENT_PRICE,
    _RSI: "relative-strength-index",
    "fn_simple_moving_average": "moving-average-price",
    "fn_exponential_moving_average": "exponential-moving-average-price",
    "fn_standard_deviation": "standard-deviation-price",
    "fn_cumulative_return": "cumulative-return",
    "fn_max_drawdown": "max-drawdown",
    "fn_percentage_price_oscillator": "percentage-price-oscillator",
    "fn_percentage_price_oscillator_signal": "percentage-price-oscillator-signal",
    "fn_moving_average_convergence_divergence": "moving-average-convergence-divergence",
    "fn_moving_average_convergence_divergence_signal": "moving-average-convergence-divergence-signal",
    "fn_upper_bollinger": "upper-bollinger",
    "fn_lower_bollinger": "lower-bollinger",
}
_OF_RETURNS = {
    "fn_simple_moving_average": "moving-average-return",
    "fn_standard_deviation": STANDARD_DEVIATION_RETURN,
}
_COMPARATORS: Mapping[str, tree.Comparator] = {"fn_gt": "gt", "fn_gte": "gte", "fn_lt": "lt", "fn_lte": "lte"}
_OPPOSITE: Mapping[tree.Comparator, tree.Comparator] = {"gt": "lte", "lte": "gt", "lt": "gte", "gte": "lt"}
_COMMON = ("type", "id", "meta", "children")


def read(document: Element) -> tree.Chart | None:
    """The chart as far as it could be built; to be used only if `document` has no refusals afterwards."""
    document.only(*_COMMON, "score_version", "asset_class", "rebalance", "rebalance_corridor_width")
    rule = rebalance.composers(document["rebalance"], document["rebalance_corridor_width"], "threshold", "none")
    reader = _Reader(_scale(document.value))
    root = assemble(reader.branch, document["children"])
    return tree.Chart(_named(document) or "unnamed", root, rule) if root else None


def _named(element: Element) -> str:
    name = element["meta"]["name"].value
    return name if isinstance(name, str) else ""


def _scale(whole: object) -> float | None:
    """What a constant is multiplied by to be in our percents: 100 if the file's RSIs are fractions, 1 if they are not.

    None where the file has no RSI to tell by, or some of each.
    """
    found: set[float] = set()
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        match part:
            case [_, [str(function), *_], ["fn_constant", int() | float() as value]] | [
                _,
                ["fn_constant", int() | float() as value],
                [str(function), *_],
            ] if function == _RSI and value:
                found.add(100 if 0 < value <= 1 else 1)
        waiting.extend(part.values() if isinstance(part, dict) else part if isinstance(part, list) else ())
    return found.pop() if len(found) == 1 else None


class _Reader:
    """Reads nodes; `scale` is that of the file's constants."""

    def __init__(self, scale: float | None) -> None:
        self.scale = scale
        self.nodes: Mapping[str, Callable[[Element], Parsed]] = {
            "node_asset": self._asset,
            "node_weight": self._weight,
            "node_if": self._if,
            "node_filter": self._filter,
        }

    def branch(self, listed: Element) -> Parsed:
        """A single child as it is; several with equal weights."""
        children = self._children(listed)
        if len(children) == 1:
            return Parsed(lambda child: child, children)
        return Parsed(lambda *nodes: tree.Equal(nodes, listed.here), children)

    def _children(self, listed: Element) -> tuple[Unread, ...]:
        return tuple(Unread(self._node, child) for child in listed.items())

    def _node(self, element: Element) -> Parsed:
        if not isinstance(element.value, dict):
            element.must_be('an object with a "type"')
            return Parsed(None)
        kind = element["type"].choice(tuple(self.nodes))
        return self.nodes[kind](element) if element["type"].value == kind else Parsed(None)

    def _asset(self, element: Element) -> Parsed:
        symbol = ticker(element.only(*_COMMON, "ticker", "exchange")["ticker"])
        return Parsed(lambda: tree.Asset(symbol, element.here))

    def _weight(self, element: Element) -> Parsed:
        element.only(*_COMMON, "weight")
        children = self._children(element["children"])
        build, name = _weighting(element["weight"], len(children)), _named(element)
        if not name.strip():
            return Parsed(build, children)
        return Parsed(lambda *nodes: tree.Group(name, build(*nodes), element.here), children)

    def _if(self, element: Element) -> Parsed:
        element.only(*_COMMON, "condition", "then_children", "else_children")
        sides = (Unread(self.branch, element["then_children"]), Unread(self.branch, element["else_children"]))
        return Parsed(
            lambda condition, then, otherwise: tree.If(condition, then, otherwise, element.here),
            (Unread(self._true, element["condition"]), *sides),
        )

    def _filter(self, element: Element) -> Parsed:
        element.only(*_COMMON, "sort_fn", "take_count", "direction")
        by = element["sort_fn"]
        head, parts = _call(by)
        function, numbers, _subject = _function(parts[0] if head == "weight_every_fn" and parts else by)
        count = element["take_count"].numeric.whole(1, MAX_ELEMENTS)
        side = element["direction"].choice(("asc", "desc"))
        build = selection(element, function, numbers, "bottom" if side == "asc" else "top", count)
        return Parsed(build, self._children(element["children"]))

    def _true(self, element: Element) -> Parsed:
        return self._condition(element, negated=False)

    def _false(self, element: Element) -> Parsed:
        return self._condition(element, negated=True)

    def _condition(self, element: Element, *, negated: bool) -> Parsed:
        """`not` is carried down to the comparisons."""
        head, parts = _call(element)
        inner = self._false if negated else self._true
        if head == "fn_not" and len(parts) == 1:
            return Parsed(lambda condition: condition, (Unread(self._true if negated else self._false, parts[0]),))
        if head in ("fn_and", "fn_or") and parts:
            combine = tree.AllOf if (head == "fn_and") != negated else tree.AnyOf
            listed = parts[0].items() if len(parts) == 1 and _is_list_of_calls(parts[0].value) else parts
            return Parsed(lambda *each: combine(each, element.here), tuple(Unread(inner, part) for part in listed))
        if head not in _COMPARATORS or len(parts) != 2:
            known = ", ".join((*_COMPARATORS, "fn_and", "fn_or", "fn_not"))
            element.refuse(f"{quoted(head)} is no condition that is read; what is read: {known}")
            return Parsed(None)
        comparator = _OPPOSITE[_COMPARATORS[head]] if negated else _COMPARATORS[head]
        left, right = (self._operand(part, beside) for part, beside in (parts, parts[::-1]))
        return Parsed(lambda: tree.Compare(left, comparator, right, 1, element.here))

    def _operand(self, element: Element, beside: Element) -> tree.Operand:
        head, parts = _call(element)
        if head == "fn_constant" and len(parts) == 1:
            return tree.Constant(self._scaled(parts[0], beside), element.here)
        function, numbers, subject = _function(element)
        return tree.Indicator(function, numbers, ticker(subject), element.here)

    def _scaled(self, constant: Element, beside: Element) -> float:
        """The constant in the unit of what it is compared with: prices as they are, fractions as percents."""
        value = constant.numeric.number()
        head, _ = _call(beside)
        function, _, _ = _function(Element(beside.value, beside.place, [], beside.approximations))
        if head == "fn_constant" or value == 0 or INDICATORS[function].unit == "price":
            return value
        if self.scale is None:
            constant.refuse(f"whether {value:g} is a fraction or a percent is not known: no RSI of the file tells")
        return value * (self.scale or 1)


def _call(element: Element) -> tuple[str, list[Element]]:
    """The name and the arguments of a call such as ["fn_gt", a, b]."""
    parts = element.items() if isinstance(element.value, list) and element.value else []
    head = parts[0].value if parts else None
    return (head, parts[1:]) if isinstance(head, str) else ("", [])


def _is_list_of_calls(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, list) for each in value)


def _function(element: Element) -> tuple[str, tuple[float, ...], Element]:
    """The function, its parameters, and the element of its ticker."""
    head, parts = _call(element)
    table, inner = _OF_PRICES, parts[0] if parts else element
    inner_head, inner_parts = _call(inner)
    if inner_head == "fn_rate_of_return" and inner_parts:
        table, inner = _OF_RETURNS, inner_parts[0]
    function = table.get(head)
    of_close = head == "metric_close" or _call(inner)[0] == "metric_close"
    names = names_of_parameters(function) if function else ()
    if function is None or not of_close or len(parts) != 1 + len(names):
        element.refuse(f"{quoted(head)} of this is not read; what is read: {', '.join(_OF_PRICES)} of a metric_close")
        return CURRENT_PRICE, (), Element("SPY", element.place, [])
    written = dict(zip(names, parts[1:], strict=True))
    numbers = parameters(function, lambda name: written[name].numeric)
    return function, numbers, parts[0] if head == "metric_close" else _call(inner)[1][0]


def _weighting(element: Element, children: int) -> Callable[..., tree.Node]:
    head, parts = _call(element)
    inner, inner_parts = _call(parts[0]) if parts else ("", [])
    if head == "weight_equal" and not parts:
        return lambda *nodes: tree.Equal(nodes, element.here)
    if head == "weight_constants" and len(parts) == 1:
        shares = [share.numeric.number() for share in parts[0].items()]
        total = math.fsum(shares)
        if shares and not (len(shares) == children and min(shares) >= 0 and total > 0):
            element.refuse(f"there must be one weight of 0 or more for each of the {children} children")
        return specified(shares, element)
    if head == "weight_every_fn" and inner == "fn_inverse_volatility" and len(inner_parts) == 2:
        window = volatility_window(inner_parts[1].numeric)
        return lambda *nodes: tree.InverseVolatility(window, nodes, element.here)
    known = "weight_equal, weight_constants, and weight_every_fn of fn_inverse_volatility"
    element.refuse(f"{quoted(head)} is not read; what is read: {known}")
    return lambda *nodes: tree.Equal(nodes, element.here)
