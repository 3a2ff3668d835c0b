"""The meaning of a chart, a second time: day by day, recursive, in plain Python. Slow, and meant to be obvious.

Shares nothing with the engine but the chart and the closes. NaN and None mean undefined.
"""

import math
from functools import reduce
from itertools import groupby

from reference_indicators import LINES, READS

from rebalancer.bots.flowchart import tree
from rebalancer.model import Closes

COMPARE = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}
COUNT = {
    "exactly": lambda number, count: number == count,
    "at_least": lambda number, count: number >= count,
    "at_most": lambda number, count: number <= count,
}
CALCULATE = {
    "add": lambda values: reduce(lambda one, other: one + other, values),
    "subtract": lambda values: values[0] - values[1],
    "multiply": lambda values: reduce(lambda one, other: one * other, values),
    "min": min,
    "max": max,
    "abs": lambda values: abs(values[0]),
}


class Reference:
    """`doubtful` is set once a comparison is closer than rounding errors."""

    def __init__(self, closes: Closes) -> None:
        self.days = len(closes.sessions)
        self.closes = {ticker: closes.values[:, column].tolist() for column, ticker in enumerate(closes.symbols)}
        self.bars = {"close": self.closes}
        for field, values in closes.bars.values.items() if closes.bars else ():
            self.bars[field] = dict(zip(closes.bars.symbols, values.T.tolist(), strict=True))
        self.doubtful = False
        self.dates = [closes.day(row) for row in range(self.days)]
        self._ratios: dict[tuple[str, str], list[float]] = {}
        self._histories: dict[tree.Node, list[float]] = {}
        self._scores: dict[tuple[object, ...], list[float]] = {}

    def weights(self, node: tree.Node, day: int) -> dict[str, float] | None:
        shares = self.shares(node, day)
        if shares is None:
            return None
        total: dict[str, float] = {}
        for share, child in shares:
            inner = {child: 1.0} if isinstance(child, str) else self.weights(child, day)
            if inner is None:
                return None
            for ticker, weight in inner.items():
                total[ticker] = total.get(ticker, 0.0) + share * weight
        return total

    def shares(self, node: tree.Node, day: int) -> list[tuple[float, tree.Node | str]] | None:
        match node:
            case tree.Asset(symbol=ticker):
                return [(1.0, ticker)]
            case tree.Cash():
                return []
            case tree.Group(child=child):
                return [(1.0, child)]
            case tree.Equal(children=children):
                return [(1 / len(children), child) for child in children]
            case tree.Specified(weights=weights, children=children):
                return list(zip(weights, children, strict=True))
            case tree.Capped():
                return self.capped_shares(node)
            case tree.If(condition=condition, then=then, otherwise=otherwise):
                truth = self.truth(condition, day)
                return None if truth is None else [(1.0, then if truth else otherwise)]
            case tree.InverseVolatility():
                return self.inverse_shares(node, day)
            case tree.Filter():
                return self.best_shares(node, day)

    def capped_shares(self, node: tree.Capped) -> list[tuple[float, tree.Node | str]]:
        left, shares = 1.0, []
        for cap, child in zip(node.caps, node.children, strict=True):
            if left > 1e-9:
                shares.append((min(cap, left), child))
                left -= min(cap, left)
        return shares + ([(left, node.fallback)] if node.fallback and left > 1e-9 else [])

    def inverse_shares(self, node: tree.InverseVolatility, day: int) -> list[tuple[float, tree.Node]] | None:
        if len(node.children) == 1:
            return [(1.0, node.children[0])]
        found = [self.score("standard-deviation-return", (node.window,), self.history(c), day) for c in node.children]
        if not all(volatility > 0 for volatility in found):
            return None
        total = sum(1 / volatility for volatility in found)
        return [(1 / volatility / total, child) for volatility, child in zip(found, node.children, strict=True)]

    def best_shares(self, node: tree.Filter, day: int) -> list[tuple[float, tree.Node]] | None:
        count = min(node.count, len(node.children))
        if count == len(node.children):
            return [(1 / count, child) for child in node.children]
        histories = [self.history(child) for child in node.children]
        scores = [self.score(node.function, node.parameters, history, day) for history in histories]
        if any(math.isnan(score) for score in scores):
            return None
        order = sorted(range(len(scores)), key=lambda place: scores[place], reverse=node.side == "top")
        self.doubt(histories[order[count - 1]], scores[order[count - 1]], histories[order[count]], scores[order[count]])
        return [(1 / count, node.children[place]) for place in order[:count]]

    def truth(self, condition: tree.Condition, day: int) -> bool | None:
        match condition:
            case tree.CountOf(quantifier=quantifier, count=count, conditions=parts):
                found = [self.truth(part, day) for part in parts]
                possible = range(found.count(True), found.count(True) + found.count(None) + 1)
                answers = {COUNT[quantifier](number, count) for number in possible}
                return answers.pop() if len(answers) == 1 else None
            case tree.AnyOf(conditions=parts):
                return one_true([self.truth(part, day) for part in parts])
            case tree.AllOf(conditions=parts):
                return all_true([self.truth(part, day) for part in parts])
            case tree.Dates():
                return all_true([self.date(condition, day - back) for back in range(condition.for_days)])
            case _:
                return all_true([self.comparison(condition, day - back) for back in range(condition.for_days)])

    def date(self, condition: tree.Dates, day: int) -> bool | None:
        if day < 0:
            return None
        now = (self.dates[day].month, self.dates[day].day)
        if condition.first <= condition.last:
            return condition.first <= now <= condition.last
        return not condition.last < now < condition.first

    def comparison(self, condition: tree.Compare, day: int) -> bool | None:
        if day < 0:
            return None
        if condition.comparator == "crosses-above":
            return all_true([self.compared(condition, "lt", day, 1), self.compared(condition, "gte", day, 0)])
        if condition.comparator == "crosses-below":
            return all_true([self.compared(condition, "gt", day, 1), self.compared(condition, "lte", day, 0)])
        return self.compared(condition, condition.comparator, day, 0)

    def compared(self, condition: tree.Compare, comparator: str, day: int, ago: int) -> bool | None:
        left, right = (self.before(side, day, ago) for side in (condition.left, condition.right))
        if math.isnan(left) or math.isnan(right):
            return None
        self.doubt(condition.left, left, condition.right, right)
        return COMPARE[comparator](left, right)

    def doubt(self, one: object, its: float, other: object, others: float) -> None:
        certain_tie = its == others and (one is other or its in {0.0, 100.0})
        self.doubtful |= not certain_tie and math.isclose(its, others, rel_tol=1e-9, abs_tol=1e-9)

    def operand(self, operand: tree.Operand, day: int) -> float:
        match operand:
            case tree.Constant(value=value):
                return value
            case tree.DaysAgo(days=days, operand=inner):
                return self.before(inner, day, days)
            case tree.Rank(kind=kind, window=window, operand=inner):
                return self.rank(kind, [self.before(inner, day, ago) for ago in range(window)])
            case tree.Arithmetic(operation=operation, operands=operands):
                return self.calculated(operation, [self.operand(each, day) for each in operands])
            case tree.Indicator(function=function, parameters=parameters, subject=subject):
                return self.score(function, parameters, self.subject(subject), day)

    def before(self, operand: tree.Operand, day: int, ago: int) -> float:
        if isinstance(operand, tree.Constant):
            return operand.value
        return self.operand(operand, day - ago) if day >= ago else math.nan

    def rank(self, kind: str, values: list[float]) -> float:
        newest, lowest, highest = values[0], min(values), max(values)
        if any(map(math.isnan, values)):
            return math.nan
        for value in values[1:]:
            self.doubt(object(), value, object(), newest)
        if kind == "percentile":
            return 100 * sum(value <= newest for value in values) / len(values)
        self.doubtful |= 0 < highest - lowest < 1e-4 * abs(highest)
        return 100 * (newest - lowest) / (highest - lowest) if highest > lowest else math.nan

    def calculated(self, operation: str, values: list[float]) -> float:
        if any(map(math.isnan, values)):
            return math.nan
        if operation == "divide":
            self.doubtful |= 0 < abs(values[1]) < 1e-6
            return values[0] / values[1] if values[1] else math.nan
        return CALCULATE[operation](values)

    def subject(self, subject: str | tree.Ratio | tree.Node) -> list[float]:
        if isinstance(subject, str):
            return self.closes[subject]
        if not isinstance(subject, tree.Ratio):
            return self.history(subject)
        tickers = subject.numerator, subject.denominator
        if tickers not in self._ratios:
            above, below = (self.closes[ticker] for ticker in tickers)
            self._ratios[tickers] = [one / other for one, other in zip(above, below, strict=True)]
        return self._ratios[tickers]

    def history(self, node: tree.Node) -> list[float]:
        while not isinstance(node, tree.Asset) and (only := only_child(node)) is not None:
            node = only
        if isinstance(node, tree.Asset):
            return self.closes[node.symbol]
        if node not in self._histories:
            self._histories[node] = self.simulated(node)
        return self._histories[node]

    def simulated(self, node: tree.Node) -> list[float]:
        values: list[float] = []
        for day in range(self.days):
            if values and not math.isnan(values[-1]):
                held = self.weights(node, day - 1)
                earned = math.nan if held is None else sum(w * self.earned(t, day) for t, w in held.items())
                values.append(values[-1] * (1 + earned))
            else:
                values.append(math.nan if self.weights(node, day) is None else 1.0)
        return values

    def earned(self, ticker: str, day: int) -> float:
        return self.closes[ticker][day] / self.closes[ticker][day - 1] - 1

    def score(self, function: str, parameters: tuple[float, ...], history: list[float], day: int) -> float:
        if function == "current-price":
            return history[day]
        key = (function, parameters, id(history))
        if key not in self._scores:
            self._scores[key] = self.scores(function, parameters, history)
        return self._scores[key][day]

    def scores(self, function: str, parameters: tuple[float, ...], history: list[float]) -> list[float]:
        """On every day; anew after each day without a price, or without one of the fields of the bar that it reads."""
        fields = [history]
        if function in READS:
            (ticker,) = [ticker for ticker, closes in self.closes.items() if closes is history]
            fields = [self.bars[field][ticker] for field in READS[function]]
        found: list[float] = []
        for missing, days in groupby(zip(*fields, strict=True), lambda day: any(map(math.isnan, day))):
            stretch = list(days)
            line = [] if missing else LINES[function](*map(list, zip(*stretch, strict=True)), *parameters)
            found += [math.nan] * (len(stretch) - len(line)) + line
        return found


def all_true(found: list[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


def one_true(found: list[bool | None]) -> bool | None:
    return True if True in found else None if None in found else False


def only_child(node: tree.Node) -> tree.Node | None:
    if isinstance(node, tree.Group):
        return node.child
    if isinstance(node, tree.Capped) and node.caps[0] < 1:
        return None
    if isinstance(node, tree.Capped):
        return node.children[0]
    children = getattr(node, "children", ())
    return children[0] if len(children) == 1 else None
