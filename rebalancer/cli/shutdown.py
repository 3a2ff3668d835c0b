"""How the operating system asks a run or the schedule to shut down."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


@contextmanager
def shutdown_signal() -> Iterator[Event]:
    """An event that SIGTERM, or a first Ctrl-C, sets. A second Ctrl-C interrupts at once.

    For the main thread only, where Python handles signals.
    """
    requested = Event()

    def request(number: int, frame: FrameType | None) -> None:
        if requested.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        requested.set()

    before = {number: signal.signal(number, request) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
