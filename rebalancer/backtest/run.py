"""A program traded on every day of its history."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebalancer.flowchart.compile import Program
from rebalancer.flowchart.evaluate import Simulated, compounded, evaluate, next_returns, usable_prices
from rebalancer.model import Closes, Floats, Symbol


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """`weights` (T, N) are decided at each close and held until the next; a row is NaN where nothing could be decided.

    `returns` (T,) are fractions earned from the close before to this one, NaN where that is unknown: on the first day,
    after an undecided one, and where a held symbol lacks a close. `equity` (T,) is what 1 dollar became: 1 on the first
    decided day and again after each gap. No costs.
    """

    sessions: NDArray[np.datetime64]
    symbols: tuple[Symbol, ...]
    weights: Floats
    returns: Floats
    equity: Floats


def backtest(program: Program, closes: Closes) -> Backtest:
    """Raises ValueError where `closes` has no column for one of the program's symbols."""
    weights = evaluate(program, closes).weights
    decided = ~np.isnan(weights.sum(axis=1))
    earned = np.where(decided, 0.0, np.nan)
    for held, prices in zip(weights.T, usable_prices(program, closes).values(), strict=True):
        days = np.flatnonzero(held > 0)
        earned[days] += held[days] * next_returns(prices)[days]
    return Backtest(
        sessions=closes.sessions,
        symbols=program.symbols,
        weights=weights,
        returns=np.concatenate((np.full(min(1, len(earned)), np.nan), earned[:-1])),
        equity=compounded(Simulated(earned, decided)),
    )
