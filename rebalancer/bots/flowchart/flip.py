"""How near a decision is to changing: the price of one ticker, before the close, at which a gate decides otherwise.

A gate is a condition or several, or a filter with its choice of children. Solved on the values themselves, not on a
slope: from the day's price outward in both directions, in steps that grow with the distance, and then inside the first
step in which something changes down to a tick. A condition of several parts is followed from one part's change to the
next, so that a band between two of them is not missed; one part that changes twice within one step is.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, pairwise

import numpy as np

from rebalancer.bots.flowchart import nodes
from rebalancer.bots.flowchart.decided import Decided
from rebalancer.bots.flowchart.program import Program
from rebalancer.bots.flowchart.what_if import KNOWN, Context, NotComputedError, WhatIf, named, operands_of
from rebalancer.bots.flowchart.wording import IndentedLine
from rebalancer.model import Closes, Flip, Floats, Symbol
from rebalancer.model.text import listed

_STEPS = (0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Fractions of the price, down and up."""
_MORE_STEPS = (0.7, 1.0)
"""Up only."""
_POINTS = 16
"""So many prices at once while a step is narrowed down."""
MOST_GATES = 200
Gate = nodes.Branch | nodes.Switch | nodes.Shared | nodes.TopK
State = tuple[int, Floats]
"""A tick, and what a gate and its parts decide there."""
MOST_RIVALS = 10
"""On either side of a filter's cut, the number of tickers whose prices are looked at: those with the nearest scores."""


def flips(program: Program, closes: Closes, values: Decided, path: Sequence[IndentedLine]) -> tuple[Flip, ...]:
    """For each gate on `path`, the last day's, the nearest price of one ticker that flips it."""
    search = _Search(program, closes, values)
    gates = [(step, line.gate) for step, line in enumerate(path) if line.gate is not None]
    why = f"not computed: only the first {MOST_GATES} gates are"
    left_out = (Flip(step, why=why) for step, _ in gates[MOST_GATES:])
    return (*(search.flip(step, program.table[gate]) for step, gate in gates[:MOST_GATES]), *left_out)


def ticks_of(price: float) -> tuple[int, int, int]:
    """(decimals, below, above): the nearest multiples of 10^-decimals, both the same where the price is one.

    Two decimals from 1 on; below, four, or as many as four digits take.
    """
    decimals = 2 if price >= 1 else max(4, 3 - math.floor(math.log10(price)))
    scaled = round(price * 10**decimals)
    if scaled / 10**decimals == price:
        return decimals, scaled, scaled
    exact = Decimal(price).scaleb(decimals)
    return decimals, math.floor(exact), math.ceil(exact)


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """Prices of `symbol` ever farther from the day's, below (`sign` -1) or above (1), as `ticks` of 10^-`decimals`.

    `values` are those at the day's price, then at each of `ticks` but the first, which is the day's price or the tick
    next to it on the other side.
    """

    symbol: Symbol
    price: float
    sign: int
    decimals: int
    ticks: Sequence[int]
    values: WhatIf

    def distance(self, tick: int) -> float:
        """As a fraction of the day's price; 0 for the first tick."""
        return 0.0 if tick == self.ticks[0] else abs(tick / 10**self.decimals / self.price - 1)

    def flip(self, step: int, tick: int) -> Flip:
        return Flip(step, self.symbol, Decimal(repr(self.price)), Decimal(tick).scaleb(-self.decimals))


def conditions_of(gate: nodes.Branch | nodes.Switch | nodes.Shared) -> list[int]:
    """What decides which children get something."""
    if isinstance(gate, nodes.Branch):
        return [gate.condition]
    return [each for each in gate.conditions if each is not None]


