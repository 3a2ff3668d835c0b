"""The parameters of a sweep: their grid, a seeded random sample of it, and the neighbours of a point."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from rebalancer.bots.varied import Steps, Value

Point = tuple[int, ...]
"""For each parameter the position of its value among its values."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """All of `places` in the bot's document take the same one of `values`, which are all numbers or all texts."""

    name: str
    places: tuple[Steps, ...]
    values: tuple[Value, ...]

    @property
    def ordered(self) -> bool:
        """Whether a step up or down has a meaning: numbers have an order, tickers have none."""
        return not isinstance(self.values[0], str)


def size(parameters: Sequence[Parameter]) -> int:
    return prod(len(each.values) for each in parameters)


def grid(parameters: Sequence[Parameter]) -> Iterator[Point]:
    """Every point, the last parameter changing first."""
    return product(*(range(len(each.values)) for each in parameters))


def sample(parameters: Sequence[Parameter], seed: int, count: int) -> Iterator[Point]:
    """Distinct points of the grid, at most all of it, drawn with a generator of its own for each trial.

    A larger `count` begins with the same points. It is the shuffle of Fisher and Yates, with only what was moved kept.
    """
    whole, moved = size(parameters), dict[int, int]()
    for trial in range(min(count, whole)):
        drawn = int(np.random.default_rng([seed, trial]).integers(trial, whole))
        yield _point(parameters, moved.get(drawn, drawn))
        moved[drawn] = moved.get(trial, trial)


def _point(parameters: Sequence[Parameter], number: int) -> Point:
    """The point at `number` of the grid."""
    found: list[int] = []
    for each in reversed(parameters):
        number, position = divmod(number, len(each.values))
        found.append(position)
    return tuple(reversed(found))


def values_at(parameters: Sequence[Parameter], point: Point) -> Mapping[str, Value]:
    """By the names of the parameters."""
    return {each.name: each.values[position] for each, position in zip(parameters, point, strict=True)}


def neighbours(parameters: Sequence[Parameter], point: Point) -> Iterator[tuple[int, Point]]:
    """The points that differ in one parameter, with its number: by one step, or where there is no order by any."""
    for number, (each, position) in enumerate(zip(parameters, point, strict=True)):
        for other in range(len(each.values)):
            if abs(other - position) == 1 or (other != position and not each.ordered):
                yield number, (*point[:number], other, *point[number + 1 :])
