"""A bot's decisions beside those of a back-test recorded at Composer, day by day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest.follow import backtest_weights
from rebalancer.backtest.metrics import Statistics, statistics
from rebalancer.bots.own_prices import last_known
from rebalancer.bots.recorded import RecordedBacktest
from rebalancer.model import Closes, Floats, Symbol, Weights

TOLERANCE = 0.005
"""Recorded weights have three decimals, and leave a reserve for fees in cash."""
_THEIR_NAMES = {
    "cumulative return": "cumulative_return",
    "annualised return": "annualized_rate_of_return",
    "volatility": "standard_deviation",
    "sharpe": "sharpe_ratio",
    "max drawdown": "max_drawdown",
    "calmar": "calmar_ratio",
}


@dataclass(frozen=True, slots=True)
class StatisticPair:
    """One statistic as a fraction, by our back-test without costs and as it is recorded; None where there is none."""

    name: str
    here: float | None
    recorded: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The weights of a day on which ours are others; None where we could not decide."""

    day: date
    decided_weights: Weights | None
    recorded_weights: Weights


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many sessions are recorded, compared (there are closes of them), the same, and undecided here.

    `first_difference` is None if all that are compared agree.
    """

    recorded_sessions: int
    compared_sessions: int
    agreed_sessions: int
    undecided_sessions: int
    first: date
    last: date
    first_difference: Difference | None
    statistic_pairs: tuple[StatisticPair, ...]


def agreement(weights: Floats, closes: Closes, theirs: RecordedBacktest) -> Agreement | None:
    """Compare `weights` (T, N), decided on `closes`, with those recorded. None where no recorded day is among them."""
    ours, recorded = _same_days(closes, theirs)
    if not ours.size:
        return None
    symbols = tuple(dict.fromkeys((*closes.symbols, *theirs.symbols)))
    one = _in_columns(weights[ours], closes.symbols, symbols)
    other = _in_columns(theirs.weights[recorded], theirs.symbols, symbols)
    same = agrees(one, other)
    days = theirs.sessions[recorded]
    first = int(same.argmin()) if not same.all() else None
    return Agreement(
        recorded_sessions=len(theirs.sessions),
        compared_sessions=len(days),
        agreed_sessions=int(same.sum()),
        undecided_sessions=int(np.isnan(one).any(axis=1).sum()),
        first=days[0].item(),
        last=days[-1].item(),
        first_difference=None if first is None else _difference(days[first].item(), symbols, one[first], other[first]),
        statistic_pairs=tuple(_statistics(weights[ours], closes, ours, theirs)),
    )


def agrees(ours: Floats, theirs: Floats) -> NDArray[np.bool_]:
    """Whether rows of weights (D, N) are the same but for rounding, (D,); False where ours are undefined.

    Where we invest everything, what is recorded as cash is the reserve for fees: the rest is then compared as a whole.
    """
    invested = np.maximum(theirs.sum(axis=1, keepdims=True), 1e-9)
    everything = ours.sum(axis=1) > 1 - TOLERANCE
    as_they_are = np.abs(ours - theirs).max(axis=1, initial=0) <= TOLERANCE
    as_a_whole = np.abs(ours - theirs / invested).max(axis=1, initial=0) <= TOLERANCE
    return np.asarray(as_they_are | (everything & as_a_whole))


def same_weights(ours: Weights, theirs: Weights) -> bool:
    """As `agrees`, of one day."""
    symbols = sorted({*ours, *theirs})
    rows = (np.array([[weights.get(symbol, 0.0) for symbol in symbols]]) for weights in (ours, theirs))
    return bool(agrees(*rows)[0])


def _same_days(closes: Closes, theirs: RecordedBacktest) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows of the days that both have, in the closes and in what is recorded."""
    found = np.intersect1d(closes.sessions, theirs.sessions, assume_unique=True, return_indices=True)
    return found[1], found[2]


def _in_columns(weights: Floats, have: tuple[Symbol, ...], wanted: tuple[Symbol, ...]) -> Floats:
    out = np.zeros((len(weights), len(wanted)))
    out[:, [wanted.index(symbol) for symbol in have]] = weights
    return out


def _difference(day: date, symbols: tuple[Symbol, ...], ours: Floats, theirs: Floats) -> Difference:
    return Difference(day, None if np.isnan(ours).any() else _held(symbols, ours), _held(symbols, theirs))


def _held(symbols: tuple[Symbol, ...], row: Floats) -> Weights:
    return {symbol: weight for symbol, weight in zip(symbols, row.tolist(), strict=True) if weight > 0}


def _statistics(
    weights: Floats, closes: Closes, rows: NDArray[np.intp], theirs: RecordedBacktest
) -> Iterator[StatisticPair]:
    result = backtest_weights(last_known(closes.values)[rows], weights, 1.0)
    ours = _by_name(statistics(result, closes.sessions[rows]))
    for name, their_name in _THEIR_NAMES.items():
        yield StatisticPair(name, ours[name], theirs.statistics.get(their_name))


def _by_name(found: Statistics) -> Mapping[str, float | None]:
    return {
        "cumulative return": found.cumulative,
        "annualised return": found.annualised,
        "volatility": found.volatility,
        "sharpe": found.sharpe,
        "max drawdown": found.max_drawdown.depth if found.max_drawdown else None,
        "calmar": found.calmar,
    }
