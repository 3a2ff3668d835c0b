"""A fork server: a process with one thread that has imported everything, and gives birth to one child a task."""

import gc
import os
import signal
import traceback
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, Self, TypeVar

Task = TypeVar("Task")
RAISED = 1
LONGEST_LIFE = 120
"""Seconds: whoever lives longer is taken for one that would never end, and killed by its alarm."""


class Nursery(Generic[Task]):
    """Enter it while this process has one thread: what is forked with others may hang. `last_words` is where a child
    that raised leaves its traceback.
    """

    def __init__(self, work: Callable[[Task], None], last_words: Path) -> None:
        self._work = work
        self._last_words = last_words

    def __enter__(self) -> Self:
        self._line, theirs = Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            gc.freeze()  # a collection in a child would copy every page that all of them share
            self._line.close()
            self._serve(theirs)
            os._exit(0)
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        os.waitpid(self._pid, 0)

    def do(self, task: Task) -> int:
        """The exit code of the child that did it; -9 where it was killed."""
        self._line.send(task)
        code: int = self._line.recv()
        return code

    def _serve(self, line: Connection) -> None:
        while True:
            try:
                task = line.recv()
            except EOFError:
                return
            child = os.fork()
            if child == 0:
                os._exit(self._live(task))
            _, status = os.waitpid(child, 0)
            line.send(os.waitstatus_to_exitcode(status))

    def _live(self, task: Task) -> int:
        signal.alarm(LONGEST_LIFE)
        try:
            self._work(task)
        except BaseException:  # noqa: BLE001 - the last words of a child, whatever ended it
            self._last_words.write_text(traceback.format_exc())
            return RAISED
        return 0
