"""The meaning of a chart, a second time: day by day, recursive, in plain Python. Slow, and meant to be obvious.

Shares nothing with the engine but the chart and the closes. NaN and None mean undefined.
"""

import math
from collections.abc import Sequence
from functools import cache, reduce
from itertools import count as count_from
from itertools import groupby, pairwise, takewhile

from reference_indicators import LINES, READS

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.walk import children_of
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
        self._states: dict[tree.Entered, list[set[bool]]] = {}
        self._scores: dict[tuple[object, ...], list[float]] = {}
        self._complete: dict[tree.TreeNode | str, float] = {}

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
            case tree.Shared():
                return self.parts_of_those_that_count(node, day)
            case tree.InverseVolatility(window=w, children=children) | tree.ProVolatility(window=w, children=children):
                inverse = isinstance(node, tree.InverseVolatility)
                return self.volatility_shares(w, children, day, inverse=inverse)
            case tree.Filter():
                return self.best_shares(node, day)
            case _:
                return self.gate_shares(node, day)

    def gate_shares(self, node: tree.Gate, day: int) -> list[tuple[float, tree.Node]] | None:
        match node:
            case tree.If(condition=condition, then=then, otherwise=otherwise):
                truth = self.truth(condition, day)
                return None if truth is None else [(1.0, then if truth else otherwise)]
            case tree.Switch(conditions=conditions, children=children):
                truths = [self.truth(condition, day) for condition in conditions]
                return None if None in truths else [(1.0, children[truths.count(True)])]
            case tree.Mixed():
                return self.mixed_shares(node, day)

    def parts_of_those_that_count(self, node: tree.Shared, day: int) -> list[tuple[float, tree.Node]] | None:
        truths = [condition is None or self.truth(condition, day) for condition in node.conditions]
        if None in truths:
            return None
        counted = [(part, child) for part, truth, child in zip(node.parts, truths, node.children, strict=True) if truth]
        return [(part / sum(other for other, _ in counted), child) for part, child in counted]

    def entered(self, node: tree.Entered, day: int) -> bool | None:
        if node not in self._states:
            self._states[node] = self.states(node)
        possible = self._states[node][day]
        return next(iter(possible)) if len(possible) == 1 else None

    def states(self, node: tree.Entered) -> list[set[bool]]:
        """Whether it may be entered, and may not, on each day: an unknown answer leaves both open."""
        found: list[set[bool]] = []
        possible: set[bool] = set()
        for day in range(self.days):
            enter, leave = self.truth(node.enter, day), self.truth(node.leave, day)
            if possible or not (enter is None or leave is None):
                stays = {True, False} if leave is None else {not leave}
                enters = {True, False} if enter is None else {enter}
                before = possible or {False}
                possible = (stays if True in before else set()) | (enters if False in before else set())
            found.append(possible)
        return found

    def mixed_shares(self, node: tree.Mixed, day: int) -> list[tuple[float, tree.Node]] | None:
        value = self.operand(node.by, day)
        if math.isnan(value):
            return None
        way = (value - node.first_value) / (node.second_value - node.first_value)
        second = min(max(way, 0.0), 1.0)
        return [(share, child) for share, child in ((1 - second, node.first), (second, node.second)) if share > 0]

    def capped_shares(self, node: tree.Capped) -> list[tuple[float, tree.Node | str]]:
        left, shares = 1.0, []
        for cap, child in zip(node.caps, node.children, strict=True):
            if left > 1e-9:
                shares.append((min(cap, left), child))
                left -= min(cap, left)
        return shares + ([(left, node.fallback)] if node.fallback and left > 1e-9 else [])

    def volatility_shares(
        self, window: int, children: Sequence[tree.Node], day: int, *, inverse: bool
    ) -> list[tuple[float, tree.Node]] | None:
        if len(children) == 1:
            return [(1.0, children[0])]
        found = [self.score("standard-deviation-return", (window,), self.history(child), day) for child in children]
        if not all(volatility > 0 for volatility in found):
            return None
        parts = [1 / volatility if inverse else volatility for volatility in found]
        return [(part / sum(parts), child) for part, child in zip(parts, children, strict=True)]

    def best_shares(self, node: tree.Filter, day: int) -> list[tuple[float, tree.Node]] | None:
        if len(node.children) == 1:
            return [(1.0, node.children[0])]
        if node.weighting is None or node.count == 1:
            return self.equal_shares(node, day)
        count = min(node.count, len(node.children))
        ranked = isinstance(node.weighting, tree.ByRank) and count > 1
        taken = list(node.children) if count == len(node.children) and not ranked else self.best(node, count, day)
        if taken is None:
            return None
        if ranked:
            weights = node.weighting.weights[:count]
            return [(weight / sum(weights), child) for weight, child in zip(weights, taken, strict=True)]
        if isinstance(node.weighting, tree.ByVolatility):
            return self.volatility_shares(node.weighting.window, taken, day, inverse=node.weighting.inverse)
        return [(1 / count, child) for child in taken]

    def best(self, node: tree.Filter, count: int, day: int) -> list[tree.Node] | None:
        """The `count` best, the best first; None where a score is undefined."""
        scores = [self.score_of(child, node, day) for child in node.children]
        if any(map(math.isnan, scores)):
            return None
        order = sorted(range(len(scores)), key=lambda place: scores[place], reverse=node.side == "top")
        ordered = isinstance(node.weighting, tree.ByRank)
        for one, other in pairwise(order[: count + 1] if ordered else order[count - 1 : count + 1]):
            histories = self.history(node.children[one]), self.history(node.children[other])
            self.doubt(histories[0], scores[one], histories[1], scores[other])
        return [node.children[place] for place in order[:count]]

    def score_of(self, child: tree.Node, node: tree.Filter, day: int) -> float:
        if node.score_of == "history":
            return self.score(node.function, node.parameters, self.history(child), day)
        tickers = sorted(held_in(child))
        return sum(self.score(node.function, node.parameters, self.closes[each], day) for each in tickers) / len(
            tickers
        )

    def equal_shares(self, node: tree.Filter, day: int) -> list[tuple[float, tree.Node]] | None:
        histories = [self.history(child) for child in node.children]
        scores = [self.score_of(child, node, day) for child in node.children]
        unscored = [place for place, score in enumerate(scores) if math.isnan(score)]
        young = [place for place in unscored if self.is_too_young(node.children[place], node, day)]
        left = [place for place in range(len(scores)) if place not in young]
        if not left:
            return None
        if len(left) <= node.count:
            return [(1 / len(left), node.children[place]) for place in left]
        if any(math.isnan(scores[place]) for place in left):
            return None
        order = in_order(left, scores, from_the_top=node.side == "top")
        last, next_best = order[node.count - 1], order[node.count]
        self.doubt(histories[last], scores[last], histories[next_best], scores[next_best])
        return [(1 / node.count, node.children[place]) for place in order[: node.count]]

    def is_too_young(self, child: tree.Node, node: tree.Filter, day: int) -> bool:
        needed = values_needed(node.function, node.parameters)
        if node.score_of == "history":
            return too_young(self.history(child)[: day + 1], needed, self.valued(child))
        tickers = sorted(held_in(child))
        if len(tickers) == 1:
            return too_young(self.closes[tickers[0]][: day + 1], needed, self.complete(tickers[0]))
        scores = [self.score_of(child, node, row) for row in range(day + 1)]
        return too_young(scores, 1, max(map(self.complete, tickers)) + needed - 1)

    def complete(self, element: tree.TreeNode | str) -> float:
        """The first day on which everything that `element` may ever need exists."""
        if element not in self._complete:
            self._complete[element] = self.completed(element)
        return self._complete[element]

    def completed(self, element: tree.TreeNode | str) -> float:
        match element:
            case str():
                return next((day for day, close in enumerate(self.closes[element]) if not math.isnan(close)), math.inf)
            case tree.Asset(symbol=ticker):
                return self.complete(ticker)
            case tree.Indicator(function=function, parameters=parameters, subject=subject):
                return self.valued(subject) + values_needed(function, parameters) - 1
            case tree.DaysAgo() | tree.Rank():
                return self.looked_back(element)
            case tree.Ratio(numerator=numerator, denominator=denominator):
                return max(self.complete(numerator), self.complete(denominator))
            case tree.Compare() | tree.Dates():
                return self.answered(element)
            case tree.Capped():
                return max(self.complete(child) for _, child in self.capped_shares(element))
            case tree.Filter() if len(element.children) > 1:
                return self.chosen(element)
            case tree.InverseVolatility() | tree.ProVolatility() if len(element.children) > 1:
                return max(map(self.valued, element.children)) + element.window
            case _:
                return max(map(self.complete, children_of(element)), default=0)

    def chosen(self, node: tree.Filter) -> float:
        needed = values_needed(node.function, node.parameters)
        scored = max(map(self.complete if node.score_of == "tickers" else self.valued, node.children)) + needed - 1
        if node.score_of == "tickers":
            scored = max(
                scored, *(self.complete(each) + needed - 1 for child in node.children for each in held_in(child))
            )
        weighted = isinstance(node.weighting, tree.ByVolatility) and node.count > 1
        return max(scored, max(map(self.valued, node.children)) + node.weighting.window if weighted else 0)

    def looked_back(self, operand: tree.DaysAgo | tree.Rank) -> float:
        if isinstance(operand, tree.Rank):
            return self.complete(operand.operand) + operand.window - 1
        return 0 if is_a_number(operand) else self.complete(operand.operand) + operand.days

    def answered(self, condition: tree.Compare | tree.Dates) -> float:
        if isinstance(condition, tree.Dates):
            return condition.for_days - 1
        sides = condition.left, condition.right
        crosses = condition.comparator.startswith("crosses")
        rows = [self.complete(side) + (crosses and not is_a_number(side)) for side in sides]
        return max(rows) + condition.for_days - 1

    def valued(self, subject: tree.Node | str) -> float:
        """As `complete`, of its history: a simulated value is known a day later, since it needs the return up to it."""
        one = isinstance(subject, str | tree.Ratio) or isinstance(inmost(subject), tree.Asset)
        return self.complete(subject) + (not one)

    def truth(self, condition: tree.Condition, day: int) -> bool | None:
        match condition:
            case tree.CountOf(quantifier=quantifier, count=count, conditions=parts):
                found = [self.truth(part, day) for part in parts]
                possible = range(found.count(True), found.count(True) + found.count(None) + 1)
                answers = {COUNT[quantifier](number, count) for number in possible}
                return answers.pop() if len(answers) == 1 else None
            case tree.Entered():
                return self.entered(condition, day)
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
        if is_a_number(operand):
            return self.operand(operand, day)
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
            self.doubtful |= abs(values[1]) < 1e-6
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
        node = inmost(node)
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
                held = self.weights(node, day)
                begins = held is not None and not any(math.isnan(self.closes[ticker][day]) for ticker in held)
                values.append(1.0 if begins else math.nan)
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


