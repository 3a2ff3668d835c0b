"""The sweep in batches, each for its own process."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from crash.environment import Environment
from crash.evening import StartOptions
from crash.sweep import Sweep, SweepResult

STRIDE, STRIDE_INSIDE = 6, 150
"""Neighbouring points often lead to equal states, which one process judges once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Kill at each of `points`; if `deep`, kill each recovery at each of its points too.

    Then kill at `pairs` of points drawn by `seed`.
    """

    points: Sequence[int]
    deep: bool = False
    inside: bool = False
    pairs: int = 0
    seed: int = 0

    def __str__(self) -> str:
        if self.pairs:
            return f"{len(self.points)} points at the venue, {self.pairs} pairs of points drawn by seed {self.seed}"
        return f"{'inside the journal' if self.inside else 'calls'} {self.points[0]} to {self.points[-1]}"


def points() -> tuple[Sequence[str], Sequence[str]]:
    """Names of the evening's points: at its calls, and inside its journal."""
    with TemporaryDirectory() as folder, Environment(Path(folder)) as environment:
        calls = Sweep(environment).points
        environment.restore(environment.initial)
        return calls, environment.start(StartOptions(inside=True)).points


def all_batches(calls: Sequence[str], inside: Sequence[str]) -> Iterator[Batch]:
    for first in range(0, len(calls), STRIDE):
        yield Batch(range(1, len(calls) + 1)[first : first + STRIDE], deep=True)
    for first in range(0, len(inside), STRIDE_INSIDE):
        yield Batch(range(1, len(inside) + 1)[first : first + STRIDE_INSIDE], inside=True)


def sample_batches(calls: Sequence[str], pairs: int, seed: int, jobs: int) -> Iterator[Batch]:
    """All points at calls that change the venue's book, and random pairs of points."""
    decisive = [number for number, name in enumerate(calls, 1) if name.split()[1] in {"submit", "cancel"}]
    for job in range(jobs):
        yield Batch(decisive[job::jobs], pairs=len(range(job, pairs, jobs)), seed=seed + job)


def run_batch(batch: Batch) -> tuple[Batch, SweepResult]:
    with TemporaryDirectory() as folder, Environment(Path(folder)) as environment:
        sweep = Sweep(environment)
        if batch.deep:
            sweep.kill_twice(batch.points)
        else:
            sweep.kill_once(batch.points, inside=batch.inside)
        sweep.kill_random_pairs(batch.pairs, Random(batch.seed))  # noqa: S311 - the same seed draws the same points
        return batch, sweep.total
