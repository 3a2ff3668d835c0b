"""What SIGTERM and Ctrl-C ask for."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from select import select
from socket import socketpair
from threading import Event
from types import FrameType

from rebalancer.errors import EndedError


class SignalledEvent(Event):
    """An event that a signal's handler may set while the same thread waits for it.

    The lock of another event would be the thread's own at some moments of its wait, and the handler, and with it the
    thread, would wait for it for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._happened = False
        self._woken, self._waking = socketpair()
        self._waking.setblocking(False)

    def is_set(self) -> bool:
        return self._happened

    def set(self) -> None:
        self._happened = True
        with suppress(OSError):  # full: it is woken already; closed: nobody waits
            self._waking.send(b"\0")

    def wait(self, timeout: float | None = None) -> bool:
        if not self._happened:
            select([self._woken], [], [], timeout)
        return self._happened

    def close(self) -> None:
        self._woken.close()
        self._waking.close()


@contextmanager
def shutdown_signal(*, at_once: bool = False) -> Iterator[Event]:
    """An event set by SIGTERM or a first Ctrl-C. A second Ctrl-C interrupts at once.

    With `at_once`, for work that may be left anywhere, the first signal ends it with EndedError. Main thread only.
    """
    requested = SignalledEvent()

    def request(number: int, frame: FrameType | None) -> None:
        if at_once or (requested.is_set() and number == signal.SIGINT):
            raise KeyboardInterrupt
        requested.set()

    before = {number: signal.signal(number, request) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield requested
    except KeyboardInterrupt:
        if not at_once:
            raise
        raise EndedError("ended by a signal before it was done. Nothing was sent.") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        requested.close()
