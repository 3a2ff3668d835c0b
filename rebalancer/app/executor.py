"""Work on closes, in parts: here one after the other; `app.pool` uses all cores, `app.cluster` other machines.

Which executor does it never changes a result: a part is computed alone, and whoever puts parts together sorts them.
"""

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from rebalancer.model import Closes

Part = TypeVar("Part")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class LostPart:
    """A part whose worker ended before it answered: `why`."""

    why: str


class Executor(Protocol):
    @property
    def workers(self) -> int:
        """How many parts are computed at a time."""

    def results(
        self, work: Callable[[Closes, Part], Result], closes: Closes, parts: Sequence[Part]
    ) -> Generator[tuple[int, Result | LostPart], None, None]:
        """The number of each part with its result, as they are done, in any order.

        `work`, the parts and the results can be pickled, `work` by its name in an installed module. What `work` raises
        is raised here. Closing the iterator ends the workers, and what they were doing is lost.
        """


@dataclass(frozen=True, slots=True)
class Serial:
    """In this process."""

    workers: int = 1

    def results(
        self, work: Callable[[Closes, Part], Result], closes: Closes, parts: Sequence[Part]
    ) -> Generator[tuple[int, Result | LostPart], None, None]:
        for number, part in enumerate(parts):
            yield number, work(closes, part)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
