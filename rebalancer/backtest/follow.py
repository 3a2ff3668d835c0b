"""Trades the decisions of bots as `run.backtest` does, in array operations: ticker by ticker, all days at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.run import Backtest
from rebalancer.bots.decisions import Decisions
from rebalancer.model import Floats, Symbol

ROUNDING = 1e-12
"""Targets that differ from what is held by less, as a fraction of the whole, are what is held."""


class Market:
    """Prices (T, N) from `bots.own_prices.last_known` of `symbols`, at which the decisions of many bots are traded."""

    def __init__(self, prices: Floats, symbols: Sequence[Symbol]) -> None:
        self.shape = len(prices), len(symbols)
        self.symbols = tuple(symbols)
        self.places = {symbol: place for place, symbol in enumerate(symbols)}
        self.closes = prices.T if prices.strides[0] == prices.itemsize else np.ascontiguousarray(prices.T)
        """(N, T), each row together in memory; it is NaN up to the first price."""
        late = np.isnan(self.closes[:, :1]).any()
        self.first = np.count_nonzero(np.isnan(self.closes), axis=1).tolist() if late else [0] * len(symbols)
        """The row of the first price of each symbol; T where there is none."""
        self.priced = np.where(np.isnan(self.closes), 1.0, self.closes) if late else self.closes
        """The same with some price where there is none yet, and so nothing is bought."""
        self.gain = np.empty(self.closes.shape)
        """What each close earns until the next one, (N, T); 0 at the last."""
        self.gain[:, -1:] = 0.0
        gain = self._grow(self.gain[:, :-1])
        gain -= 1

    @cached_property
    def growth(self) -> Floats:
        """How many times the close before each one is, (N, T - 1); 1 where that is unknown."""
        return self._grow(np.empty((len(self.closes), max(self.closes.shape[1] - 1, 0))))

    def _grow(self, out: Floats) -> Floats:
        np.divide(self.closes[:, 1:], self.closes[:, :-1], out=out)
        if any(self.first):
            out[np.isnan(out)] = 1.0
        return out


class Gaps(NamedTuple):
    """The `rows` that follow upon an undecided one, and the last decided row `before` each, which there is."""

    rows: NDArray[np.intp]
    before: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Holdings of who trades to `decisions` on every day that is `decided`; drifted in between, across the `gaps`.

    `grown` is how many times the whole, by prices alone, it is on each day what it was at the last decision before.
    """

    market: Market
    decisions: Decisions
    decided: NDArray[np.bool_]
    gaps: Gaps
    grown: Floats

    @property
    def shape(self) -> tuple[int, int]:
        return self.market.shape

    def traded(self) -> Floats:
        traded = np.zeros(len(self.grown))
        for _, target, held in self._each():
            traded += np.abs(target - held)
        traded[~self.decided | (traded <= ROUNDING)] = 0.0
        return traded

    def positions(self) -> Iterator[tuple[int, Floats]]:
        for place, target, held in self._each():
            yield place, np.where(self.decided, target, held)

    def _each(self) -> Iterator[tuple[int, Floats, Floats]]:
        """A column of the market, what is wanted of it on each day, and what is held before that is traded; (T,)."""
        for place, target in _targets(self.market, self.decisions):
            held = np.zeros_like(target)
            np.multiply(target[:-1], self.market.growth[place], out=held[1:])
            if self.gaps.rows.size:
                start, growth = _across(self.gaps, self.market.priced[place], target)
                held[self.gaps.rows] = start * growth
            held /= self.grown
            yield place, target, held


def backtest_weights(prices: Floats, weights: Floats, cash: float, cost: float = 0.0) -> Backtest:
    """As `backtest_decisions`, towards the rows of `weights` (T, N), of which an undecided one has a NaN."""
    symbols = [Symbol(str(column)) for column in range(prices.shape[1])]
    return backtest_decisions(Market(prices, symbols), Decisions.of(weights, symbols), cash, cost)


def backtest_decisions(market: Market, decisions: Decisions, cash: float, cost: float) -> Backtest:
    """As `run.backtest`, towards `decisions` on as many days as the market has.

    An undecided day means no trade, and so does one that wants what is held already. The day of the last decision says
    what is held: its targets, each multiplied by the change of its price since then.
    """
    undecided = decisions.undecided[decisions.undecided.searchsorted(decisions.first) :] - decisions.first
    gaps = _gaps(undecided, decisions.length)
    grown = _grown(market, decisions, gaps)
    followed = Followed(market, decisions, decisions.decided, gaps, grown)
    kept = grown * (1 - cost * followed.traded()) if cost else grown.copy()
    kept[undecided] = 1.0
    equity = np.asarray(cash * np.cumprod(kept), dtype=np.float64)
    equity[undecided] *= grown[undecided]
    return Backtest(cash, equity, followed)


def _gaps(undecided: NDArray[np.intp], length: int) -> Gaps:
    """`undecided` rows are ascending; those before the first decision leave no gap."""
    begins = np.diff(undecided, prepend=-2) > 1
    before = undecided[np.maximum.accumulate(np.where(begins, np.arange(len(undecided)), 0))] - 1
    inside = (before >= 0) & (undecided + 1 < length)
    return Gaps(undecided[inside] + 1, before[inside])


def _grown(market: Market, decisions: Decisions, gaps: Gaps) -> Floats:
    """Ticker after ticker: the sums are the same to the last bit, whatever tickers a later day adds."""
    after, across = np.ones(decisions.length), np.ones(len(gaps.rows))
    for place, target in _targets(market, decisions):
        if gaps.rows.size:
            start, growth = _across(gaps, market.priced[place], target)
            across += start * (growth - 1)
        after += np.multiply(target, market.gain[place], out=target)
    after[gaps.rows - 1] = across
    grown = np.ones(decisions.length)
    grown[1:] = after[:-1]
    return grown


def _targets(market: Market, decisions: Decisions) -> Iterator[tuple[int, Floats]]:
    """What is wanted of each ticker, (T,), and can be bought: what has no price yet stays in cash."""
    for place, symbol in sorted([(market.places[symbol], symbol) for symbol in decisions.wanted]):
        target = decisions.column(symbol)
        if unpriced := market.first[place]:
            target[:unpriced] = 0.0
        yield place, target


def _across(gaps: Gaps, closes: Floats, target: Floats) -> tuple[Floats, Floats]:
    """What was bought at the last decision before each gap, and how many times its price is what it was then."""
    return target.take(gaps.before), closes.take(gaps.rows) / closes.take(gaps.before)


def buy_and_hold(prices: Floats, symbol: Symbol) -> Decisions:
    """Everything into `symbol` at the first of its `prices` (T,), and no decision on any other day."""
    first = int(np.argmax(~np.isnan(prices)))
    others = np.delete(np.arange(len(prices)), first)
    return Decisions(len(prices), {symbol: [(1 << first, 1.0)]}, others)
