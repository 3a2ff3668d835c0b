"""Evaluates a program on many days at once: weights from the root down, the values that they need when they are needed.

A decision uses the close of its day and earlier ones only, and is the same to the last bit whatever follows. Undefined
is never read as yes, no, 0 or 50: it propagates until a node decides without it (Kleene's logic).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from rebalancer.bots.base import OwnBars
from rebalancer.bots.day_sets import days_of
from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.arithmetic import RANKS, calculated, earlier
from rebalancer.bots.flowchart.conditions import NO, ORDERINGS, UNKNOWN, YES, Truth, truth
from rebalancer.bots.flowchart.distribute import distributed
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_needed
from rebalancer.bots.flowchart.indicators.rolling import returns
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.ranking import Marks, too_short
from rebalancer.bots.flowchart.sessions import complete_from, first_close
from rebalancer.bots.flowchart.splits import fractions
from rebalancer.bots.own_prices import own_bars, own_closes
from rebalancer.model import BarsRead, Closes, Floats, Symbol

Prices = dict[Symbol, Floats]
TOGETHER = 8
"""So many tickers are computed in one call: more would leave a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """Simulated trading of one node on its own; arrays (T,).

    `earned` is the return from this close to the next, NaN where it is unknown (the last is never read); `decided` says
    whether its weights at this close are defined, and all that they hold has a close.
    """

    earned: Floats
    decided: NDArray[np.bool_]


Value = TypeVar("Value")


class OnDemand(dict[int, Value]):
    """Values by index of their node, each computed when it is first asked for."""

    def __init__(self, compute: Callable[[int], None]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, node: int) -> Value:
        self._compute(node)
        return self[node]


