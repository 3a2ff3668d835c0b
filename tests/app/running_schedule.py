"""A real `schedule` process by a clock that a test sets; and what systemd, the venue and the test see of it.

python running_schedule.py FOLDER is the process: the command's own loop, signals and supervisor, with that clock.
"""

import mmap
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from rebalancer.app.schedule_loop import ScheduleLoop
from rebalancer.cli.config_file import load_config
from rebalancer.cli.schedule import Screen, keep
from rebalancer.cli.signals import shutdown_signal
from rebalancer.notify.systemd import Supervisor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BLINK = 0.1
"""Real seconds of every sleep: a second of waiting for an order passes in it."""
HEARTBEAT = 0.2
PATIENCE = 300.0
"""Seconds after which a test gives up waiting for a sign of the process."""
TIME, SOCKET = "time", "notify"


class SetClock:
    """The wall clock and the monotonic one in a file that processes share. A sleep moves both on."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(bytes(16))
        with file.open("r+b") as opened:
            self._page = mmap.mmap(opened.fileno(), 16)

    def _times(self) -> tuple[int, int]:
        wall, monotonic = struct.unpack("qq", self._page[:])
        return int(wall), int(monotonic)

    def _move(self, wall: timedelta, monotonic: timedelta) -> None:
        at, elapsed = self._times()
        self._page[:] = struct.pack("qq", at + wall // MICROSECOND, elapsed + monotonic // MICROSECOND)

    def now(self) -> datetime:
        return EPOCH + MICROSECOND * self._times()[0]

    def elapsed(self) -> float:
        return self._times()[1] / 1e6

    def sleep(self, seconds: float) -> None:
        time.sleep(BLINK)
        self.pass_by(timedelta(seconds=seconds))

    def pass_by(self, past: timedelta) -> None:
        """Time passes, on every clock: also while the machine is suspended."""
        self._move(past, past)

    def set_by(self, change: timedelta) -> None:
        """Somebody sets the wall clock."""
        self._move(change, timedelta())


class RightClock(SetClock):
    """Of the venue: nobody sets it."""

    def now(self) -> datetime:
        return EPOCH + MICROSECOND * self._times()[1]


def main(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    clock = SetClock(folder / TIME)
    with shutdown_signal() as stop:
        loop = ScheduleLoop(partial(load_config, folder / "config.toml", quietly=True), clock, stop.is_set)
        supervisor = Supervisor(os.environ["NOTIFY_SOCKET"], clock, partial(print, file=sys.stderr))
        loop.progress = supervisor.working
        keep(loop, stop, Screen(), supervisor, HEARTBEAT)


class Systemd:
    """The socket that the process tells of itself."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / SOCKET))
        self._socket.settimeout(PATIENCE)

    def wait_for(self, words: str) -> str:
        """The next message with these words. Fails, with what was heard, where it does not come."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.heard.append(self._socket.recv(4096).decode())
            if words in self.heard[-1]:
                return self.heard[-1]
        raise AssertionError(f"{words!r} was not heard, but {list(dict.fromkeys(self.heard))}")

    def close(self) -> None:
        self._socket.close()


def start(folder: Path, environ: Mapping[str, str]) -> "subprocess.Popen[str]":
    words: Sequence[str] = [sys.executable, __file__, str(folder)]
    return subprocess.Popen(  # noqa: S603 - this file
        words,
        env={**os.environ, **environ, "NOTIFY_SOCKET": str(folder / SOCKET), "HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
