"""The journal's port over the real journal, with a disk that fails and a process that dies between two words."""

from collections.abc import Callable
from typing import Any, TypeVar

from lab.faults import Weather
from lab.witness import Witness
from rebalancer.errors import RunFailedError
from rebalancer.events import Claim, Event
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import RunId
from rebalancer.ports import AlreadyRun

Answer = TypeVar("Answer")


class Pen:
    """`ports.Journal`. Reads go straight to the journal."""

    def __init__(
        self, journal: SqliteJournal, weather: Weather, boundary: Callable[[str], None], witness: Witness
    ) -> None:
        self._journal = journal
        self._weather = weather
        self._boundary = boundary
        self._witness = witness

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def claim(self, claim: Claim) -> RunId | AlreadyRun:
        return self._write("claim", lambda: self._journal.claim(claim))

    def resume(self, run: RunId, claim: Claim, *, running: bool) -> None:
        self._write(f"take up run {run}", lambda: self._journal.resume(run, claim, running=running))

    def record(self, run: RunId, *events: Event) -> None:
        self._write(", ".join(_told(event) for event in events), lambda: self._commit(run, *events))

    def _commit(self, run: RunId, *events: Event) -> None:
        self._journal.record(run, *events)
        for event in events:
            self._witness.wrote(event)

    def _write(self, what: str, act: Callable[[], Answer]) -> Answer:
        self._boundary(f"before the journal has {what}")
        if self._weather.strikes("journal can't be written"):
            raise RunFailedError("the journal can't be used: the disk is full. Free some space, then run again.")
        answer = act()
        self._boundary(f"after the journal has {what}")
        if self._weather.strikes("journal says no after it wrote"):
            raise RunFailedError("the journal can't be used: the disk can't read or write it.")
        return answer


def _told(event: Event) -> str:
    """An event in the log: its kind, and what tells it from others of its kind."""
    for name in ("order_id", "reason", "text", "status", "phase", "order", "state"):
        if hasattr(event, name):
            return f"{type(event).__name__} {getattr(event, name)}"
    return type(event).__name__
