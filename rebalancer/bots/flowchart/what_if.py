"""The last day's values of a program if one ticker had another price on that day, for several such prices at once.

Only what a gate reads is computed, by the engine's own formulas: each on a matrix whose rows are the days, with a
column a price. So the values are those of a whole evaluation to the last bit.
"""

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.arithmetic import RANKS, calculated
from rebalancer.bots.flowchart.conditions import NO, UNKNOWN, YES, Truth, truth
from rebalancer.bots.flowchart.decided import Decided
from rebalancer.bots.flowchart.evaluate import OnDemand
from rebalancer.bots.flowchart.indicators import INDICATORS
from rebalancer.bots.flowchart.indicators.recursive import last_run
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.ranking import Marks
from rebalancer.bots.flowchart.splits import fractions
from rebalancer.bots.own_prices import own_closes
from rebalancer.model import Closes, Floats, Symbol

Reached = tuple[int, list[tuple[int, float]]]
"""A node, and its children that get something, each with its fraction."""
_SETTLED = 3
"""After so many times the prices that settle a recursive formula, where its history begins is lost in rounding."""

_POINTWISE = nodes.Inequality | nodes.Several | nodes.Count
"""Conditions that are true or false by the values of one day alone."""
_OF_PRICES = (
    _POINTWISE
    | nodes.ForDays
    | nodes.Latch
    | nodes.Dates
    | nodes.Number
    | nodes.Close
    | nodes.Bar
    | nodes.Series
    | nodes.Earlier
    | nodes.Rank
    | nodes.Arithmetic
)
"""What depends on the tickers that it reads, and on no others."""
KNOWN = _OF_PRICES | nodes.Nav


class NotComputedError(Exception):
    """The kind of node, in words, of which the values at another price are not known."""


class Context:
    """What another price of the last of `days` days leaves as it is: the `actual` values.

    `recent` are the program's closes of the last two days, `before` is the row of the one before the last.
    """

    def __init__(self, program: Program, closes: Closes, actual: Decided) -> None:
        self.table, self.actual, self.days = program.table, actual, len(closes.sessions)
        self.recent = own_closes(program.name, program.symbols, closes.last(2))
        self.before = self.days - 2
        self._held: dict[int, list[Reached]] = {}
        self._read: dict[int, tuple[list[int], frozenset[Symbol] | None]] = {}

    def read_for(self, wanted: int, symbol: Symbol) -> list[int]:
        """What is computed for `wanted` if the price of `symbol` changes, operands first; empty if that is nothing."""
        if wanted not in self._read:
            below = sorted(operands_of(self.table, wanted))
            of_prices = all(isinstance(self.table[index], _OF_PRICES) for index in below)
            symbols = (getattr(self.table[index], "symbol", None) for index in below)
            self._read[wanted] = below, frozenset(filter(None, symbols)) if of_prices else None
        below, symbols_read = self._read[wanted]
        return below if symbols_read is None or symbol in symbols_read else []

    def held_before(self, portfolio: int) -> list[Reached]:
        """The nodes that `portfolio` reaches on the day before the last, children first; none without that day."""
        if portfolio not in self._held:
            self._held[portfolio] = sorted(self._reached(portfolio).items()) if self.before >= 0 else []
        return self._held[portfolio]

    def _reached(self, portfolio: int) -> dict[int, list[tuple[int, float]]]:
        reached: dict[int, list[tuple[int, float]]] = {}
        stack = [portfolio]
        while stack:
            index = stack.pop()
            if index in reached:
                continue
            node, reached[index] = self.table[index], []
            if isinstance(node, nodes.Split):
                split = fractions(node, self.actual.on_all_days, np.array([self.before]))[:, 0].tolist()
                reached[index] = [(child, part) for child, part in zip(node.children, split, strict=True) if part > 0]
                stack.extend(child for child, _ in reached[index])
        return reached


