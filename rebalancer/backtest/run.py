"""Simulates trading to target weights at every close, with costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rebalancer.model import Floats

Strategy = Callable[[int, float], Floats | None]
"""(day, equity) -> target weights (N,) at the close of that day; `equity` is the account's before any trade.

None where nothing can be decided: then nothing is traded and positions are kept, as in an evening.
"""


class Holdings(Protocol):
    """What is traded and held on T days of N symbols; computed when it is asked for."""

    def traded(self) -> Floats:
        """All that is bought and sold on each day, as a fraction of the equity before, (T,)."""

    def weights(self) -> Floats:
        """The positions after each day's trades, (T, N), as fractions of the equity; the rest is cash."""

    def invested(self) -> Floats:
        """The sum of all positions, (T,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """The result for `cash`: `equity` (T,) is that after each day's trades and costs."""

    cash: float
    equity: Floats
    holdings: Holdings

    @property
    def traded(self) -> Floats:
        return self.holdings.traded()

    @property
    def weights(self) -> Floats:
        return self.holdings.weights()


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Holdings that were noted day by day."""

    day_by_day: Floats
    trades: Floats

    def traded(self) -> Floats:
        return self.trades

    def weights(self) -> Floats:
        return self.day_by_day

    def invested(self) -> Floats:
        invested: Floats = self.day_by_day.sum(axis=1)
        return invested


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
    return Backtest(cash, equity, Recorded(weights, traded))
