"""`rebalance sweep`: try a bot's variants, keep every trial, and say what of the best is luck."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rebalancer.app.executor import Executor, LostPart, cores
from rebalancer.app.pool import here
from rebalancer.app.sweep_plan import PlannedTrial, SweepPlan, chunks, plan
from rebalancer.app.sweep_store import Stored, SweepStore, opened
from rebalancer.app.variants import Outcome
from rebalancer.backtest.parameters import Point, values_at
from rebalancer.backtest.ranking import LEAST_RETURNS, Ranking, RankingTerms, rank
from rebalancer.bots.varied import Value
from rebalancer.config import Config
from rebalancer.config.sweep import SweepSpec, VariedParameter
from rebalancer.errors import EndedError
from rebalancer.model.text import counted
from rebalancer.ports import Clock, Progress, unwatched

STORE = "sweeps.sqlite"
"""In the state folder."""
WORTH_PROCESSES = 4.0
"""Seconds of work below which starting other processes takes longer than it saves."""


@dataclass(frozen=True, slots=True)
class FailedVariant:
    """A variant that can't be back-tested: `why` says so."""

    values: Mapping[str, Value]
    why: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """The result. `combinations` are all there are, `planned` those to try; of these `computed` now, `known` from
    before, and `unfinished` not yet. `ranking` is None where there is nothing to rank: `notes` say why.
    """

    spec: str
    bot: str
    parameters: tuple[VariedParameter, ...]
    first_price: date
    last_price: date
    cost_bps: float
    store: str
    combinations: int
    planned: int
    computed: int
    known: int
    unfinished: int
    failed: tuple[FailedVariant, ...]
    ranking: Ranking | None
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 all was tried; 3 some variants failed or are unfinished; 4 there is nothing to rank."""
        if self.ranking is None:
            return 4
        return 3 if self.failed or self.unfinished else 0


def sweep(
    config: Config,
    spec: SweepSpec,
    clock: Clock,
    *,
    store: Path | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress = unwatched,
) -> Sweep:
    """Try what the store does not have yet, by `executor`, or else by so many `workers` on this machine.

    With neither, as many as the time that the first variant takes makes worth it.

    Raises BadInputError, RunFailedError where results can't be stored, and EndedError at Ctrl-C; what was stored before
    is kept.
    """
    planned = plan(config, spec, progress)
    if workers is not None and executor is None:
        executor = here(workers)
    with opened(store or config.state_dir / STORE) as kept:
        outcomes = {each.point: each for each in kept.known({trial.key: trial.point for trial in planned.trials})}
        known = len(outcomes)
        try:
            _try_the_rest(planned, kept, outcomes, executor, clock, progress)
        except KeyboardInterrupt:
            done = f"{len(outcomes):,} of {counted(len(planned.trials), 'variant')} are in {kept.path}"
            raise EndedError(f"ended before all was tried: {done}, and the same command goes on there.") from None
        earlier = kept.earlier([each.variant for each in planned.trials], planned.prices)
    progress("Ranking")
    return _result(planned, outcomes, known, earlier, str(kept.path))


def _try_the_rest(
    planned: SweepPlan,
    kept: SweepStore,
    outcomes: dict[Point, Outcome],
    executor: Executor | None,
    clock: Clock,
    progress: Progress,
) -> None:
    """Add to `outcomes` and to the store until all is tried, or the spec's minutes are over."""
    begun, minutes = clock.elapsed(), planned.spec.minutes
    trials = {each.point: each for each in planned.trials}
    left = [point for point in trials if point not in outcomes]
    progress("Trying variants", len(outcomes), len(trials))
    with closing(_computed(planned, left, executor)) as results:
        for found in results:
            rows = [_as_stored(planned, trials[each.point], each) for each in found if not each.lost]
            kept.add(planned.variants.name, planned.prices, rows, clock.now().isoformat())
            outcomes.update({each.point: each for each in found})
            progress("Trying variants", len(outcomes), len(trials))
            if minutes is not None and clock.elapsed() - begun >= minutes * 60:
                return


def _as_stored(planned: SweepPlan, trial: PlannedTrial, outcome: Outcome) -> Stored:
    return Stored(trial.key, trial.variant, values_at(planned.variants.parameters, trial.point), outcome)


Found = Generator[tuple[Outcome, ...], None, None]


def _computed(planned: SweepPlan, points: Sequence[Point], executor: Executor | None) -> Found:
    """All of `points`, in any order."""
    if points and executor is None:
        first = planned.variants(planned.closes, tuple(points[:1]))
        yield first
        points = points[1:]
        worth = sum(each.seconds for each in first) * len(points) > WORTH_PROCESSES and cores() > 1
        executor = here(cores() if worth else 1)
    if points and executor:
        yield from _twice(planned, list(chunks(points, executor.workers)), executor)


def _twice(planned: SweepPlan, parts: Sequence[tuple[Point, ...]], executor: Executor) -> Found:
    """Variants that were lost with their worker are tried once more, each alone, to find the one that ends workers."""
    lost: list[tuple[Point, ...]] = []
    with closing(executor.results(planned.variants, planned.closes, parts)) as results:
        for number, found in results:
            if isinstance(found, LostPart):
                lost.extend((point,) for point in parts[number])
            else:
                yield found
    with closing(executor.results(planned.variants, planned.closes, lost)) as results:
        for number, found in results:
            if isinstance(found, LostPart):
                yield (Outcome(lost[number][0], None, f"not computed, twice: {found.why}", 0.0, lost=True),)
            else:
                yield found


def _result(planned: SweepPlan, outcomes: Mapping[Point, Outcome], known: int, earlier: int, store: str) -> Sweep:
    parameters, terms = planned.variants.parameters, planned.spec.terms
    trials = {point: each.trial for point, each in sorted(outcomes.items()) if each.trial}
    failed = tuple(
        FailedVariant(values_at(parameters, point), each.error)
        for point, each in sorted(outcomes.items())
        if each.trial is None
    )
    ranking = rank(
        parameters, trials, planned.closes, len(failed), RankingTerms(terms.blocks, terms.train, terms.test, earlier)
    )
    unfinished = len(planned.trials) - len(outcomes)
    return Sweep(
        spec=str(planned.spec.source),
        bot=planned.variants.name,
        parameters=planned.spec.parameters,
        first_price=planned.prices.first,
        last_price=planned.prices.last,
        cost_bps=planned.spec.cost_bps,
        store=store,
        combinations=planned.combinations,
        planned=len(planned.trials),
        computed=len(outcomes) - known,
        known=known,
        unfinished=unfinished,
        failed=failed,
        ranking=ranking,
        notes=tuple(_notes(planned, ranking, len(failed), unfinished)),
    )


def _notes(planned: SweepPlan, ranking: Ranking | None, failed: int, unfinished: int) -> Iterator[str]:
    yield from planned.closes.notes
    if unfinished:
        yield (
            f"{unfinished:,} of {counted(len(planned.trials), 'variant')} are not tried yet, after the "
            f"{planned.spec.minutes:g} minutes of the spec: the same command goes on."
        )
    if failed:
        yield f"{counted(failed, 'variant')} can't be back-tested; they count as tried."
    if ranking:
        yield from ranking.notes
    else:
        yield (
            f"Nothing to rank: the variants have fewer than {LEAST_RETURNS} sessions in common on which all of them "
            "are back-tested. Use fewer long windows or young tickers, or more prices."
        )