def is_a_number(operand: tree.Operand) -> bool:
    """A number was the same at any time."""
    return isinstance(operand, tree.Constant) or (isinstance(operand, tree.DaysAgo) and is_a_number(operand.operand))


def held_in(node: tree.Node) -> set[str]:
    """Every ticker that `node` can hold, whichever way it goes."""
    if isinstance(node, tree.Asset):
        return {node.symbol}
    parts = [part for part in children_of(node) if isinstance(part, tree.Node)]
    if isinstance(node, tree.Capped):
        full = [sum(node.caps[:place]) > 1 - 1e-9 for place in range(len(parts) + 1)]
        parts = [part for part, no_more in zip(parts, full, strict=False) if not no_more]
        return set().union(*map(held_in, parts), {node.fallback} - {None} if not full[-1] else set())
    return set().union(*map(held_in, parts))


def all_true(found: list[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


def one_true(found: list[bool | None]) -> bool | None:
    return True if True in found else None if None in found else False


@cache
def values_needed(function: str, parameters: tuple[float, ...]) -> int:
    """The length of the shortest history with a value."""
    if function == "current-price":
        return 1
    fields = len(READS.get(function, ("close",)))
    histories = ([[1.0 + day % 3 for day in range(days)]] * fields for days in count_from(1))
    return next(len(fields[0]) for fields in histories if LINES[function](*fields, *parameters))


def too_young(history: list[float], needed: int, complete: float) -> bool:
    """Whether there are fewer than `needed` values in a row, and none is missing from the day `complete` on."""
    in_a_row = list(takewhile(lambda value: not math.isnan(value), reversed(history)))
    gap = any(math.isnan(value) for day, value in enumerate(history) if day >= complete)
    return len(in_a_row) < needed and not gap


def in_order(places: list[int], scores: list[float], *, from_the_top: bool) -> list[int]:
    """Tie by tie: the best that is left and all that lies within rounding of it, in the order of the file."""
    waiting, order = list(places), []
    while waiting:
        best = (max if from_the_top else min)(scores[place] for place in waiting)
        tie = [place for place in waiting if abs(scores[place] - best) <= 1e-9 * max(abs(best), 1e-6)]
        order += tie
        waiting = [place for place in waiting if place not in tie]
    return order


def inmost(node: tree.Node) -> tree.Node:
    while (only := only_child(node)) is not None:
        node = only
    return node


def only_child(node: tree.Node) -> tree.Node | None:
    if isinstance(node, tree.Group):
        return node.child
    if isinstance(node, tree.Capped) and node.caps[0] < 1:
        return None
    if isinstance(node, tree.Shared) and node.conditions[0] is not None:
        return None
    if isinstance(node, tree.Capped):
        return node.children[0]
    children = getattr(node, "children", ())
    return children[0] if len(children) == 1 else None
