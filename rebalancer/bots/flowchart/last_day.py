"""The decision of the last day alone, by a walk from the root: only the nodes on its way, on the days that they read.

A value of a window is computed on that window. What depends on where the history begins is computed on all of it: the
recursive indicators, what was entered and not left since, and simulated parts of a chart, which `Values` computes on
all days. So each value is that of an evaluation of all days to the last bit.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from heapq import heappop, heappush

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.arithmetic import RANKS, calculated, earlier
from rebalancer.bots.flowchart.columns import columns_of
from rebalancer.bots.flowchart.conditions import NO, YES, Sessions, Truth, truth
from rebalancer.bots.flowchart.evaluate import OnDemand, Values
from rebalancer.bots.flowchart.indicators import INDICATORS, prices_needed
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.ranking import Marks
from rebalancer.bots.flowchart.sessions import further_back
from rebalancer.bots.flowchart.splits import fractions
from rebalancer.bots.own_prices import own_bars
from rebalancer.model import Closes, Floats, Symbol

LAST = np.array([-1])
_FROM_ALL_DAYS = nodes.Bar, nodes.Nav, nodes.Latch


class LastDay:
    """The values of the nodes of `program` up to the last of `closes`, each computed when it is first asked for.

    `series` and `truths` are (n,), n as large as it takes: row -1 is the last day, and those before it are there as far
    as what is computed from them needs them. `weights` is (1, N) over the program's symbols, NaN throughout where the
    decision needs an undefined value. Raises ValueError where `closes` lack what the program reads.
    """

    def __init__(self, program: Program, closes: Closes) -> None:
        self._program, self._closes, self._table = program, closes, program.table
        self._columns = columns_of(closes)
        self._columns.check(program.name, program.symbols)
        self._bars = own_bars(program.name, program.bars, closes)
        self._days = len(closes.sessions)
        self._computed: dict[int, int] = {}
        self.series = OnDemand[Floats](self._compute)
        self.truths = OnDemand[Truth](self._compute)
        held = self._held()
        row = [np.nan if held is None else held.get(symbol, 0.0) for symbol in program.symbols]
        self.weights: Floats = np.array([row], dtype=np.float64)

    @property
    def sessions(self) -> Sessions:
        return self._closes.sessions

    @cached_property
    def on_all_days(self) -> Values:
        program = self._program
        return Values(program.name, program.table, program.symbols, program.bars, self._closes)

    def too_short(self, score: int) -> Marks:
        return self.on_all_days.too_short(score)

    def recent(self, series: int, rows: int) -> Floats:
        self._compute(series, rows)
        return self.series[series][-rows:]

    def _held(self) -> Mapping[Symbol, float] | None:
        """What each ticker gets, as `distributed` adds it up; None where that is undefined."""
        amounts, open_, held = {self._program.root: 1.0}, [-self._program.root], dict[Symbol, float]()
        while open_:  # parents before their children
            index = -heappop(open_)
            node, amount = self._table[index], amounts[index]
            if isinstance(node, nodes.Hold):
                held[node.symbol] = min(amount, 1.0)
            for child, part in self._split(node) if isinstance(node, nodes.Split) else ():
                passed = amount * part
                if passed > 0:
                    if child not in amounts:
                        heappush(open_, -child)
                    amounts[child] = amounts.get(child, 0.0) + passed
                elif math.isnan(passed):
                    return None
        return held

    def _split(self, node: nodes.Split) -> Iterator[tuple[int, float]]:
        if isinstance(node, nodes.Branch):
            then = {YES: 1.0, NO: 0.0}.get(int(self.truths[node.condition][-1]), np.nan)
            return zip(node.children, (then, 1 - then), strict=True)
        if isinstance(node, nodes.Ranking):
            self._compute_scores(node)
        return zip(node.children, fractions(node, self, LAST)[:, 0].tolist(), strict=True)

    def _compute_scores(self, node: nodes.Ranking) -> None:
        """Those on a window of a ticker's closes together; the others are computed when they are asked for."""
        alike = defaultdict[tuple[str, tuple[float, ...]], list[nodes.Close]](list)
        for score in (*node.scores, *(node.volatilities if isinstance(node, nodes.TopK) else ())):
            series = self._table[score]
            if isinstance(series, nodes.Series) and not INDICATORS[series.function].from_the_beginning:
                sources = [self._table[source] for source in series.sources]
                if len(sources) == 1 and isinstance(close := sources[0], nodes.Close):
                    alike[series.function, series.parameters].append(close)
        for (function, parameters), closes in alike.items():
            self._columns.compute_together(function, parameters, closes)

    def _compute(self, wanted: int, rows: int = 1) -> None:
        """The last `rows` values of `wanted`, after those of all that it needs; nothing recurses."""
        needed, open_, order = {wanted: min(rows, self._days)}, [-wanted], list[tuple[int, int, int]]()
        while open_:
            index = -heappop(open_)
            if self._computed.get(index, 0) >= needed[index]:
                continue
            node = self._table[index]
            needed[index], read = self._reach(node, needed[index])
            order.append((index, needed[index], read))
            for operand in () if isinstance(node, nodes.Nav) else nodes.operands(node):
                if operand not in needed:
                    heappush(open_, -operand)
                needed[operand] = max(needed.get(operand, 0), read)
        for index, count, read in reversed(order):
            self._computed[index] = count
            self._compute_one(index, count, read)

    def _reach(self, node: nodes.Node, rows: int) -> tuple[int, int]:
        """How many rows are computed of `node` where `rows` are asked for, and how many that takes of its operands."""
        if isinstance(node, _FROM_ALL_DAYS):
            return self._days, self._days
        if isinstance(node, nodes.Series) and INDICATORS[node.function].from_the_beginning:
            return rows, self._days
        return rows, min(rows + further_back(node, prices_needed), self._days)

    def _compute_one(self, index: int, rows: int, read: int) -> None:
        """The last `rows` values of a node, from the last `read` of its operands."""
        node = self._table[index]
        if isinstance(node, nodes.SeriesNode):
            self.series[index] = self._values(index, node, rows, read)
        elif isinstance(node, nodes.ConditionNode):
            parts = nodes.operands(node)
            truths = {part: self.truths[part][-read:] for part in parts if part in self.truths}
            series = {part: self.series[part][-read:] for part in parts if part in self.series}
            self.truths[index] = truth(node, truths, series, self.sessions[-read:])[-rows:]
        else:
            raise TypeError(f"a {type(node).__name__} has no value")

    def _values(self, index: int, node: nodes.SeriesNode, rows: int, read: int) -> Floats:
        match node:
            case nodes.Number(value):
                return np.full(rows, value, dtype=np.float64)
            case nodes.Close(symbol):
                return self._columns.closes(symbol, rows)
            case nodes.Bar(symbol, field):
                return self._bars[symbol, field]
            case nodes.Nav():
                return self.on_all_days.series[index]
            case nodes.Series(sources=sources):
                read_from = [self._table[each] for each in sources]
                return self._columns.indicator(node, read_from, self._tails(sources, read), rows)
            case nodes.Earlier(days, source):
                return earlier(self.series[source][-read:], days)[-rows:]
            case nodes.Rank(kind, window, source):
                return RANKS[kind].formula(self.series[source][-read:], window)[-rows:]
            case nodes.Arithmetic(operation, operands):
                return calculated(operation, self._tails(operands, read))

    def _tails(self, series: tuple[int, ...], rows: int) -> list[Floats]:
        return [self.series[each][-rows:] for each in series]


@lru_cache(maxsize=1)
def last_day(program: Program, closes: Closes) -> LastDay:
    """The one of a decision is that of its flips, which are asked for next."""
    return LastDay(program, closes)
