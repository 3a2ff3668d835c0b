"""Money that follows weights, day by day, with costs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rebalancer.model import Floats

Wanted = Callable[[int, float], Floats | None]
"""The weights (N,) wanted at the close of a day, given its index and the equity in dollars before any trade.

None where nothing can be decided: then nothing is traded, and what is held stays held, as in the evening.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """`cash` dollars traded at every close of T days in N symbols.

    `equity` (T,) is in dollars after the trades and their costs; `weights` (T, N) are what is then held, as fractions
    of it, and the rest is cash. `traded` (T,) is what was bought and sold together, as a fraction of the equity before.
    """

    cash: float
    equity: Floats
    weights: Floats
    traded: Floats


def backtest(prices: Floats, wanted: Wanted, cash: float, cost: float = 0.0) -> Backtest:
    """Weights wanted at a close are bought at that close and drift with the prices until the next trade.

    `prices` is (T, N) dollars from `last_known`; what has no price yet can't be bought, and its part stays in cash.
    `cost` is a fraction of each traded dollar, on both sides. It is reckoned on trades towards the equity before costs,
    which is off by a part in the order of the cost's square. Fractions of shares can be held. Cash earns nothing.
    """
    days, symbols = prices.shape
    equity, weights, traded = np.zeros(days), np.zeros((days, symbols)), np.zeros(days)
    growth = growth_factors(prices)
    held, free = np.zeros(symbols), cash
    for day in range(days):
        held = held * growth[day]
        value = free + held.sum()
        row = wanted(day, value)
        if row is not None:
            target = np.where(np.isnan(prices[day]), 0.0, row)
            traded[day] = np.abs(target - held / value).sum()
            value *= 1 - cost * traded[day]
            held = target * value
            free = value - held.sum()
        equity[day], weights[day] = value, held / value
    return Backtest(cash, equity, weights, traded)


def growth_factors(prices: Floats) -> Floats:
    """Each price over the one before, (T, N); 1 where one of the two is unknown, so that nothing is earned."""
    factors = np.ones_like(prices)
    factors[1:] = prices[1:] / prices[:-1]
    return np.where(np.isnan(factors), 1.0, factors)


def last_known(values: Floats) -> Floats:
    """Each day's latest close up to then, (T, N) dollars; NaN before a symbol's first.

    What is not a positive number counts as missing, as for the decisions.
    """
    latest = np.where(np.isfinite(values) & (values > 0), np.arange(len(values))[:, np.newaxis], -1)
    latest = np.maximum.accumulate(latest, axis=0)
    return np.where(latest >= 0, np.take_along_axis(values, np.maximum(latest, 0), axis=0), np.nan)


def following(weights: Floats) -> Wanted:
    """What a bot wants that has all of the money: its row of `weights` (T, N), None where that is undefined."""
    decided = np.isfinite(weights.sum(axis=1))
    return lambda day, _equity: weights[day] if decided[day] else None


def buy_once(prices: Floats, column: int) -> Wanted:
    """All of the money into one symbol at its first price, and held from then on."""
    first = int(np.argmax(~np.isnan(prices[:, column])))
    everything = np.zeros(prices.shape[1])
    everything[column] = 1.0
    return lambda day, _equity: everything if day == first else None
