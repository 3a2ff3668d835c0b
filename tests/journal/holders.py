"""Fake processes: their identities, which of them are alive and hold the run lock, and their clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from rebalancer.journal.lease import LockHolder, Process

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Machine:
    """What shares one run lock: the processes of a host, or of two containers on it.

    The first that lives holds the lock. One that begins beside it holds another: the lock's file must have been
    deleted.
    """

    host: str = "desk"
    now: datetime = NOON
    alive: set[int] = field(default_factory=set)

    def process(self, pid: int, number: int | None = None) -> LockHolder:
        """`number` is the one that the system gives it, if others have the same."""
        lock = f"of {pid} on {id(self)}" if self.alive else f"of {id(self)}"
        self.alive.add(pid)
        return LockHolder(Process(f"{pid} on {id(self)}", self.host, number or pid), lock, lambda: self.now)

    def kill(self, pid: int) -> None:
        self.alive.remove(pid)
