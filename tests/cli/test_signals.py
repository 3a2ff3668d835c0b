"""SIGTERM and Ctrl-C are heard wherever they interrupt the thread that waits for them."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from rebalancer.cli import signals
from rebalancer.cli.signals import SignalledEvent, shutdown_signal
from rebalancer.errors import EndedError

FOLLOWED = {Path(module.__file__ or "").resolve() for module in (signals, threading)}


@pytest.fixture
def overdue() -> Iterator[None]:
    """A thread that waits for a lock of its own would wait for ever."""

    def raising(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("nothing woke the wait")

    before = signal.signal(signal.SIGALRM, raising)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@contextmanager
def at_each_line(do: Callable[[], None]) -> Iterator[None]:
    """`do` before each line of a wait, also of one in the standard library."""

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if Path(frame.f_code.co_filename).resolve() not in FOLLOWED:
            return None
        if event == "line":
            do()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.mark.posix
@pytest.mark.usefixtures("overdue")
def test_a_signal_at_any_line_of_a_wait_is_heard_at_once() -> None:
    lines: list[None] = []
    with shutdown_signal() as shutdown, at_each_line(lambda: lines.append(None)):
        assert not shutdown.wait(0)
    assert len(lines) > 1
    for signalled in range(len(lines) - 1):  # the last one is reached when it is over
        left = iter(range(signalled))
        with shutdown_signal() as shutdown, at_each_line(partial(_terminate_at_the_end_of, left)):
            assert shutdown.wait(60)


def _terminate_at_the_end_of(left: Iterator[int]) -> None:
    if next(left, None) is None:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.posix
def test_a_second_ctrl_c_interrupts_at_once_and_a_first_one_what_may_be_left_anywhere() -> None:
    with shutdown_signal() as shutdown:
        signal.raise_signal(signal.SIGINT)
        assert shutdown.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with pytest.raises(EndedError), shutdown_signal(at_once=True):
        signal.raise_signal(signal.SIGTERM)


def test_an_event_that_is_set_again_and_again_stays_set_and_one_that_is_closed_too() -> None:
    event = SignalledEvent()
    for _ in range(100_000):
        event.set()
    assert event.wait(60)
    event.close()
    event.set()
    assert event.wait(60)
