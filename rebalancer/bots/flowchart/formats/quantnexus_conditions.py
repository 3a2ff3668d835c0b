"""The conditions of QuantNexus' flowcharts: lines that "and" and "or" join, and items of which a number must hold."""

from collections.abc import Mapping
from dataclasses import dataclass

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import crossing_for_days, of_ratio
from rebalancer.bots.flowchart.formats.elements import MAX_BESIDE, Element, quoted
from rebalancer.bots.flowchart.formats.quantnexus_formulas import VARIABLES, formula
from rebalancer.bots.flowchart.formats.quantnexus_metrics import METRICS, Metric, metric_of

MAX_DAYS = 10_000
_CONDITION = (
    *("id", "type", "ticker", "metric", "window", "comparator", "comparison", "threshold", "expanded", "forDays"),
    *("rightTicker", "rightMetric", "rightWindow", "dateMonth", "dateDay", "dateTo"),
    *("conditionMode", "rightConditionMode"),
)
_COMPARATORS: Mapping[str, tree.Comparator | tree.Crossing] = {
    "gt": "gt",
    "lt": "lt",
    "crossAbove": "crosses-above",
    "crossBelow": "crosses-below",
    "Greater Than": "gt",
    "Less Than": "lt",
}
_COUNTED: Mapping[str, tree.Quantifier] = {"exactly": "exactly", "atLeast": "at_least", "atMost": "at_most"}
_CUSTOM = "custom:"
_LAST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class ConditionReader:
    """`formulas` are those of the bot's custom indicators, by their id."""

    formulas: Mapping[str, Element]

    def lines(self, listed: Element) -> tree.Condition | None:
        """All of the lines, where "and" binds tighter than "or"; None where a line was refused."""
        groups: list[list[tree.Condition]] = []
        before = len(listed.refusals)
        for number, line in enumerate(listed.items(MAX_BESIDE)):
            kind = line["type"].choice(("if", "and", "or")) if line["type"].given else "and"
            if number == 0 or kind != "and":
                groups.append([])
            read = self._line(line.only(*_CONDITION))
            if read:
                groups[-1].append(read)
        if len(listed.refusals) > before or not groups:
            return None
        alternatives = [lines[0] if len(lines) == 1 else tree.AllOf(tuple(lines), listed.here) for lines in groups]
        return alternatives[0] if len(alternatives) == 1 else tree.AnyOf(tuple(alternatives), listed.here)

    def numbered(self, body: Element) -> tree.Condition | None:
        """How many items of a numbered node must hold; its ladder is no condition."""
        quantifier = body.only("quantifier", "n", "items")["quantifier"].choice(("any", "all", "none", *_COUNTED))
        items = self.items(body)
        if items is None:
            return None
        if quantifier in _COUNTED:
            return tree.CountOf(_COUNTED[quantifier], body["n"].whole(0, len(items)), items, body.here)
        if quantifier == "none":
            return tree.CountOf("exactly", 0, items, body.here)
        return tree.AllOf(items, body.here) if quantifier == "all" else tree.AnyOf(items, body.here)

    def items(self, body: Element) -> tuple[tree.Condition, ...] | None:
        """The condition of each item; None where one was refused."""
        read = [self._item(item) for item in body["items"].items(MAX_BESIDE)]
        found = tuple(item for item in read if item is not None)
        return found if found and len(found) == len(read) else None

    def _item(self, item: Element) -> tree.Condition | None:
        lines = item.only("id", "conditions", "groupLogic")["conditions"]
        if item["groupLogic"].given:
            logic = item["groupLogic"].choice(("and", "or"))
            if any(line["type"].value != logic for line in lines.items(MAX_BESIDE)[1:]):
                item["groupLogic"].refuse(
                    f'its lines are not all joined by "{logic}", and which of the two counts is unknown'
                )
                return None
        return self.lines(lines)

    def _line(self, line: Element) -> tree.Condition | None:
        for mode in ("conditionMode", "rightConditionMode"):
            if line[mode].given:
                line[mode].choice(("manual",), frozenset({"match_indicator"}))
        if line["metric"].value == "Date":
            return _date(line)
        older = line["comparison"]
        written = older if older.given and not line["comparator"].given else line["comparator"]
        comparator = _COMPARATORS[written.choice(tuple(_COMPARATORS))]
        days = line["forDays"].whole(1, MAX_DAYS) if line["forDays"].given else 1
        crossing_for_days(line, comparator, days)
        if str(line["metric"].value).startswith(_CUSTOM):
            metric, left = Metric(""), self._custom(line["metric"], line["window"], line["ticker"])
        else:
            metric, left = _indicator(line["metric"], line["window"], line["ticker"])
        if left is None:
            return None
        right = self._right(line, metric) if line["expanded"].value is True else _threshold(line["threshold"], metric)
        return tree.Compare(left, comparator, right, days, line.here) if right else None

    def _right(self, line: Element, left: Metric) -> tree.Operand | None:
        """The right side; what is not written there is as on the left."""
        ticker, name, window = (
            line[right] if line[right].given else line[own]
            for right, own in (("rightTicker", "ticker"), ("rightMetric", "metric"), ("rightWindow", "window"))
        )
        if str(name.value).startswith(_CUSTOM):
            return self._custom(name, window, ticker)
        metric, right = _indicator(name, window, ticker)
        alike = metric == left if left.scale is None else metric.scale == left.scale
        if not alike or (left.scale is None and line["window"].value != window.value):
            name.refuse("is not read yet beside the left side's metric: their units differ or are not known")
        return right

    def _custom(self, name: Element, window: Element, ticker: Element) -> tree.Operand | None:
        """A formula, whose metrics are of the line's own ticker and window, in QuantNexus' units."""
        text = self.formulas.get(str(name.value).removeprefix(_CUSTOM))
        if text is None:
            name.refuse(f"{quoted(str(name.value))} is no custom indicator of this file")
            return None

        def variable(called: str) -> tree.Operand | None:
            if called not in VARIABLES:
                text.refuse(f"{quoted(called)} is not read in a formula; what is read: {', '.join(VARIABLES)}")
                return None
            metric, indicator = _indicator(name.read_as(VARIABLES[called]), window, ticker)
            if indicator is None or metric.scale == 1:
                return indicator
            return tree.Arithmetic("divide", (indicator, tree.Constant(metric.scale or 1, name.here)), name.here)

        return formula(text, variable)