class Values:
    """What the nodes of `table` are on all `length` days: `series`, `truths` and `simulated`, each (T,), on demand.

    `sessions` are the days, `own` the closes as decisions read them. Raises ValueError where `closes` has no column for
    one of `symbols`.
    """

    def __init__(
        self, name: str, table: tuple[nodes.Node, ...], symbols: tuple[Symbol, ...], bars: BarsRead, closes: Closes
    ) -> None:
        self.own = own = own_closes(name, symbols, closes)
        self.table, self.sessions, self.length = table, own.sessions, len(own.sessions)
        self.series = OnDemand[Floats](self._compute)
        self.truths = OnDemand[Truth](self._compute)
        self.simulated = OnDemand[Simulated](self._compute)
        self._answers: dict[int, tuple[int, int]] = {}
        self._known: dict[int, int] = {}
        self._complete_from: list[int] = []
        self._too_short: dict[int, Marks] = {}
        self._prices: Prices = dict(zip(own.symbols, own.values.T, strict=True))
        self._bars = own_bars(name, bars, closes)

    def closes_of(self, symbol: Symbol) -> Floats:
        closes: Floats = self._prices[symbol]
        return closes

    @property
    def on_all_days(self) -> Self:
        return self

    def recent(self, series: int, rows: int) -> Floats:
        return self.series[series][-rows:]

    def answers(self, condition: int) -> tuple[int, int]:
        """The sets of days on which `condition` is true, and on which it is false."""
        found = self._answers.get(condition)
        if found is None:
            node = self.table[condition]
            if isinstance(node, nodes.Inequality):
                found = self._compared(node)
            else:
                truth = self.truths[condition]
                found = days_of(truth == YES), days_of(truth == NO)
            self._answers[condition] = found
        return found

    def _compared(self, node: nodes.Inequality) -> tuple[int, int]:
        left, right = self._operand(node.left), self._operand(node.right)
        holds = ORDERINGS[node.comparator][0](left, right)
        yes = days_of(holds) if isinstance(holds, np.ndarray) else int(holds) * ((1 << self.length) - 1)
        return yes, yes ^ (self._known_days(node.left) & self._known_days(node.right))  # what is true is known

    def _operand(self, series: int) -> Floats | float:
        node = self.table[series]
        return node.value if isinstance(node, nodes.Number) else self.series[series]

    def _known_days(self, series: int) -> int:
        if isinstance(self.table[series], nodes.Number):
            return -1  # all there may be
        if series not in self._known:
            values = self.series[series]
            self._known[series] = days_of(values == values)  # noqa: PLR0124  (NaN alone is not)
        return self._known[series]

    def too_short(self, score: int) -> Marks:
        """Where (T,) `score` is undefined since something that it is computed from began too late."""
        if score not in self._too_short:
            node = self.table[score]
            if isinstance(node, nodes.Series):
                read = [self.series[source] for source in node.sources]
                history = read[0] if len(read) == 1 else complete_rows(read)[0]
                needed, sources = prices_needed(node.function, node.parameters), node.sources
            else:
                history, needed, sources = self.series[score], 1, (score,)
            self._too_short[score] = too_short(history, needed, max(map(self._complete, sources)))
        return self._too_short[score]

    def _complete(self, node: int) -> int:
        """The row from which on everything that `node` may need exists."""
        if isinstance(read := self.table[node], nodes.Close | nodes.Bar):
            return first_close(self._prices[read.symbol])  # quick, and what most scores are of
        if not self._complete_from:
            self._complete_from = complete_from(self.table, self._prices)
        return self._complete_from[node]

    def _compute(self, wanted: int) -> None:
        """The values of `wanted` and of all that it needs: operands first, so that nothing recurses."""
        missing, stack, length = set[int](), [wanted], self.length
        while stack:
            index = stack.pop()
            if not (index in missing or index in self.series or index in self.truths or index in self.simulated):
                missing.add(index)
                stack.extend(nodes.operands(self.table[index]))
        for index in sorted(missing):
            node = self.table[index]
            if isinstance(node, nodes.SeriesNode):
                self.series[index] = _series(node, self, self._prices, self._bars, length)
            elif isinstance(node, nodes.ConditionNode):
                self.truths[index] = truth(node, self.truths, self.series, self.sessions)
            else:  # a portfolio below a Nav
                self.simulated[index] = _simulate(node, self, self._prices, length)

    def compute_indicators(self) -> None:
        """Every indicator of a ticker's closes: those of the same function and parameters together."""
        alike = defaultdict[tuple[str, tuple[float, ...]], list[tuple[int, Symbol]]](list)
        for index, node in enumerate(self.table):
            if not isinstance(node, nodes.Series) or len(node.sources) > 1:
                continue
            if isinstance(close := self.table[node.sources[0]], nodes.Close):
                alike[node.function, node.parameters].append((index, close.symbol))
        for (function, parameters), members in alike.items():
            for start in range(0, len(members), TOGETHER):
                some = members[start : start + TOGETHER]
                closes = np.array([self._prices[symbol] for _, symbol in some]).T
                found = INDICATORS[function].formula(closes, *parameters).T
                self.series.update(zip((index for index, _ in some), found, strict=True))


class Evaluation(Values):
    """`weights` (T, N) over the program's symbols are those of `decisions`: fractions decided at each close, else cash.

    A row sums to at most 1, give or take rounding (1e-15). It is NaN throughout where its decision needs an undefined
    value, or was not asked for.
    """

    def __init__(self, program: Program, closes: Closes, day: int | None = None) -> None:
        super().__init__(program.name, program.table, program.symbols, program.bars, closes)
        if day is None:
            self.compute_indicators()
        asked = (1 << self.length) - 1 if day is None else 1 << range(self.length)[day]
        self.decisions = distributed(self, program.root, asked, range(len(self.table)))
        self.weights = self.decisions.weights(program.symbols)


def evaluate(program: Program, closes: Closes, day: int | None = None) -> Evaluation:
    """The decisions of `program` on all days, or on row `day` alone, which computes only what that decision needs.

    Raises ValueError where `closes` has no column for one of its symbols.
    """
    return Evaluation(program, closes, day)