class _Search:
    """Of a bot's last day. `_directions` keeps by symbol the first, widest look, which all gates share."""

    def __init__(self, program: Program, closes: Closes, actual: Decided) -> None:
        self._table, self._context = program.table, Context(program, closes, actual)
        recent = self._context.recent
        self._today = dict(zip(recent.symbols, recent.values[-1].tolist(), strict=True))
        self._directions: dict[Symbol, tuple[Direction, Direction]] = {}

    def flip(self, step: int, node: nodes.Node) -> Flip:
        if isinstance(node, nodes.Mix):
            return Flip(step, why="a mix: prices change its parts little by little, and none flips it")
        if not isinstance(node, Gate):
            return Flip(step, why=f"not computed for {named(node)}")
        try:
            symbols = [symbol for symbol in self._symbols(node) if self._today[symbol] > 0]
            found = self._nearest(step, node, symbols)
        except NotComputedError as unknown:
            return Flip(step, why=f"not computed for {unknown}")
        each = listed(symbols, " or ") or "a ticker"
        none = f"no price of {each} alone, from half of the present one to twice that, flips it"
        return found or Flip(step, why=none)

    def _nearest(self, step: int, gate: Gate, symbols: Sequence[Symbol]) -> Flip | None:
        """The directions in which something changes early come first; the others are mostly not narrowed down."""
        looks: list[tuple[float, Direction, Floats]] = []
        for direction in chain.from_iterable(map(self._both_directions, symbols)):
            states = self._states(gate, direction.values)
            changed = np.flatnonzero((states != states[:, :1]).any(axis=0))
            if changed.size:
                looks.append((direction.distance(direction.ticks[changed[0] - 1]), direction, states))
        best, nearest = None, math.inf
        for least, direction, states in sorted(looks, key=lambda look: look[0]):
            tick = self._first_flip(gate, direction, states) if least < nearest else None
            if tick is not None and direction.distance(tick) < nearest:
                best, nearest = direction.flip(step, tick), direction.distance(tick)
        return best

    def _symbols(self, gate: Gate) -> list[Symbol]:
        """Those whose prices of the last day the gate reads, in the order of the chart."""
        starts = self._near_the_cut(gate) if isinstance(gate, nodes.TopK) else conditions_of(gate)
        read = [index for start in starts for index in sorted(operands_of(self._table, start))]
        return list(dict.fromkeys(symbol for index in read for symbol in self._read_by(self._table[index])))

    def _read_by(self, node: nodes.Node) -> Iterator[Symbol]:
        match node:
            case nodes.Close(symbol) | nodes.Bar(symbol):
                yield symbol
            case nodes.Nav(portfolio):
                for index, _ in self._context.held_before(portfolio):
                    if isinstance(held := self._table[index], nodes.Hold):
                        yield held.symbol
            case _ if not isinstance(node, KNOWN):
                raise NotComputedError(named(node))

    def _near_the_cut(self, node: nodes.TopK) -> list[int]:
        """The scores nearest to the worst chosen one, MOST_RIVALS of the chosen and as many of the others."""
        scores = [self._context.actual.series[score][-1] for score in node.scores]
        scored = [one for one in zip(node.scores, scores, strict=True) if not np.isnan(one[1])]
        ranked = sorted(scored, key=lambda one: one[1], reverse=node.largest)
        return [score for score, _ in ranked[max(node.count - MOST_RIVALS, 0) : node.count + MOST_RIVALS]]

    def _first_flip(self, gate: Gate, towards: Direction, states: Floats) -> int | None:
        """The first tick at which the gate decides otherwise; `states` has a column for each of `towards.ticks`."""
        choices, today = len(gate.children), states[:, 0]
        for near, far in pairwise(range(len(towards.ticks))):
            tick, state = towards.ticks[near], states[:, near]
            while tick != towards.ticks[far] and (state != states[:, far]).any():
                tick, state = self._first_change(gate, towards, (tick, state), (towards.ticks[far], states[:, far]))
                if (state[:choices] != today[:choices]).any():
                    return tick
        return None

    def _first_change(self, gate: Gate, towards: Direction, near: State, far: State) -> State:
        """The first tick, from `near` (not included) to `far`, with another state than `near` has, and that state."""
        (tick, state), sign = near, towards.sign
        while abs(far[0] - tick) > 1:
            stride = max(1, abs(far[0] - tick) // _POINTS)
            between = list(range(tick + sign * stride, far[0], sign * stride))
            states = self._states(gate, self._at(towards.symbol, towards.decimals, between))
            changed = np.flatnonzero((states != state[:, np.newaxis]).any(axis=0))
            if changed.size:
                far = between[changed[0]], states[:, changed[0]]
                between = between[: changed[0]]
            tick = between[-1] if between else tick
        return far

    def _both_directions(self, symbol: Symbol) -> tuple[Direction, Direction]:
        if symbol not in self._directions:
            self._directions[symbol] = self._direction(symbol, -1), self._direction(symbol, 1)
        return self._directions[symbol]

    def _direction(self, symbol: Symbol, sign: int) -> Direction:
        price = self._today[symbol]
        decimals, below, above = ticks_of(price)
        scaled = price * 10**decimals
        if sign < 0:
            farther = (math.floor(scaled * (1 - step)) for step in _STEPS)
            ticks = [above, *dict.fromkeys(tick for tick in farther if 0 < tick < above)]
        else:
            farther = (math.ceil(scaled * (1 + step)) for step in (*_STEPS, *_MORE_STEPS))
            ticks = [below, *dict.fromkeys(tick for tick in farther if tick > below)]
        return Direction(symbol, price, sign, decimals, ticks, self._at(symbol, decimals, ticks[1:], price))

    def _at(self, symbol: Symbol, decimals: int, ticks: Sequence[int], *prices: float) -> WhatIf:
        """At each of `prices`, then at each of `ticks`."""
        return WhatIf(self._context, symbol, np.array([*prices, *(tick / 10**decimals for tick in ticks)]))

    def _states(self, gate: Gate, values: WhatIf) -> Floats:
        """A column a price: what each child gets, then the truth of each single comparison; undefined is -1."""
        chosen = np.nan_to_num(values.fractions(gate), nan=-1)
        if isinstance(gate, nodes.TopK):
            return chosen
        parts = sorted(set[int]().union(*(operands_of(self._table, each) for each in conditions_of(gate))))
        single = [index for index in parts if isinstance(self._table[index], nodes.Inequality)]
        return np.vstack([chosen, *(values.truths[index] for index in single)])
