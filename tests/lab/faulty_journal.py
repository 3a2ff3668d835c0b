"""`ports.Journal` over the real journal, with disk errors and a process killed before or after a write."""

from collections.abc import Callable
from typing import Any, TypeVar

from lab.faults import FaultInjector
from lab.write_ahead_checks import WriteAheadChecker
from rebalancer.errors import RunFailedError
from rebalancer.events import Event
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import RunId, RunRequest
from rebalancer.ports import AlreadyRun

Answer = TypeVar("Answer")


class FaultyJournal:
    """Only writes can fail; everything else goes straight to the journal."""

    def __init__(
        self,
        journal: SqliteJournal,
        injector: FaultInjector,
        step: Callable[[str], None],
        write_ahead_checker: WriteAheadChecker,
    ) -> None:
        self._journal = journal
        self._injector = injector
        self._step = step
        self._write_ahead_checker = write_ahead_checker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def start_run(self, request: RunRequest) -> RunId | AlreadyRun:
        return self._write("claim", lambda: self._journal.start_run(request))

    def resume(self, run: RunId, request: RunRequest, *, running: bool) -> None:
        self._write(f"resume run {run}", lambda: self._journal.resume(run, request, running=running))

    def record(self, run: RunId, *events: Event) -> None:
        self._write(", ".join(_described(event) for event in events), lambda: self._commit(run, *events))

    def _commit(self, run: RunId, *events: Event) -> None:
        self._journal.record(run, *events)
        for event in events:
            self._write_ahead_checker.journalled(event)

    def _write(self, what: str, act: Callable[[], Answer]) -> Answer:
        self._step(f"before the journal has {what}")
        if self._injector.occurs("journal can't be written"):
            raise RunFailedError("the journal can't be used: the disk is full. Free some space, then run again.")
        answer = act()
        self._step(f"after the journal has {what}")
        if self._injector.occurs("journal says no after it wrote"):
            raise RunFailedError("the journal can't be used: the disk can't read or write it.")
        return answer


def _described(event: Event) -> str:
    """An event for the log: its kind and its most telling field."""
    for name in ("order_id", "reason", "text", "status", "phase", "order", "state"):
        if hasattr(event, name):
            return f"{type(event).__name__} {getattr(event, name)}"
    return type(event).__name__
