"""The trials of a sweep beside each other: ranked, deflated by how many were tried, and with their neighbours.

Sharpe ratios here are annualised. All trials are compared on the same sessions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from rebalancer.backtest import overfitting as luck
from rebalancer.backtest.metrics import YEAR, annualised, drawdowns, sharpe, volatility
from rebalancer.backtest.overfitting import Overfitting
from rebalancer.backtest.parameters import Parameter, Point, neighbours, values_at
from rebalancer.backtest.trial import Trial
from rebalancer.backtest.walk_forward import Fold, walk_forward
from rebalancer.bots.varied import Value
from rebalancer.model import Closes, Floats

LEAST_RETURNS = 20
"""Fewer are not ranked: about a month."""


@dataclass(frozen=True, slots=True)
class RankingTerms:
    """`blocks` of the cross-validation; `train` and `test` sessions of the walk-forward.

    `earlier` counts the variants that earlier sweeps tried on the same data.
    """

    blocks: int = 16
    train: int = 756
    test: int = 252
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The `count` trials that differ in one parameter by one step: the mean and the worst of their Sharpe ratios."""

    count: int
    mean_sharpe: float
    worst_sharpe: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A trial. Returns are fractions; `volatility` and `sharpe` are a year's; `drawdown`, the deepest,
    is a positive fraction.

    `point` are the positions of `values` among the values of the parameters; `neighbours` is None where none was tried.
    """

    rank: int
    point: Point
    values: Mapping[str, Value]
    sharpe: float | None
    annualised: float | None
    volatility: float | None
    drawdown: float
    turnover: float | None
    exposure: float
    neighbours: Neighbourhood | None


@dataclass(frozen=True, slots=True)
class Step:
    """A neighbour of the best: one `parameter` has another value, `changed_to`."""

    parameter: str
    changed_to: Value
    sharpe: float | None


@dataclass(frozen=True, slots=True)
class Deflation:
    """What luck makes of the best trial's Sharpe ratio.

    `by_luck` is the Sharpe ratio that the best of `tried` trials without skill is expected to have, and `deflated` the
    probability that the best has skill; `..._if_alike` count only `independent` trials, since variants of one bot are
    much alike: the truth lies between. `single` would be the probability had nothing else been tried.
    `sessions_needed` is the length of a track record that shows at 95 % that this ratio is above 0.
    """

    tried: int
    earlier: int
    independent: float
    sharpe: float
    by_luck: float
    deflated: float | None
    by_luck_if_alike: float
    deflated_if_alike: float | None
    single: float | None
    sessions_needed: float | None


@dataclass(frozen=True, slots=True)
class WalkedFold:
    """A `Fold` whose choice is named by its `values`."""

    fold: Fold
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Ranking:
    """`trials`, the best first, on `sessions` returns from `first` to `last`.

    `walk_forward_sharpe` is that of all folds' returns out of sample, joined. `notes` are sentences that every screen
    must show.
    """

    first: date
    last: date
    sessions: int
    trials: tuple[Ranked, ...]
    deflation: Deflation | None
    overfitting: Overfitting | None
    folds: tuple[WalkedFold, ...]
    walk_forward_sharpe: float | None
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = field(default=())


def rank(
    parameters: Sequence[Parameter], trials: Mapping[Point, Trial], closes: Closes, failed: int, terms: RankingTerms
) -> Ranking | None:
    """`trials` that were not in vain, by their points; `failed` others were tried too.

    None where they have fewer than LEAST_RETURNS sessions in common. Whatever the order of `trials`, the result is the
    same to the last bit.
    """
    points = sorted(trials)
    if not points:
        return None
    matrix = np.column_stack([trials[point].returns for point in points])
    begin = int(np.isfinite(matrix).all(axis=1).argmax())
    returns, days = matrix[begin:], closes.sessions[begin:]
    if len(returns) < LEAST_RETURNS or not np.isfinite(returns).all():
        return None
    found = {point: sharpe(column) for point, column in zip(points, returns.T, strict=True)}
    order = sorted(range(len(points)), key=lambda place: (-_sortable(found[points[place]]), points[place]))
    ranked = tuple(
        _ranked(number, points[place], parameters, trials, returns[:, place], found)
        for number, place in enumerate(order, 1)
    )
    folds, outside = walk_forward(returns, days, terms.train, terms.test)
    walked = tuple(WalkedFold(fold, values_at(parameters, points[fold.chosen])) for fold in folds)
    return Ranking(
        first=days[0].item(),
        last=days[-1].item(),
        sessions=len(returns),
        trials=ranked,
        deflation=_deflation(returns[:, order[0]], returns, failed, terms.earlier),
        overfitting=luck.overfitting(returns, terms.blocks),
        folds=walked,
        walk_forward_sharpe=sharpe(outside),
        steps=tuple(_steps(parameters, ranked[0].point, found)),
        notes=tuple(_notes(returns, begin, trials, terms)),
    )


def _sortable(ratio: float | None) -> float:
    return -np.inf if ratio is None else ratio


def _ranked(
    number: int,
    point: Point,
    parameters: Sequence[Parameter],
    trials: Mapping[Point, Trial],
    returns: Floats,
    found: Mapping[Point, float | None],
) -> Ranked:
    equity = np.concatenate(([1.0], np.cumprod(1 + returns)))
    around = [ratio for _, other in neighbours(parameters, point) if (ratio := found.get(other)) is not None]
    return Ranked(
        rank=number,
        point=point,
        values=values_at(parameters, point),
        sharpe=found[point],
        annualised=annualised(equity),
        volatility=volatility(returns),
        drawdown=float(drawdowns(equity).max()),
        turnover=trials[point].turnover,
        exposure=trials[point].exposure,
        neighbours=Neighbourhood(len(around), float(np.mean(around)), min(around)) if around else None,
    )


def _deflation(best: Floats, returns: Floats, failed: int, earlier: int) -> Deflation | None:
    found = luck.moments(best)
    if found is None:
        return None
    moving = returns[:, luck.varying(returns)]
    ratios = moving.mean(axis=0) / moving.std(axis=0, ddof=1)
    variance = float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0
    here = returns.shape[1] + failed
    tried = here + earlier
    independent = luck.independent_trials(returns) * tried / here
    return Deflation(
        tried=tried,
        earlier=earlier,
        independent=independent,
        sharpe=found.sharpe * sqrt(YEAR),
        by_luck=luck.expected_best_sharpe(variance, tried) * sqrt(YEAR),
        deflated=luck.deflated_sharpe(found, variance, tried),
        by_luck_if_alike=luck.expected_best_sharpe(variance, independent) * sqrt(YEAR),
        deflated_if_alike=luck.deflated_sharpe(found, variance, independent),
        single=luck.probabilistic_sharpe(found, 0.0),
        sessions_needed=luck.minimum_track_record(found),
    )


def _steps(parameters: Sequence[Parameter], best: Point, found: Mapping[Point, float | None]) -> Iterator[Step]:
    for number, point in neighbours(parameters, best):
        if point in found:
            yield Step(parameters[number].name, parameters[number].values[point[number]], found[point])


def _notes(returns: Floats, begin: int, trials: Mapping[Point, Trial], terms: RankingTerms) -> Iterator[str]:
    starts = np.array([int(np.isfinite(each.returns).argmax()) for each in trials.values()])
    if (early := int((starts < begin).sum())) > 0:
        yield f"{early:,} of {len(trials):,} variants begin earlier; they are compared from the start of the latest on."
    if still := int((~luck.varying(returns)).sum()):
        yield f"{still:,} of {len(trials):,} variants stay in cash: they count as tried, and are not cross-validated."
    if undecided := sum(each.undecided > 0 for each in trials.values()):
        yield f"{undecided:,} variants could not decide on some sessions: then they keep what they hold."
    if len(returns) <= terms.train:
        yield (
            f"No walk-forward: {len(returns):,} sessions are not more than the {terms.train:,} of [walk_forward] train."
        )
    if len(returns) // terms.blocks < 2:
        yield f"No cross-validation: {len(returns):,} sessions are too few for {terms.blocks} blocks."


def pair_means(trials: Sequence[Ranked], down: int, across: int, shape: tuple[int, int]) -> NDArray[np.float64]:
    """The mean Sharpe ratio of all trials with each two values of the parameters `down` and `across`, of this shape.

    `shape` counts the values of both. NaN where there is no trial.
    """
    sums, counts = np.zeros(shape), np.zeros(shape)
    for each in trials:
        if each.sharpe is not None:
            cell = (each.point[down], each.point[across])
            sums[cell] += each.sharpe
            counts[cell] += 1
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
