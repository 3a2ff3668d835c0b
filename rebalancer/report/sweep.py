"""A sweep on the terminal: what of the best is luck, the ranking, its neighbours and the walk-forward."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rebalancer.app.sweep import Sweep
from rebalancer.backtest.overfitting import Overfitting
from rebalancer.backtest.ranking import Deflation, Ranked, Ranking
from rebalancer.bots.varied import Value
from rebalancer.model.text import counted, percentage
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.tables import grid

SHOWN = 10
"""Of the ranking, and of the variants that failed."""
CONFIDENT = 0.95
CAUTION = "Past results are no promise, and the best of many is the luckiest of them."
STATISTICS = ("Sharpe", "CAGR", "Volatility", "Max drawdown", "Turnover", "Neighbours", "Their mean", "Their worst")


def sweep_screen(found: Sweep, written: Sequence[tuple[str, Path]]) -> Screen:
    """`written` are the files that were written, each with its option."""
    yield line(headline(found), "bold")
    yield from lines((*found.notes, CAUTION), "yellow")
    if found.ranking:
        yield line("")
        yield from lines(verdict(found.ranking))
        yield grid(ranking_title(found.ranking), _heading(found), map(ranking_cells, found.ranking.trials[:SHOWN]))
        yield grid("One step from the best", ("parameter", "value", "#Sharpe"), step_rows(found.ranking))
        if found.ranking.folds:
            yield grid(walk_forward_title(found.ranking), FOLD_HEADING, fold_rows(found.ranking))
    if found.failed:
        rows = ((values_text(each.values), each.why) for each in found.failed[:SHOWN])
        yield grid(f"Failed, {len(found.failed):,} in all", ("variant", "~why"), rows)
    yield from lines(f"{option}: written to {path}" for option, path in written)


def headline(found: Sweep) -> str:
    tried = found.computed + found.known
    before = f", {found.known:,} of them before" if found.known else ""
    costs = f"{found.cost_bps:g} bps of the traded value" if found.cost_bps else "none (see cost_bps)"
    return (
        f"Sweep of {found.bot}: {tried:,} of {counted(found.planned, 'variant')} tried{before}, of "
        f"{counted(found.combinations, 'combination')}; costs: {costs}"
    )


def verdict(ranking: Ranking) -> Iterator[str]:
    """What of the best is luck, in sentences."""
    if ranking.deflation:
        yield from _deflated(ranking.deflation)
    else:
        yield "The best variant never left cash: there is nothing to judge."
    if ranking.overfitting:
        yield _overfitted(ranking.overfitting)


def _deflated(found: Deflation) -> Iterator[str]:
    before = f" ({found.earlier:,} of them by earlier sweeps of the same prices)" if found.earlier else ""
    yield (
        f"Of {counted(found.tried, 'variant')} tried{before}, the best has a Sharpe ratio of {found.sharpe:.2f}; by "
        f"luck alone {_between(found.by_luck_if_alike, found.by_luck)} was to be expected: they are worth "
        f"{found.independent:,.0f} to {found.tried:,} independent tries."
    )
    low, high = found.deflated, found.deflated_if_alike
    if low is not None and high is not None:
        yield f"Deflated Sharpe ratio {_between(low, high)}: {_judged(low, high)}."
    if found.sessions_needed is not None:
        needed = f"{found.sessions_needed:,.0f} sessions"
        yield f"Had nothing else been tried, {needed} would show at 95 % that such a ratio is above 0."


def _judged(low: float, high: float) -> str:
    if min(low, high) >= CONFIDENT:
        return f"at least {CONFIDENT}, more than luck explains"
    if max(low, high) >= CONFIDENT:
        return f"on both sides of {CONFIDENT}, so undecided"
    return f"below {CONFIDENT}, not distinguishable from luck"


def _between(one: float, other: float) -> str:
    low, high = sorted((one, other))
    return f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"


def _overfitted(found: Overfitting) -> str:
    """To one digit: the estimate is no better."""
    return (
        f"Probability of back-test overfitting about {found.probability:.1f}: in so much of {found.splits:,} splits "
        "into halves, the best of one half was in the lower half of all variants in the other; in "
        f"{found.loss:.1f} it lost there. Pure luck gives about 0.5."
    )


def ranking_title(ranking: Ranking, most: int = SHOWN) -> str:
    shown = f"the best {most:,} of " if len(ranking.trials) > most else ""
    variants, sessions = counted(len(ranking.trials), "variant"), counted(ranking.sessions, "session")
    return f"Ranking, {shown}{variants}, on {sessions} from {ranking.first} to {ranking.last}"


def _heading(found: Sweep) -> tuple[str, ...]:
    names = (f"{'#' if not isinstance(each.tried_values[0], str) else ''}{each.name}" for each in found.parameters)
    return ("#rank", *names, *(f"{'?' if name == 'Volatility' else ''}#{name}" for name in STATISTICS))


def ranking_cells(trial: Ranked) -> tuple[str, ...]:
    around = trial.neighbours
    return (
        str(trial.rank),
        *map(shown, trial.values.values()),
        ratio(trial.sharpe),
        percentage(trial.annualised),
        percentage(trial.volatility),
        percentage(trial.drawdown),
        ratio(trial.turnover),
        str(around.count if around else 0),
        *(ratio(around.mean_sharpe if around else None), ratio(around.worst_sharpe if around else None)),
    )


def step_rows(ranking: Ranking) -> Iterator[tuple[str, ...]]:
    best = ranking.trials[0]
    yield "the best itself", values_text(best.values), ratio(best.sharpe)
    for step in ranking.steps:
        yield step.parameter, shown(step.changed_to), ratio(step.sharpe)


FOLD_HEADING = ("chosen from", "to", "variant", "#Sharpe", "measured to", "#Sharpe then", "?#best then")


def walk_forward_title(ranking: Ranking) -> str:
    joined = ratio(ranking.walk_forward_sharpe) or "undefined"
    return f"Walk-forward: chosen on the past alone, the Sharpe ratio of all that followed is {joined}"


def fold_rows(ranking: Ranking) -> Iterator[tuple[str, ...]]:
    for each in ranking.folds:
        fold = each.fold
        yield (
            str(fold.train_first),
            str(fold.train_last),
            values_text(each.values),
            ratio(fold.train_sharpe),
            str(fold.test_last),
            ratio(fold.test_sharpe),
            ratio(fold.best_test_sharpe),
        )


def values_text(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items())


def shown(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def heading(found: Sweep) -> Sequence[str]:
    """The names over `ranking_cells`."""
    return ("rank", *(each.name for each in found.parameters), *STATISTICS)
