"""The whole sweep cut into parts, each for a process of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from crash.evening import Turn
from crash.scene import Scene
from crash.sweep import Sweep, Tally

STRIDE, STRIDE_INSIDE = 6, 150
"""Neighbouring points often leave the same state, so they go to the same process."""


@dataclass(frozen=True, slots=True)
class Part:
    """Kill at each of `points`; where it is `deep`, kill each recovery at each of its points too.

    On top of that `pairs` of points, drawn by `seed` from all of them.
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
    """What the points of the evening are called: those at its calls, and those inside its journal."""
    with TemporaryDirectory() as folder, Scene(Path(folder)) as scene:
        calls = Sweep(scene).points
        scene.hang(scene.opening)
        return calls, scene.start(Turn(inside=True)).points


def everything(calls: Sequence[str], inside: Sequence[str]) -> Iterator[Part]:
    for first in range(0, len(calls), STRIDE):
        yield Part(range(1, len(calls) + 1)[first : first + STRIDE], deep=True)
    for first in range(0, len(inside), STRIDE_INSIDE):
        yield Part(range(1, len(inside) + 1)[first : first + STRIDE_INSIDE], inside=True)


def sample(calls: Sequence[str], pairs: int, seed: int, jobs: int) -> Iterator[Part]:
    """Right before and right after whatever changes the venue's book, and pairs of points from anywhere."""
    decisive = [number for number, name in enumerate(calls, 1) if name.split()[1] in {"submit", "cancel"}]
    for job in range(jobs):
        yield Part(decisive[job::jobs], pairs=len(range(job, pairs, jobs)), seed=seed + job)


def done(part: Part) -> tuple[Part, Tally]:
    with TemporaryDirectory() as folder, Scene(Path(folder)) as scene:
        sweep = Sweep(scene)
        if part.deep:
            sweep.two_deep(part.points)
        else:
            sweep.one_deep(part.points, inside=part.inside)
        sweep.some(part.pairs, Random(part.seed))  # noqa: S311 - the same seed draws the same points
        return part, sweep.tally
