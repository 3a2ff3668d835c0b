"""The whole sweep cut into parts, each for a process of its own."""

from collections.abc import Iterator
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
    """The points from `first` to `last`, or `sample` pairs of points drawn by `seed`."""

    first: int = 0
    last: int = 0
    inside: bool = False
    sample: int = 0
    seed: int = 0

    def __str__(self) -> str:
        if self.sample:
            return f"{self.sample} pairs of points drawn by seed {self.seed}"
        return f"{'inside the journal' if self.inside else 'calls'} {self.first} to {self.last}"


def points() -> tuple[int, int]:
    """How many the evening has: at its calls, and inside its journal."""
    with TemporaryDirectory() as folder, Scene(Path(folder)) as scene:
        calls = Sweep(scene).points
        scene.hang(scene.opening)
        return calls, scene.start(Turn(inside=True)).points


def everything(calls: int, inside: int) -> Iterator[Part]:
    for first in range(1, calls + 1, STRIDE):
        yield Part(first, min(first + STRIDE - 1, calls))
    for first in range(1, inside + 1, STRIDE_INSIDE):
        yield Part(first, min(first + STRIDE_INSIDE - 1, inside), inside=True)


def sample(pairs: int, seed: int, jobs: int) -> Iterator[Part]:
    for job in range(jobs):
        if share := len(range(job, pairs, jobs)):
            yield Part(sample=share, seed=seed + job)


def done(part: Part) -> tuple[Part, Tally]:
    with TemporaryDirectory() as folder, Scene(Path(folder)) as scene:
        sweep = Sweep(scene)
        if part.sample:
            sweep.some(part.sample, Random(part.seed))  # noqa: S311 - the same seed draws the same points
        elif part.inside:
            sweep.one_deep(part.first, part.last, inside=True)
        else:
            sweep.two_deep(part.first, part.last)
        return part, sweep.tally
