"""All of it, or a sample: `python tests/crash [--sample N] [--seed S] [--jobs 2]`. Exit code 1 where it finds a mistake."""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from crash.evening import Turn  # noqa: E402 - the folder above has to be on the path first
from crash.scene import Scene  # noqa: E402
from crash.sweep import Sweep, Tally  # noqa: E402

STRIDE, STATEMENTS = 6, 150
"""Neighbouring points often leave the same state, so they go to the same process."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does: the points from `first` to `last`, or `sample` pairs of points drawn by `seed`."""

    first: int = 0
    last: int = 0
    statements: bool = False
    sample: int = 0
    seed: int = 0

    def __str__(self) -> str:
        if self.sample:
            return f"{self.sample} pairs of points drawn by seed {self.seed}"
        return f"{'statements' if self.statements else 'calls'} {self.first} to {self.last}"


def main() -> None:
    words = argparse.ArgumentParser(prog="crash", description="kill -9 at every call of an evening, twice.")
    words.add_argument("--sample", type=int, default=0, metavar="N", help="so many pairs of points instead of all")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--jobs", type=int, default=2)
    asked = words.parse_args()
    began, total = time.monotonic(), Tally()
    with get_context("spawn").Pool(asked.jobs, maxtasksperchild=1) as pool:
        calls, statements = pool.apply(points)
        if asked.sample:
            parts = list(sampled(asked.sample, asked.seed, asked.jobs))
        else:
            parts = [*stripes(calls, STRIDE), *stripes(statements, STATEMENTS, statements=True)]
        for part, tally in pool.imap_unordered(done, parts):
            total += tally
            say(f"{time.monotonic() - began:6.0f} s  {part}: {tally}")
    say(f"points      {calls} at the calls of broker and journal, {statements} at the journal's statements")
    say(f"{total}\nwall time   {time.monotonic() - began:.0f} s")
    sys.exit(0 if total.clean else 1)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def points() -> tuple[int, int]:
    """How many the evening has: at its calls, and at the statements of its journal."""
    with TemporaryDirectory() as folder, Scene(Path(folder)) as scene:
        calls = Sweep(scene).points
        scene.hang(scene.opening)
        return calls, scene.start(Turn(statements=True)).points


def stripes(last: int, stride: int, *, statements: bool = False) -> Iterator[Part]:
    for first in range(1, last + 1, stride):
        yield Part(first, min(first + stride - 1, last), statements)


def sampled(pairs: int, seed: int, jobs: int) -> Iterator[Part]:
    for job in range(jobs):
        if share := len(range(job, pairs, jobs)):
            yield Part(sample=share, seed=seed + job)


def done(part: Part) -> tuple[Part, Tally]:
    with TemporaryDirectory() as folder, Scene(Path(folder)) as scene:
        sweep = Sweep(scene)
        if part.sample:
            sweep.some(part.sample, Random(part.seed))  # noqa: S311 - the same seed draws the same points
        elif part.statements:
            for _ in sweep.one_deep(part.first, part.last, statements=True):
                pass
        else:
            sweep.two_deep(part.first, part.last)
        return part, sweep.tally


if __name__ == "__main__":
    main()
