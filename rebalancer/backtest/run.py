"""Simulates trading to target weights at every close, with costs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rebalancer.model import Floats

Strategy = Callable[[int, float], Floats | None]
"""(day, equity) -> target weights (N,) at the close of that day; `equity` is the account's before any trade.

None where nothing can be decided: then nothing is traded and positions are kept, as in an evening.
"""


class Holdings(Protocol):
    """What is traded and held on T days of N symbols: `shape`. Computed each time it is asked for."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def traded(self) -> Floats:
        """All that is bought and sold on each day, as a fraction of the equity before, (T,)."""

    def positions(self) -> Iterator[tuple[int, Floats]]:
        """The number of each symbol that is ever held, and what is held of it after each day's trades, (T,).

        In fractions of the equity; the rest is cash.
        """


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
        """All positions (T, N), a column together in memory."""
        columns = np.zeros(self.holdings.shape[::-1])
        for place, held in self.holdings.positions():
            columns[place] = held
        return columns.T


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Holdings that were noted day by day."""

    weights: Floats
    trades: Floats

    @property
    def shape(self) -> tuple[int, int]:
        days, symbols = self.weights.shape
        return days, symbols

    def traded(self) -> Floats:
        return self.trades

    def positions(self) -> Iterator[tuple[int, Floats]]:
        for place in np.flatnonzero((self.weights > 0).any(axis=0)).tolist():
            yield place, self.weights[:, place]


def backtest(prices: Floats, strategy: Strategy, cash: float, cost: float = 0.0) -> Backtest:
    """Trade to the target weights at each close; between trades the weights drift with the prices.

    `prices` is (T, N) from `bots.own_prices.last_known`; what has no price yet can't be bought, and its weight stays in
    cash. `cost` is a fraction of the traded value, for buys and sells. It is computed on trades towards the equity
    before costs, an error in the order of the cost's square. Fractional shares are allowed. Cash earns nothing.
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
