"""The points an evening can be killed at: before and after each call of its broker and each write of its journal."""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

from crash.shared_state import SharedState

WRITES = frozenset({"start_run", "resume", "record"})
"""Methods that change the journal; a kill at a read equals one at the point before."""
FROM_MEMORY = frozenset({"instruments"})
"""Methods of a broker that send no request."""
WRITING = ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT")
TOUCHES = frozenset({"open", "os.rename", "os.remove"})
"""Audit events of file operations."""


@dataclass(slots=True)
class KillPoint:
    """Counts the points reached and kills this process with SIGKILL at the `at`-th; never if that is 0."""

    shared: SharedState
    at: int
    passed: int = 0

    def __call__(self, label: str) -> None:
        self.shared.record_point(label)
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class Instrumented:
    """Wraps `inner` with a point before and after each call of the methods that `instruments` selects."""

    def __init__(
        self, inner: object, kill_point: KillPoint, instruments: Callable[[str], bool] = lambda _: True
    ) -> None:
        self._inner = inner
        self._kill_point = kill_point
        self._instruments = instruments

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or not self._instruments(name):
            return found

        def call(*words: Any, **more: Any) -> Any:
            name_of_call = " ".join([name, *(type(word).__name__ for word in words if is_dataclass(word))])
            self._kill_point(f"before {name_of_call}")
            answer = found(*words, **more)
            self._kill_point(f"after {name_of_call}")
            return answer

        return call


def instrument_journal(connection: sqlite3.Connection, folder: Path, kill_point: KillPoint) -> None:
    """Set a point before each statement that writes, and before each file of `folder` that is opened or renamed."""

    def stated(statement: str) -> None:
        if statement.startswith(WRITING):
            kill_point(" ".join(statement.split()[:3]))

    def touched(event: str, words: tuple[Any, ...]) -> None:
        if event in TOUCHES and str(words[0]).startswith(str(folder)):
            kill_point(f"{event} {Path(words[0]).suffix}")

    connection.set_trace_callback(stated)
    sys.addaudithook(touched)
