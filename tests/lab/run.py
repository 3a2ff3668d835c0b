"""Simulate many worlds, and report broken invariants with the seed that reproduces them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from lab.order_checks import Violation
from lab.regression_seeds import REGRESSION_SEEDS
from lab.totals import Totals
from lab.world import World

DAYS_OF_A_WORLD = 20
ON_DISK = 100
"""One world in this many keeps its journal in a file."""
BATCH = 10


@dataclass(frozen=True, slots=True)
class Failure:
    seed: int
    day: int
    text: str
    log: str

    def __str__(self) -> str:
        again = f"python tests/lab --seed {self.seed} --days 1 --day {self.day}"
        return f"{self.log}\nseed {self.seed}, day {self.day}: {self.text}\nagain: {again}"


@dataclass(frozen=True, slots=True)
class Results:
    totals: Totals
    broken: tuple[Failure, ...]

    def __add__(self, other: Self) -> "Results":
        return Results(self.totals + other.totals, self.broken + other.broken)


def seeds_for(days: int, seed: int) -> list[int]:
    """The regression seeds, then enough seeds from `seed` on for `days` days."""
    return [*REGRESSION_SEEDS, *range(seed, seed + -(-days // DAYS_OF_A_WORLD))]


def simulate(seeds: Sequence[int], jobs: int = 1) -> Iterator[Results]:
    """Results of the worlds, one batch at a time, in order."""
    batches = [seeds[start : start + BATCH] for start in range(0, len(seeds), BATCH)]
    if jobs == 1:
        yield from map(simulate_batch, batches)
        return
    # A spawned child inherits no state of this process.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(simulate_batch, batches)


def simulate_batch(seeds: Sequence[int]) -> Results:
    results = Results(Totals(), ())
    for seed in seeds:
        results += simulate_world(seed)
    return results


def simulate_world(seed: int) -> Results:
    with world_of(seed) as world:
        try:
            return Results(world.simulate(), ())
        except Exception as error:  # noqa: BLE001 - an exception that leaves an evening is a bug to report
            return Results(world.totals, (_broken(world, f"{type(error).__name__}: {error}"),))
        except Violation as violation:
            return Results(world.totals, (_broken(world, str(violation)),))


@contextmanager
def world_of(seed: int) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        on_disk = None if seed % ON_DISK else Path(folder)
        with closing(World(seed, DAYS_OF_A_WORLD, on_disk)) as world:
            yield world


def _broken(world: World, text: str) -> Failure:
    return Failure(world.seed, world.day, text, world.day_log())
