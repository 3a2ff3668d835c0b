"""Simulates trading to target weights at every close, with costs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rebalancer.model import Floats

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
    targets = np.where(decided[:, np.newaxis] & ~np.isnan(prices), weights, 0.0)
    columns = np.flatnonzero(targets.any(axis=0))
    held, grown, traded = np.zeros((len(columns), days)), np.ones(days), np.zeros(days)
    # Symbol by symbol: the sums are then the same to the last bit, whatever symbols a later day adds.
    for drifted, column in zip(held, columns, strict=True):
        close, target = prices[:, column].copy(), targets[:, column].copy()
        start = np.where(before >= 0, target[before], 0.0)
        drifted[:] = np.where(start > 0, start * (close / close[before]), 0.0)
        grown += drifted - start
    held /= grown
    for drifted, column in zip(held, columns, strict=True):
        traded += np.abs(targets[:, column] - drifted)
    traded[~decided | (traded <= ROUNDING)] = 0.0
    equity = np.empty(days)
    equity[decided] = cash * np.cumprod((grown * (1 - cost * traded))[decided])
    earlier = np.where(before >= 0, equity[before], cash)
    equity[~decided] = (earlier * grown)[~decided]
    targets[np.ix_(~decided, columns)] = held[:, ~decided].T
    return Backtest(cash, equity, targets, traded)


def buy_and_hold(prices: Floats, column: int) -> Floats:
    """Weights (T, N): everything into one symbol at its first price, and no decision on any other day."""
    weights = np.full_like(prices, np.nan)
    first = int(np.argmax(~np.isnan(prices[:, column])))
    weights[first] = 0.0
    weights[first, column] = 1.0
    return weights
