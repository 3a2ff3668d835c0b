"""Many worlds: each lives so many days, and what broke is told with the seed that brings it back."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from lab.checker import Violation
from lab.seeds import FOUND
from lab.tally import Tally
from lab.world import World

DAYS_OF_A_WORLD = 20
ON_DISK = 100
"""One world in so many keeps its journal in a file."""
BATCH = 10


@dataclass(frozen=True, slots=True)
class Broken:
    seed: int
    day: int
    text: str
    log: str

    def __str__(self) -> str:
        again = f"python tests/lab --seed {self.seed} --days 1 --day {self.day}"
        return f"{self.log}\nseed {self.seed}, day {self.day}: {self.text}\nagain: {again}"


@dataclass(frozen=True, slots=True)
class Lived:
    tally: Tally
    broken: tuple[Broken, ...]

    def __add__(self, other: Self) -> "Lived":
        return Lived(self.tally + other.tally, self.broken + other.broken)


def seeds_for(days: int, seed: int) -> list[int]:
    """Worlds enough for `days`, from `seed` on, after those that once found something."""
    return [*FOUND, *range(seed, seed + -(-days // DAYS_OF_A_WORLD))]


def live(seeds: Sequence[int], jobs: int = 1) -> Iterator[Lived]:
    """What came of the worlds, a batch at a time, in their order."""
    batches = [seeds[start : start + BATCH] for start in range(0, len(seeds), BATCH)]
    if jobs == 1:
        yield from map(live_batch, batches)
        return
    # A child that is spawned has nothing of this process's in it.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(live_batch, batches)


def live_batch(seeds: Sequence[int]) -> Lived:
    lived = Lived(Tally(), ())
    for seed in seeds:
        lived += live_world(seed)
    return lived


def live_world(seed: int) -> Lived:
    with world_of(seed) as world:
        try:
            return Lived(world.live(), ())
        except Exception as error:  # noqa: BLE001 - whatever gets out of an evening is what the laboratory looks for
            return Lived(world.tally, (_broken(world, f"{type(error).__name__}: {error}"),))
        except Violation as violation:
            return Lived(world.tally, (_broken(world, str(violation)),))


@contextmanager
def world_of(seed: int) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        on_disk = None if seed % ON_DISK else Path(folder)
        with closing(World(seed, DAYS_OF_A_WORLD, on_disk)) as world:
            yield world


def _broken(world: World, text: str) -> Broken:
    return Broken(world.seed, world.day, text, world.day_log())
