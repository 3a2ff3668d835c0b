"""Trades the decisions of bots as `run.backtest` does, in array operations: ticker by ticker, all days at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.run import Backtest
from rebalancer.bots.decisions import Alike, Decisions
from rebalancer.model import Floats, Symbol

ROUNDING = 1e-12
"""Targets that differ from what is held by less, as a fraction of the whole, are what is held."""


class Market:
    """Prices (T, N) from `bots.base.last_known` of `symbols`, at which the decisions of many bots are traded."""

    def __init__(self, prices: Floats, symbols: Sequence[Symbol]) -> None:
        self.shape = len(prices), len(symbols)
        self.symbols = tuple(symbols)
        self.places = {symbol: place for place, symbol in enumerate(symbols)}
        self.closes = np.ascontiguousarray(prices.T)
        """(N, T); a row is NaN up to the first price."""
        self.young = np.isnan(self.closes[:, 0]) if len(prices) else np.zeros(len(symbols), dtype=np.bool_)
        """Whether a symbol has no price yet on the first day, (N,)."""
        self.growth = self.closes[:, 1:] / self.closes[:, :-1]
        """How many times the close before each one is, (N, T - 1); 1 where that is unknown."""
        self.growth[np.isnan(self.growth)] = 1.0
        self.gain = self.growth - 1


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Holdings of who trades to `decisions` on every day that is `decided`; drifted in between.

    `before` is the last decided row before each day, -1 where there is none; None where each day is decided. `grown`
    is how many times the whole, by prices alone, it is on each day what it was at `before`.
    """

    market: Market
    decisions: Decisions
    decided: NDArray[np.bool_]
    before: NDArray[np.intp] | None
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
            yield place, target if self.before is None else np.where(self.decided, target, held)

    def _each(self) -> Iterator[tuple[int, Floats, Floats]]:
        """A column of the market, what is wanted of it on each day, and what is held before that is traded; (T,)."""
        for place, target in _targets(self.market, self.decisions):
            start, growth = _since(self.market, place, target, self.before)
            held = np.zeros_like(target)
            held[1:] = start * growth / self.grown[1:]
            yield place, target, held


def backtest_weights(prices: Floats, weights: Floats, cash: float, cost: float = 0.0) -> Backtest:
    """As `backtest_decisions`, towards the rows of `weights` (T, N), of which an undecided one has a NaN."""
    symbols = [Symbol(str(column)) for column in range(prices.shape[1])]
    return backtest_decisions(Market(prices, symbols), Decisions.of(weights, symbols), cash, cost)


def backtest_decisions(market: Market, decisions: Decisions, cash: float, cost: float = 0.0) -> Backtest:
    """As `run.backtest`, towards `decisions` on as many days as the market has.

    An undecided day means no trade, and so does one that wants what is held already. The day of the last decision says
    what is held: its targets, each multiplied by the change of its price since then.
    """
    decided = decisions.decided
    before = None if decided.all() else _last_decided(decided)
    followed = Followed(market, decisions, decided, before, _grown(market, decisions, before))
    kept: Floats = followed.grown * (1 - cost * followed.traded()) if cost else followed.grown
    if before is None:
        return Backtest(cash, _compounded(cash, kept), followed)
    equity: Floats = np.empty(len(kept))
    equity[decided] = _compounded(cash, kept[decided])
    idle = np.flatnonzero(~decided)
    equity[idle] = np.where(before[idle] >= 0, equity[before[idle]], cash) * followed.grown[idle]
    return Backtest(cash, equity, followed)


def _compounded(cash: float, growth: Floats) -> Floats:
    return np.asarray(cash * np.cumprod(growth), dtype=np.float64)


def _last_decided(decided: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The last decided row before each, -1 where there is none."""
    latest = np.maximum.accumulate(np.where(decided, np.arange(len(decided)), -1))
    return np.concatenate(([-1], latest[:-1]))


def _grown(market: Market, decisions: Decisions, before: NDArray[np.intp] | None) -> Floats:
    """Ticker after ticker: the sums are the same to the last bit, whatever tickers a later day adds."""
    grown = np.ones(decisions.length)
    earned = np.empty(max(decisions.length - 1, 0))
    for place, target in _targets(market, decisions):
        if before is None:
            np.multiply(target[:-1], market.gain[place], out=earned)
        else:
            start, growth = _since(market, place, target, before)
            np.multiply(start, growth - 1, out=earned)
        grown[1:] += earned
    return grown


def _targets(market: Market, decisions: Decisions) -> Iterator[tuple[int, Floats]]:
    """What is wanted of each ticker, (T,), and can be bought: what has no price yet stays in cash."""
    for place, symbol in sorted((market.places[symbol], symbol) for symbol in decisions.wanted):
        target, closes = decisions.column(symbol), market.closes[place]
        yield place, np.where(np.isnan(closes), 0.0, target) if market.young[place] else target


def _since(market: Market, place: int, target: Floats, before: NDArray[np.intp] | None) -> tuple[Floats, Floats]:
    """What was bought at the last decision before each day but the first, (T - 1,), and how it grew since."""
    if before is None:
        return target[:-1], market.growth[place]
    rows, closes = before[1:], market.closes[place]
    start = np.where(rows >= 0, target[rows], 0.0)
    return start, np.divide(closes[1:], closes[rows], out=np.ones_like(start), where=start > 0)


def buy_and_hold(prices: Floats, symbol: Symbol) -> Decisions:
    """Everything into `symbol` at the first of its `prices` (T,), and no decision on any other day."""
    first = int(np.argmax(~np.isnan(prices)))
    others = np.delete(np.arange(len(prices)), first)
    return Decisions(len(prices), {symbol: [Alike(1 << first, 1.0)]}, others)
