"""How a run and the schedule are told to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


@contextmanager
def shutdown_signal() -> Iterator[Event]:
    """An event that SIGTERM, or a first Ctrl-C, sets. A second Ctrl-C interrupts at once, as it always did.

    Use it in the main thread: Python takes signals nowhere else.
    """
    told = Event()

    def tell(number: int, frame: FrameType | None) -> None:
        if told.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        told.set()

    before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
