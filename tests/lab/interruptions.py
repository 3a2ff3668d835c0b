"""Interruptions of one process: killed, acted upon by others, or stopped because it never ends."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.order_checks import Violation

MOST_STEPS = 6000


class Crash(BaseException):
    """kill -9."""


@dataclass(slots=True)
class Interruptions:
    """A step is before or after a request or a journal write. `acts`: what happens at the n-th step, counted from 1."""

    log: Callable[[str], None]
    acts: dict[int, Callable[[], None]] = field(default_factory=dict)
    observer: Callable[[str], None] = lambda _what: None
    """Called at every step, for external traders."""
    count: int = 0

    def step(self, what: str) -> None:
        self.count += 1
        self.log(what)
        if self.count > MOST_STEPS:
            raise Violation(f"I19: {self.count} steps, and the run goes on")
        self.observer(what)
        if act := self.acts.get(self.count):
            act()


def crash() -> None:
    raise Crash
