"""The points an evening can be killed at: before and after each call of its broker and each write of its journal."""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

from crash.board import Board

WRITES = frozenset({"claim", "resume", "record"})
"""What changes the journal. Its other calls only read: killed there is killed at the point before."""
WRITING = ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT")
TOUCHES = frozenset({"open", "os.rename", "os.remove"})
"""What Python tells its auditors of files."""


@dataclass(slots=True)
class Fuse:
    """Kills this process, as kill -9 would, at the `at`-th point it comes to; never where that is 0."""

    board: Board
    at: int
    passed: int = 0

    def __call__(self, label: str) -> None:
        self.board.come_to(label)
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """Does what `inner` does, with a point before each call of the methods `watches` names, and one after it."""

    def __init__(self, inner: object, fuse: Fuse, watches: Callable[[str], bool] = lambda _: True) -> None:
        self._inner = inner
        self._fuse = fuse
        self._watches = watches

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or not self._watches(name):
            return found

        def call(*words: Any, **more: Any) -> Any:
            told = " ".join([name, *(type(word).__name__ for word in words if is_dataclass(word))])
            self._fuse(f"before {told}")
            answer = found(*words, **more)
            self._fuse(f"after {told}")
            return answer

        return call


def watch_inside(connection: sqlite3.Connection, folder: Path, fuse: Fuse) -> None:
    """Set a point before each statement that writes, and before each file of `folder` that is opened or renamed."""

    def stated(statement: str) -> None:
        if statement.startswith(WRITING):
            fuse(" ".join(statement.split()[:3]))

    def touched(event: str, words: tuple[Any, ...]) -> None:
        if event in TOUCHES and str(words[0]).startswith(str(folder)):
            fuse(f"{event} {Path(words[0]).suffix}")

    connection.set_trace_callback(stated)
    sys.addaudithook(touched)