class WhatIf:
    """`series` and `truths` are the values (K,) of nodes on the last day if `symbol` had each of `prices` (K,) on it.

    Both raise NotComputedError for a node of a kind that is not known here.
    """

    def __init__(self, context: Context, symbol: Symbol, prices: Floats) -> None:
        self.series = OnDemand[Floats](self._compute)
        self.truths = OnDemand[Truth](self._compute)
        self._context, self._table, self._actual = context, context.table, context.actual
        self._symbol, self._prices = symbol, prices

    def fractions(self, node: nodes.Split) -> Floats:
        """What each child of `node` gets, (children, K); NaN where that is undefined."""
        return fractions(node, self, np.arange(len(self._prices)))

    def too_short(self, score: int) -> Marks:
        """How much history there is does not depend on a price."""
        return np.full(len(self._prices), self._actual.too_short(score)[-1])

    def _compute(self, wanted: int) -> None:
        read = self._context.read_for(wanted, self._symbol)
        if not read:
            self._leave(wanted)
        for index in read:
            node = self._table[index]
            if index in self.series or index in self.truths:
                continue
            match node:
                case nodes.ForDays():
                    self.truths[index] = self._held(index, node)
                case nodes.Latch():
                    self.truths[index] = self._entered(index, node)
                case nodes.Dates():
                    self._leave(index)
                case _ if isinstance(node, _POINTWISE):
                    self.truths[index] = truth(node, self.truths, self.series, self._context.recent.sessions)
                case _:
                    self.series[index] = self._series(index, node)

    def _leave(self, index: int) -> None:
        """As it is, whatever the price."""
        if isinstance(self._table[index], nodes.ConditionNode):
            self.truths[index] = np.full(len(self._prices), self._actual.truths[index][-1])
        else:
            self.series[index] = self._unchanged(index)

    def _series(self, index: int, node: nodes.Node) -> Floats:
        match node:
            case nodes.Close(symbol) if symbol == self._symbol:
                return self._prices
            case nodes.Number() | nodes.Close() | nodes.Bar():
                return self._unchanged(index)
            case nodes.Series():
                return self._indicator(index, node)
            case nodes.Nav():
                return self._value(index, node)
            case nodes.Earlier(days, source):
                return self._unchanged(index) if days else self.series[source]
            case nodes.Rank(kind, window, source):
                run = self._run(source, window)
                return (
                    self._unchanged(index) if run is None else RANKS[kind].formula(self._days(run, source), window)[-1]
                )
            case nodes.Arithmetic(operation, operands):
                return calculated(operation, [self.series[operand] for operand in operands])
        raise NotComputedError(named(node))

    def _unchanged(self, index: int) -> Floats:
        return np.full(len(self._prices), self._actual.series[index][-1])

    def _run(self, source: int, rows: int) -> Floats | None:
        """Up to `rows` values of a series since its last gap; None where the prices don't change the last of them."""
        actual = self._actual.recent(source, rows)
        if np.isnan(actual[-1]) or (self.series[source] == actual[-1]).all():
            return None
        return last_run(actual)

    def _days(self, run: Floats, source: int) -> Floats:
        """`run` with a column a price: what `source` then is on the last day."""
        days = np.tile(run[:, np.newaxis], (1, len(self._prices)))
        days[-1] = self.series[source]
        return days

    def _indicator(self, index: int, node: nodes.Series) -> Floats:
        spec, parameters = INDICATORS[node.function], node.parameters
        if spec.bars:
            if self._symbol in {getattr(self._table[source], "symbol", None) for source in node.sources}:
                raise NotComputedError(f"{spec.short}, which reads more of the day than its close")
            return self._unchanged(index)
        rows = _SETTLED * spec.settled(*parameters) if spec.settled else spec.prices(*parameters)
        if not parameters:  # without a window it reads all there is
            rows = self._context.days
        (source,) = node.sources
        run = self._run(source, rows)
        if run is None:
            return self._unchanged(index)
        if spec.following and len(run) > spec.prices(*parameters):
            return spec.following(run[:-1], self.series[source], *parameters)
        values: Floats = spec.formula(self._days(run, source), *parameters)[-1]
        return values

    def _value(self, index: int, node: nodes.Nav) -> Floats:
        """The value before the last day, and what the weights of that day earn until the last."""
        value, before = self._actual.series[index], self._context.before
        earned = self._actual.on_all_days.simulated[node.portfolio].earned
        if before < 0 or np.isnan(value[before]) or np.isnan(earned[before]):
            return self._unchanged(index)
        grown: Floats = value[before] * (1 + self._earned(node.portfolio))
        return grown

    def _earned(self, portfolio: int) -> Floats:
        earned: dict[int, Floats] = {}
        before, recent = self._context.before, self._context.recent
        for index, parts in self._context.held_before(portfolio):
            node = self._table[index]
            if isinstance(node, nodes.Hold) and node.symbol == self._symbol:
                earned[index] = self._prices / recent.values[-2, recent.symbols.index(node.symbol)] - 1
            elif isinstance(node, nodes.Split):
                earned[index] = np.zeros(len(self._prices))
                for child, fraction in parts:
                    earned[index] = earned[index] + fraction * earned[child]
            else:
                earned[index] = np.full(len(self._prices), self._actual.on_all_days.simulated[index].earned[before])
        return earned[portfolio]

    def _held(self, index: int, node: nodes.ForDays) -> Truth:
        self._actual.truths[index]  # so that its condition is there on as many days as it reads
        length = self._context.days
        before = self._actual.truths[node.condition][-min(node.days, length) : -1]
        lowest = min([*before.tolist(), *[UNKNOWN] * (node.days > length)], default=None)
        today = self.truths[node.condition]
        return today if lowest is None else np.minimum(today, np.int8(lowest))

    def _entered(self, index: int, node: nodes.Latch) -> Truth:
        """A day on from the state before it, by the rules of `conditions.truth`."""
        enter, stays = self.truths[node.enter], YES - self.truths[node.leave]
        states = self._actual.truths[index]
        before = [self._actual.truths[each][-len(states) : -1] for each in (node.enter, node.leave)]
        if not (np.minimum(*(part != UNKNOWN for part in before))).any():
            return np.where((enter == UNKNOWN) | (stays == UNKNOWN), np.int8(UNKNOWN), enter)
        state = states[-2]
        if state == UNKNOWN:
            return np.where(enter == stays, enter, np.int8(UNKNOWN))
        return enter if state == NO else stays


def named(node: nodes.Node) -> str:
    return f"a node of the kind {type(node).__name__}"


def operands_of(table: tuple[nodes.Node, ...], index: int) -> set[int]:
    """The node and all that its value is computed from; not what is below a simulated portfolio."""
    found, stack = set[int](), [index]
    while stack:
        current = stack.pop()
        if current not in found:
            found.add(current)
            node = table[current]
            stack.extend(() if isinstance(node, nodes.Nav) else nodes.operands(node))
    return found
