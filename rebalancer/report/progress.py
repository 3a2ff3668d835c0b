"""Progress of long work on standard error: one changing line on a terminal, elsewhere a line of text now and then."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, TypeVar

from rich.cells import cell_len, set_cell_size

from rebalancer.errors import visible
from rebalancer.market.clock import SystemClock
from rebalancer.ports import Clock

Result = TypeVar("Result")
TEXT_SECONDS = 15
"""How often progress is printed where there is no terminal; shorter work is not printed."""
REDRAW_SECONDS = 0.1
BAR = 20
"""Columns of the bar."""
CLEARED = "\r\x1b[K"


class ProgressLine:
    """A `Progress` on `stream`; with `quiet` it shows nothing."""

    def __init__(self, stream: TextIO | None, clock: Clock, *, quiet: bool = False) -> None:
        self._stream = None if quiet else stream
        self._clock = clock
        self._terminal = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        self._last = clock.elapsed() - (REDRAW_SECONDS if self._terminal else 0)
        self._work = ""
        self._drawn = False

    def __call__(self, work: str, done: int = 0, total: int = 0) -> None:
        work = visible(work)
        past = self._clock.elapsed() - self._last
        if self._terminal and (past >= REDRAW_SECONDS or work != self._work):
            room = shutil.get_terminal_size().columns - 1
            line = f"{_bar(done, total)}{work}"  # the work last: a long name is cut, and no number
            self._write(f"\r{line if cell_len(line) <= room else set_cell_size(line, room)}\x1b[K")
            self._drawn = True
        elif not self._terminal and past >= TEXT_SECONDS:
            self._write(f"{work}: {done:,} of {total:,}\n" if total > 1 else f"{work}\n")
        else:
            return
        self._work, self._last = work, self._clock.elapsed()

    def clear(self) -> None:
        """Take the line off the screen, before anything else is written there."""
        if self._drawn:
            self._write(CLEARED)
        self._drawn, self._work = False, ""
        if not self._terminal:
            self._last = self._clock.elapsed()

    def between(self, results: Iterable[Result]) -> Iterator[Result]:
        """The results, each with the line cleared."""
        for result in results:
            self.clear()
            yield result

    def _write(self, text: str) -> None:
        if self._stream is not None:
            with suppress(OSError, ValueError):  # a screen that is gone, or full, must not end a run
                self._stream.write(text)
                self._stream.flush()


@contextmanager
def progress_line(*, quiet: bool = False) -> Iterator[ProgressLine]:
    """On standard error, cleared at the end. Nothing else may be written to the terminal meanwhile."""
    line = ProgressLine(sys.stderr, SystemClock(), quiet=quiet)
    try:
        yield line
    finally:
        line.clear()


def _bar(done: int, total: int) -> str:
    if total <= 1:
        return ""
    full = BAR * min(done, total) // total
    return f"[{'#' * full}{'.' * (BAR - full)}] {done:,} of {total:,}  "
