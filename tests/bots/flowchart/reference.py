"""The meaning of a chart, a second time: day by day, recursive, in plain Python. Slow, and meant to be obvious.

Shares nothing with the engine but the chart and the closes. NaN and None mean undefined.
"""

import math
from itertools import pairwise, takewhile

from rebalancer.bots.flowchart import tree
from rebalancer.model import Closes

NEEDS_ONE_MORE = (
    "cumulative-return",
    "moving-average-return",
    "relative-strength-index",
    "standard-deviation-return",
)
COMPARE = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
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
        self._histories: dict[tree.Node, list[float]] = {}
        self._recursive: dict[tuple[str, int, int], list[float]] = {}

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
        if len(node.children) == 1:
            return [(1.0, node.children[0])]
        histories = [self.history(child) for child in node.children]
        scores = [self.score(node.function, node.parameters, history, day) for history in histories]
        needed = values_needed(node.function, node.parameters)
        young = [
            too_young(history[: day + 1], needed, self.valued(child))
            for history, child in zip(histories, node.children, strict=True)
        ]
        left = [place for place, is_young in enumerate(young) if not is_young]
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

    def complete(self, element: tree.TreeNode | str) -> float:
        """The first day on which everything that `element` may ever need exists."""
        match element:
            case str():
                return next((day for day, close in enumerate(self.closes[element]) if not math.isnan(close)), math.inf)
            case tree.Asset(symbol=ticker):
                return self.complete(ticker)
            case tree.Indicator(function=function, parameters=parameters, subject=subject):
                return self.valued(subject) + values_needed(function, parameters) - 1
            case tree.Compare(left=left, right=right, for_days=days):
                return max(self.complete(left), self.complete(right)) + days - 1
            case tree.Capped():
                return max(self.complete(child) for _, child in self.capped_shares(element))
            case tree.Filter(function=function, parameters=parameters, children=children) if len(children) > 1:
                return max(map(self.valued, children)) + values_needed(function, parameters) - 1
            case tree.InverseVolatility(window=window, children=children) if len(children) > 1:
                return max(map(self.valued, children)) + window
            case _:
                return max(map(self.complete, tree.children_of(element)), default=0)

    def valued(self, subject: tree.Node | str) -> float:
        """As `complete`, of its history: a simulated value is known a day later, since it needs the return up to it."""
        one = isinstance(subject, str) or isinstance(inmost(subject), tree.Asset)
        return self.complete(subject) + (not one)

    def truth(self, condition: tree.Condition, day: int) -> bool | None:
        if isinstance(condition, tree.Compare):
            found = [self.comparison(condition, day - back) for back in range(condition.for_days)]
        else:
            found = [self.truth(part, day) for part in condition.conditions]
        decisive = isinstance(condition, tree.AnyOf)
        return decisive if decisive in found else None if None in found else not decisive

    def comparison(self, condition: tree.Compare, day: int) -> bool | None:
        if day < 0:
            return None
        left, right = (self.operand(side, day) for side in (condition.left, condition.right))
        if math.isnan(left) or math.isnan(right):
            return None
        self.doubt(condition.left, left, condition.right, right)
        return COMPARE[condition.comparator](left, right)

    def doubt(self, one: object, its: float, other: object, others: float) -> None:
        certain_tie = its == others and (one is other or its in {0.0, 100.0})
        self.doubtful |= not certain_tie and math.isclose(its, others, rel_tol=1e-9, abs_tol=1e-9)

    def operand(self, operand: tree.Operand, day: int) -> float:
        if isinstance(operand, tree.Constant):
            return operand.value
        subject = operand.subject
        history = self.closes[subject] if isinstance(subject, str) else self.history(subject)
        return self.score(operand.function, operand.parameters, history, day)

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

    def score(self, function: str, parameters: tuple[int, ...], history: list[float], day: int) -> float:
        if not parameters:
            return history[day]
        (window,) = parameters
        if function in OF_BARS:
            (ticker,) = [ticker for ticker, closes in self.closes.items() if closes is history]
            key = (function, window, id(history))
            if key not in self._recursive:
                self._recursive[key] = OF_BARS[function](self.complete_bars(ticker, READS[function]), window)
            return self._recursive[key][day]
        if function in {"relative-strength-index", "exponential-moving-average-price"}:
            key = (function, window, id(history))
            if key not in self._recursive:
                self._recursive[key] = (rsi if function == "relative-strength-index" else ema)(history, window)
            return self._recursive[key][day]
        first = day + 1 - window - (function in NEEDS_ONE_MORE)
        stretch = history[max(first, 0) : day + 1]
        return math.nan if first < 0 or any(map(math.isnan, stretch)) else FORMULAS[function](stretch)

    def complete_bars(self, ticker: str, fields: tuple[str, ...]) -> list[dict[str, float] | None]:
        """A bar a day with `fields`, None where one of them is missing."""
        days = zip(*(self.bars[field][ticker] for field in fields), strict=True)
        return [None if any(map(math.isnan, day)) else dict(zip(fields, day, strict=True)) for day in days]


