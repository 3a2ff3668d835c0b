"""Simulates trading to target weights at every close, with costs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalancer.model import Floats

Rows = NDArray[np.intp]
Strategy = Callable[[int, float], Floats | None]
"""(day, equity) -> target weights (N,) at the close of that day; `equity` is the account's before any trade.

None where nothing can be decided: then nothing is traded and positions are kept, as in an evening.
"""

ROUNDING = 1e-12
"""Targets that differ from what is held by less, as a fraction of the whole, are what is held."""


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """The result for `cash` over T days and N symbols.

    `equity` (T,) is that after each day's trades and costs; `weights` (T, N) are the positions then, as fractions of
    it, and the rest is cash. `traded` (T,) is all that was bought and sold, as a fraction of the equity before.
    """

    cash: float
    equity: Floats
    weights: Floats
    traded: Floats


def backtest(prices: Floats, strategy: Strategy, cash: float, cost: float = 0.0) -> Backtest:
    """Trade to the target weights at each close; between trades the weights drift with the prices.

    `prices` is (T, N) from `bots.base.last_known`; what has no price yet can't be bought, and its weight stays in cash.
    `cost` is a fraction of the traded value, for buys and sells. It is computed on trades towards the equity before
    costs, an error in the order of the cost's square. Fractional shares are allowed. Cash earns nothing.
    """
    days, symbols = prices.shape
    equity, weights, traded = np.zeros(days), np.zeros((days, symbols)), np.zeros(days)
    growth = np.ones_like(prices)
    growth[1:] = prices[1:] / prices[:-1]
    growth = np.where(np.isnan(growth), 1.0, growth)  # where one of the two is unknown, the return is 0
    held, free = np.zeros(symbols), cash
    for day in range(days):
        held = held * growth[day]
        value = free + held.sum()
        row = strategy(day, value)
        if row is not None:
            target = np.where(np.isnan(prices[day]), 0.0, row)
            traded[day] = np.abs(target - held / value).sum()
            value *= 1 - cost * traded[day]
            held = target * value
            free = value - held.sum()
        equity[day], weights[day] = value, held / value
    return Backtest(cash, equity, weights, traded)


def backtest_weights(prices: Floats, weights: Floats, cash: float, cost: float = 0.0) -> Backtest:
    """As `backtest`, towards the rows of `weights` (T, N), in array operations.

    An undefined row, with a NaN, means no trade, and so does one that is what is held already. The day of the last
    decision says what is held: its targets, each multiplied by the change of its price since then.
    """
    days = len(prices)
    decided = np.isfinite(weights.sum(axis=1))
    latest = np.maximum.accumulate(np.where(decided, np.arange(days), -1))
    before = np.concatenate([[-1], latest[:-1]])
    columns = np.flatnonzero((weights > 0).any(axis=0))
    closes, targets = prices.T[columns], weights.T[columns]
    buyable = decided & ~np.isnan(closes)
    as_wanted = bool(decided.all() and buyable.all())
    if not as_wanted:
        targets = np.where(buyable, targets, 0.0)
    grown, held = _drifted(closes, targets, before)
    traded = np.zeros(days)
    for target, (rows, weight) in zip(targets, held, strict=True):
        change = target.copy()
        change[rows] -= weight
        traded += np.abs(change)
    traded[~decided | (traded <= ROUNDING)] = 0.0
    equity = np.empty(days)
    equity[decided] = cash * np.cumprod((grown * (1 - cost * traded))[decided])
    earlier = np.where(before >= 0, equity[before], cash)
    equity[~decided] = (earlier * grown)[~decided]
    if not as_wanted:
        for target, (rows, weight) in zip(targets, held, strict=True):
            idle = ~decided[rows]
            target[rows[idle]] = weight[idle]
        whole = np.zeros(weights.shape[::-1])
        whole[columns] = targets
        weights = whole.T
    return Backtest(cash, equity, weights, traded)


def _drifted(closes: Floats, targets: Floats, before: Rows) -> tuple[Floats, list[tuple[Rows, Floats]]]:
    """How the whole grew since row `before` (T,), where it was traded to its target, -1 where it never was.

    Then what is held of each symbol as it drifted, before the day's trade, as rows and weights; `closes` and `targets`
    are (N, T). Symbol by symbol: the sums are the same to the last bit, whatever symbols a later day adds.
    """
    grown, held = np.ones(len(before)), []
    for close, target in zip(closes, targets, strict=True):
        rows = np.flatnonzero((target[before] > 0) & (before >= 0))
        start = target[before[rows]]
        value = start * (close[rows] / close[before[rows]])
        grown[rows] += value - start
        held.append((rows, value))
    return grown, [(rows, value / grown[rows]) for rows, value in held]


def buy_and_hold(prices: Floats, column: int) -> Floats:
    """Weights (T, N): everything into one symbol at its first price, and no decision on any other day."""
    weights = np.full_like(prices, np.nan)
    first = int(np.argmax(~np.isnan(prices[:, column])))
    weights[first] = 0.0
    weights[first, column] = 1.0
    return weights
