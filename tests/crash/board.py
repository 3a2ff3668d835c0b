"""What the venue's process and the program's share: the time, and how far the program has come."""

import mmap
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SIZE = 1 << 20
NOW, LENGTH, LABELS = slice(0, 8), slice(8, 16), 16


class Board:
    """Memory that outlives whoever is killed. Make it before any process that is to see it is forked."""

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
        """What the points that were come to are called, in their order, the one that killed included."""
        return self._page[LABELS : LABELS + self._read(LENGTH)].decode().splitlines()

    def clear(self) -> None:
        self._page[LENGTH] = struct.pack("q", 0)

    def come_to(self, label: str) -> None:
        """Write down that the next point was come to."""
        start, line = LABELS + self._read(LENGTH), f"{label}\n".encode()
        self._page[start : start + len(line)] = line
        self._page[LENGTH] = struct.pack("q", start + len(line) - LABELS)

    def _read(self, place: slice) -> int:
        (number,) = struct.unpack("q", self._page[place])
        return int(number)


class SharedClock:
    """The board's time: it moves when any process sleeps by it. `moved` is told each new time that is set here."""

    def __init__(self, board: Board, moved: Callable[[datetime], None] = lambda _: None) -> None:
        self._board = board
        self._moved = moved

    def now(self) -> datetime:
        return self._board.now

    def elapsed(self) -> float:
        return (self._board.now - EPOCH).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.set(self._board.now + timedelta(seconds=max(0.0, seconds)))

    def set(self, now: datetime) -> None:
        self._board.now = now
        self._moved(now)
