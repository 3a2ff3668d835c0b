"""Processes that a test makes up: who they are, which of their neighbours live, and what time it is."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from rebalancer.journal.lease import Here, Holder

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Machine:
    """One host. `alive` has when each of its processes began."""

    host: str = "desk"
    boot: str = "first"
    now: datetime = NOON
    alive: dict[int, str] = field(default_factory=dict)

    def process(self, pid: int, began: str = "0100") -> Here:
        self.alive[pid] = began
        return Here(Holder(self.host, self.boot, pid, began), self.alive.get, lambda: self.now)

    def kill(self, pid: int) -> None:
        del self.alive[pid]

    def reboot(self) -> None:
        self.alive.clear()
        self.boot = "second"
