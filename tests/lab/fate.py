"""What befalls one process between two calls: it dies, somebody acts, it is told to end, or it never ends."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.checker import Violation

MOST_BOUNDARIES = 6000


class Crash(BaseException):
    """kill -9."""


@dataclass(slots=True)
class Fate:
    """`acts`: what happens at the n-th boundary, counted from 1. A boundary is before or after a call or a write."""

    log: Callable[[str], None]
    acts: dict[int, Callable[[], None]] = field(default_factory=dict)
    beside: Callable[[str], None] = lambda _what: None
    """Whoever else acts in the account; told of every boundary."""
    count: int = 0

    def boundary(self, what: str) -> None:
        self.count += 1
        self.log(what)
        if self.count > MOST_BOUNDARIES:
            raise Violation(f"I19: {self.count} steps, and the run goes on")
        self.beside(what)
        if act := self.acts.get(self.count):
            act()


def crash() -> None:
    raise Crash
