"""The conditions and values of our own format."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, get_args

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.arithmetic import OPERATIONS, RANKS
from rebalancer.bots.flowchart.formats.assembly import (
    COMPARATORS,
    CROSSINGS,
    FUNCTIONS,
    MAX_ELEMENTS,
    Parsed,
    Unread,
    crossing_for_days,
    indicator,
    names_of_parameters,
    of_ratio,
    parameters,
)
from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.place import Place

MAX_DAYS = 10_000

_A_VALUE = 'a number or an object with one function, such as {"current-price": {"of": "SPY"}}'
# Compiled when there is a date: few charts have one.
_MONTH_DAY = (
    r"(01|03|05|07|08|10|12)-(0[1-9]|[12][0-9]|3[01])|(04|06|09|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9])"
)
_LISTED = ("all", "any", "none")
_COUNTED: Mapping[str, tree.Quantifier] = {name: name for name in get_args(tree.Quantifier)}
_RANKS: Mapping[str, tree.RankKind] = {kind: kind for kind in RANKS}
_OPERATIONS: Mapping[str, tree.Operation] = {name: name for name in OPERATIONS}
_WITH_A_VALUE = (*FUNCTIONS, "days_ago", *_RANKS, *_OPERATIONS)


class ConditionReader(NamedTuple):
    """`node` reads a part of the chart, where an indicator is computed on one."""

    node: Callable[[Element], Parsed]

    def condition(self, element: Element) -> Parsed:
        keys = element.value.keys() if isinstance(element.value, dict) else ()
        if any(key in keys for key in (*_LISTED, *_COUNTED)):
            return self._several(element)
        if "dates" in keys:
            return _dates(element)
        if "entered" in keys:
            body = element.only("entered")["entered"].only("if", "left_if")
            sides = (Unread(self.condition, body["if"]), Unread(self.condition, body["left_if"]))
            return Parsed(lambda enter, leave: tree.Entered(enter, leave, element.here), sides)
        element.only("left", "is", "right", "for_days")
        comparator = element["is"].choice((*COMPARATORS, *CROSSINGS))
        days = _for_days(element)
        crossing_for_days(element, comparator, days)
        sides = (Unread(self.value, element["left"]), Unread(self.value, element["right"]))
        return Parsed(lambda left, right: tree.Compare(left, comparator, right, days, element.here), sides)

    def _several(self, element: Element) -> Parsed:
        kind = element.only_one((*_LISTED, *_COUNTED))
        if kind is None:
            return Parsed(None)
        if kind in _COUNTED:
            return self._counted(_COUNTED[kind], element[kind].only("count", "of"), element)
        return Parsed(lambda *conditions: _combined(kind, conditions, element.here), self._parts(element[kind]))

    def _parts(self, listed: Element) -> tuple[Unread, ...]:
        return tuple(Unread(self.condition, part) for part in listed.items())

    def _counted(self, quantifier: tree.Quantifier, body: Element, element: Element) -> Parsed:
        parts, number = self._parts(body["of"]), body["count"].whole(0, MAX_ELEMENTS)
        if number > len(parts) > 0:
            body["count"].refuse(f"{number:,} is more than the conditions, which are {len(parts):,}")
        return Parsed(lambda *conditions: tree.CountOf(quantifier, number, conditions, element.here), parts)

    def value(self, element: Element) -> Parsed:
        if not isinstance(element.value, dict):
            value = element.number(_A_VALUE)
            return Parsed(lambda: tree.Constant(value, element.here))
        kind = element.only_one(_WITH_A_VALUE)
        if kind is None:
            return Parsed(None)
        body = element[kind]
        if kind == "days_ago":
            days = body.only("days", "of")["days"].whole(1, MAX_DAYS)
            return Parsed(lambda operand: tree.DaysAgo(days, operand, element.here), self._operands(body["of"]))
        if kind in _RANKS:
            return self._rank(_RANKS[kind], body, element)
        if kind in _OPERATIONS:
            return self._calculated(_OPERATIONS[kind], body, element)
        return self._indicator(kind, body, element)

    def _operands(self, *elements: Element) -> tuple[Unread, ...]:
        return tuple(Unread(self.value, element) for element in elements)

    def _rank(self, kind: tree.RankKind, body: Element, element: Element) -> Parsed:
        window = body.only("window", "of")["window"].whole(1, MAX_DAYS)
        return Parsed(lambda operand: tree.Rank(kind, window, operand, element.here), self._operands(body["of"]))

    def _calculated(self, operation: tree.Operation, body: Element, element: Element) -> Parsed:
        least, most = OPERATIONS[operation].least, OPERATIONS[operation].most
        listed = [body] if most == 1 else body.items()
        if listed and not least <= len(listed) <= (most or len(listed)):
            body.must_be("a list of two values" if most else "a list of two or more values")
        return Parsed(lambda *operands: tree.Arithmetic(operation, operands, element.here), self._operands(*listed))

    def _indicator(self, function: str, body: Element, element: Element) -> Parsed:
        numbers = parameters_beside(function, body, "of")
        subject = body["of"]
        if isinstance(subject.value, dict) and "ratio" in subject.value:
            return _of_ratio(function, numbers, subject, element)
        if isinstance(subject.value, dict):
            return Parsed(indicator(element, function, numbers), (Unread(self.node, subject),))
        symbol = subject.ticker()
        return Parsed(lambda: tree.Indicator(function, numbers, symbol, element.here))


def parameters_beside(function: str, element: Element, *others: str) -> tuple[float, ...]:
    """The parameters of `function` in an object that also has the keys `others`."""
    return parameters(function, element.only(*others, *names_of_parameters(function)).__getitem__)


def _of_ratio(function: str, numbers: tuple[float, ...], subject: Element, element: Element) -> Parsed:
    tickers = [each.ticker() for each in subject.only("ratio")["ratio"].items()]
    if len(tickers) not in (0, 2):
        subject["ratio"].must_be("a list of two tickers")
    if len(tickers) != 2:
        return Parsed(None)
    found = of_ratio(element, function, numbers, tree.Ratio(*tickers))
    return Parsed(lambda: found)


def _combined(kind: str, conditions: tuple[tree.Condition, ...], place: Place) -> tree.Condition:
    match kind:
        case "all":
            return tree.AllOf(conditions, place)
        case "any":
            return tree.AnyOf(conditions, place)
        case _:
            return tree.CountOf("exactly", 0, conditions, place)


def _dates(element: Element) -> Parsed:
    body = element.only("dates", "for_days")["dates"].only("from", "to")
    first, last = _month_day(body["from"]), _month_day(body["to"])
    days = _for_days(element)
    return Parsed(lambda: tree.Dates(first, last, days, element.here))


def _month_day(element: Element) -> tree.MonthDay:
    if isinstance(element.value, str) and re.fullmatch(_MONTH_DAY, element.value):
        month, day = element.value.split("-")
        return int(month), int(day)
    element.must_be('a month and a day, such as "11-30"')
    return 1, 1


def _for_days(element: Element) -> int:
    return element["for_days"].whole(1, MAX_DAYS) if element["for_days"].given else 1