def compounded(track: Simulated) -> Floats:
    """The value of 1 dollar invested at the first decided close, (T,).

    After an unknown return it is NaN, and starts again at 1 at the next decided close: the gap stays visible, so that
    no indicator measures across it.
    """
    value = np.full_like(track.earned, np.nan)
    start = 0
    unknown_steps = np.flatnonzero(np.isnan(track.earned[:-1])) + 1
    for end in (*unknown_steps.tolist(), len(value)):
        if start < end and track.decided[start]:
            value[start] = 1
            value[start + 1 : end] = np.cumprod(1 + track.earned[start : end - 1])
            start = end + 1
        else:
            start = end
    return value


def _series(node: nodes.SeriesNode, values: Values, prices: Prices, bars: OwnBars, length: int) -> Floats:
    match node:
        case nodes.Number(value):
            return np.full(length, value, dtype=np.float64)
        case nodes.Close(symbol):
            return prices[symbol]
        case nodes.Bar(symbol, field):
            return bars[symbol, field]
        case nodes.Nav(portfolio):
            return compounded(values.simulated[portfolio])
        case nodes.Series(function, parameters, sources):
            read = [values.series[source] for source in sources]
            return INDICATORS[function].formula(*(read if len(read) == 1 else complete_rows(read)), *parameters)
        case nodes.Earlier(days, source):
            return earlier(values.series[source], days)
        case nodes.Rank(kind, window, source):
            return RANKS[kind].formula(values.series[source], window)
        case nodes.Arithmetic(operation, operands):
            return calculated(operation, [values.series[operand] for operand in operands])


def complete_rows(fields: Sequence[Floats]) -> list[Floats]:
    """`fields` of a ticker's bars, NaN in the rows where one of them is missing."""
    incomplete = np.isnan(fields).any(axis=0)
    return [np.where(incomplete, np.nan, values) for values in fields]


def _simulate(node: nodes.Node, values: Values, prices: Prices, length: int) -> Simulated:
    if isinstance(node, nodes.Branch):
        return _either(values.truths[node.condition], *[values.simulated[child] for child in node.children])
    if isinstance(node, nodes.Split):
        parts = [values.simulated[child] for child in node.children]
        if isinstance(node, nodes.Blend):
            return _blended(node.weights, parts)
        return _mixed(fractions(node, values, np.arange(length)), parts)
    if isinstance(node, nodes.Hold):
        # The first of the returns is NaN, and moves to the end: what the last close will earn is not known.
        return Simulated(np.roll(returns(prices[node.symbol]), -1), ~np.isnan(prices[node.symbol]))
    return Simulated(np.zeros(length), np.ones(length, dtype=np.bool_))


def _either(truth: Truth, then: Simulated, otherwise: Simulated) -> Simulated:
    yes = truth == YES
    decided = np.where(yes, then.decided, otherwise.decided) & (truth != UNKNOWN)
    return Simulated(np.where(decided, np.where(yes, then.earned, otherwise.earned), np.nan), decided)


def _blended(weights: Sequence[float], parts: Sequence[Simulated]) -> Simulated:
    earned, decided = np.zeros(len(parts[0].earned)), np.ones(len(parts[0].earned), dtype=np.bool_)
    for weight, part in zip(weights, parts, strict=True):
        earned += weight * part.earned
        decided &= part.decided
    return Simulated(np.where(decided, earned, np.nan), decided)


def _mixed(split: Floats, parts: Sequence[Simulated]) -> Simulated:
    earned, decided = np.zeros(split.shape[1]), ~np.isnan(split[0])
    for fraction, part in zip(split, parts, strict=True):
        taken = fraction > 0
        earned += np.where(taken, fraction * part.earned, 0)
        decided &= part.decided | ~taken
    return Simulated(np.where(decided, earned, np.nan), decided)
