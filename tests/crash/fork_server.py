"""A fork server: a single-threaded process with everything imported that forks one child a task."""

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
TIMEOUT = 600
"""Seconds after which a child is killed by its alarm."""


class ForkServer(Generic[Task]):
    """Enter it while this process has one thread: forking with several may deadlock. A child that raises writes its
    traceback to `traceback_file`.
    """

    def __init__(self, work: Callable[[Task], None], traceback_file: Path) -> None:
        self._work = work
        self._traceback_file = traceback_file

    def __enter__(self) -> Self:
        self._line, theirs = Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            gc.freeze()  # a collection in a child would copy every shared page
            self._line.close()
            self._serve(theirs)
            os._exit(0)
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()
        os.waitpid(self._pid, 0)

    def run(self, task: Task) -> int:
        """The exit code of the child; -9 if it was killed."""
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
                os._exit(self._run(task))
            _, status = os.waitpid(child, 0)
            line.send(os.waitstatus_to_exitcode(status))

    def _run(self, task: Task) -> int:
        signal.alarm(TIMEOUT)
        try:
            self._work(task)
        except BaseException:  # noqa: BLE001 - reported by the parent
            self._traceback_file.write_text(traceback.format_exc())
            return RAISED
        return 0
