"""What is written for a person or a pipe. Whatever becomes of it there, a command goes on and ends as it would.

The quick answer of `run --when-due` comes through here, so nothing slow is imported.
"""

import io
import os
import sys
from errno import EPIPE
from select import select
from typing import TYPE_CHECKING

from rebalancer.errors import visible

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STREAMS = ("stdin", "stdout", "stderr")
"""By their numbers."""
STDOUT = 1


class _Unbreakable(io.FileIO):
    """A stream whose reader may have left, or whose device may be full: what it doesn't take is lost, nothing else."""

    reported = False

    def write(self, text: "ReadableBuffer", /) -> int:
        try:
            while (written := super().write(text)) is None:  # a full pipe that doesn't block
                select([], [self], [])
        except OSError as error:
            if not self.reported and error.errno != EPIPE and self.fileno() == STDOUT:
                self.reported = True
                say(f"rebalance: the output can't be written: {error.strerror}", err=True)
            return memoryview(text).nbytes
        return written


def protect_streams() -> None:
    """Make the process's own streams ones that a run can't stumble over. A character they can't show becomes a "?".

    Streams that are closed are opened to nowhere, so that no file of ours becomes a stream by its number.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) < len(STREAMS):
        os.set_inheritable(opened, True)
    os.close(opened)
    for number, name in enumerate(STREAMS):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))
        elif number and stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _unbreakable(stream))


def _unbreakable(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    stream.flush()
    raw = _Unbreakable(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, "replace", line_buffering=stream.line_buffering)


def say(text: object, *, err: bool = False, end: str = "\n") -> None:
    """Print `text`, whose line breaks are ours, at once. What a screen would obey is shown as an escape."""
    lines = map(visible, str(text).split("\n"))
    print("\n".join(lines), end=end, file=sys.stderr if err else sys.stdout, flush=True)
