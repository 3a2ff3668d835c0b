"""State shared by the venue's process and the program's: the time, and the points that the program reached."""

import mmap
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SIZE = 1 << 20
NOW, LENGTH, LABELS = slice(0, 8), slice(8, 16), 16


class SharedState:
    """Shared memory, which outlives a killed process. Create it before forking."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, SIZE)

    @property
    def now(self) -> datetime:
        return EPOCH + MICROSECOND * self._read(NOW)

    @now.setter
    def now(self, now: datetime) -> None:
        self._page[NOW] = struct.pack("q", (now - EPOCH) // MICROSECOND)

    @property
    def labels(self) -> list[str]:
        """Names of the points reached, in order, including the one at which the process was killed."""
        return self._page[LABELS : LABELS + self._read(LENGTH)].decode().splitlines()

    def clear(self) -> None:
        self._page[LENGTH] = struct.pack("q", 0)

    def record_point(self, label: str) -> None:
        """Record that the next point was reached."""
        start, line = LABELS + self._read(LENGTH), f"{label}\n".encode()
        self._page[start : start + len(line)] = line
        self._page[LENGTH] = struct.pack("q", start + len(line) - LABELS)

    def _read(self, place: slice) -> int:
        (number,) = struct.unpack("q", self._page[place])
        return int(number)


class SharedClock:
    """A virtual clock in shared memory, advanced when a process sleeps. `moved` is called with each time set here."""

    def __init__(self, shared: SharedState, moved: Callable[[datetime], None] = lambda _: None) -> None:
        self._shared = shared
        self._moved = moved

    def now(self) -> datetime:
        return self._shared.now

    def elapsed(self) -> float:
        return (self._shared.now - EPOCH).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.set(self._shared.now + timedelta(seconds=max(0.0, seconds)))

    def set(self, now: datetime) -> None:
        self._shared.now = now
        self._moved(now)