def values_needed(function: str, parameters: tuple[int, ...]) -> int:
    return (*parameters, 1)[0] + (function in NEEDS_ONE_MORE)


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
    if isinstance(node, tree.Capped):
        return node.children[0]
    children = getattr(node, "children", ())
    return children[0] if len(children) == 1 else None


def changes(stretch: list[float]) -> list[float]:
    return [later / earlier - 1 for earlier, later in pairwise(stretch)]


def mean(stretch: list[float]) -> float:
    return math.fsum(stretch) / len(stretch)


def deviation(stretch: list[float]) -> float:
    middle = mean(stretch)
    return math.sqrt(math.fsum([(value - middle) ** 2 for value in stretch]) / (len(stretch) - 1))


def drawdown(stretch: list[float]) -> float:
    peak = deepest = 0.0
    for value in stretch:
        peak = max(peak, value)
        deepest = max(deepest, 1 - value / peak)
    return 100 * deepest


FORMULAS = {
    "moving-average-price": mean,
    "cumulative-return": lambda stretch: 100 * (stretch[-1] / stretch[0] - 1),
    "moving-average-return": lambda stretch: 100 * mean(changes(stretch)),
    "standard-deviation-return": lambda stretch: 100 * deviation(changes(stretch)),
    "standard-deviation-price": deviation,
    "max-drawdown": drawdown,
}


def average_true_range(bars: list[dict[str, float] | None], window: int) -> list[float]:
    out, before, ranges, average = [], None, [], math.nan
    for bar in bars:
        if bar is None or before is None:
            ranges = []
        else:
            ranges.append(max(bar["high"], before["close"]) - min(bar["low"], before["close"]))
            average = mean(ranges) if len(ranges) <= window else average + (ranges[-1] - average) / window
        before = bar
        out.append(average if len(ranges) >= window else math.nan)
    return out


READS = {"average-true-range": ("high", "low", "close")}
OF_BARS = {"average-true-range": average_true_range}


def ema(history: list[float], window: int) -> list[float]:
    out, average, seen = [], math.nan, 0
    for price in history:
        seen = 0 if math.isnan(price) else seen + 1
        average = price if seen <= 1 else average + (price - average) * 2 / (window + 1)
        out.append(average if seen >= window else math.nan)
    return out


def rsi(history: list[float], window: int) -> list[float]:
    out, gain, loss, seen, before = [], 0.0, 0.0, 0, math.nan
    for price in history:
        seen = 0 if math.isnan(price) else seen + 1
        if seen <= 1:
            gain = loss = 0.0
        elif seen <= window + 1:
            gain, loss = gain + max(price - before, 0) / window, loss + max(before - price, 0) / window
        else:
            gain = (gain * (window - 1) + max(price - before, 0)) / window
            loss = (loss * (window - 1) + max(before - price, 0)) / window
        before = price
        out.append(math.nan if seen <= window else 100 - 100 / (1 + gain / loss) if loss > 0 else 100.0)
    return out