def scaled_by(
    name: Element, window: Element, ticker: Element, first: Element, second: Element
) -> tuple[tree.Operand | None, tree.Constant, tree.Constant]:
    """A metric, and two values of it in our unit."""
    metric, operand = _indicator(name, window, ticker)
    return operand, _threshold(first, metric), _threshold(second, metric)


def _indicator(name: Element, window: Element, ticker: Element) -> tuple[Metric, tree.Operand | None]:
    """A metric of a ticker or of a ratio of two; without it where it was refused."""
    metric, numbers = metric_of(name, window)
    text = ticker.value
    if isinstance(text, str) and text.startswith("branch:"):
        ticker.refuse(
            f"{quoted(text)} is not read: QuantNexus lets a branch earn a day's return by the decision of that same day"
        )
        return metric, None
    if isinstance(text, str) and text.count("/") == 1:
        one, other = (ticker.read_as(part.strip()).ticker() for part in text.split("/"))
        indicator = of_ratio(name, metric.function, numbers, tree.Ratio(one, other))
    else:
        indicator = tree.Indicator(metric.function, numbers, ticker.ticker(), name.here)
    return metric, indicator if name.value in tuple(METRICS) else None


def _threshold(element: Element, metric: Metric) -> tree.Constant:
    value = element.numeric.number()
    if metric.scale is None and value != 0:
        element.refuse(f"{value:g} is not read yet: the unit of this metric is not known; what is read: 0")
    return tree.Constant(value * (metric.scale or 1), element.here)


def _date(line: Element) -> tree.Condition:
    """A day of every year, or all from one to another; without the other, to the end of its month.

    QuantNexus doesn't look at the line's other keys, forDays among them.
    """
    first = _month_day(line["dateMonth"], line["dateDay"])
    if line["expanded"].value is not True:
        return tree.Dates(first, first, 1, line.here)
    to = line["dateTo"]
    if not to.given:
        return tree.Dates(first, (first[0], _LAST_DAYS[first[0] - 1]), 1, line.here)
    return tree.Dates(first, _month_day(to.only("month", "day")["month"], to["day"]), 1, line.here)


def _month_day(month: Element, day: Element) -> tree.MonthDay:
    number = month.whole(1, 12) if month.given else 1
    return number, day.whole(1, _LAST_DAYS[number - 1]) if day.given else 1
