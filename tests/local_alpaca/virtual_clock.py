"""The venue's clock: it advances only by sleeping, or follows the machine's."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """Aware times, in UTC. `moved` is called with each new time. `running`: time passes by itself from `now` on."""

    def __init__(self, now: datetime, moved: Callable[[datetime], None], *, running: bool = False) -> None:
        self._moved = moved
        self._running = running
        self._lock = threading.Lock()
        self.set(now)

    def now(self) -> datetime:
        with self._lock:
            return self._base + (timedelta(seconds=time.monotonic() - self._since) if self._running else timedelta())

    def elapsed(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        if self._running:
            time.sleep(seconds)
            return
        with self._lock:
            self._base += timedelta(seconds=max(0.0, seconds))
        self._moved(self.now())

    def set(self, now: datetime) -> None:
        with self._lock:
            self._base = now.astimezone(UTC)
            self._since = time.monotonic()
        self._moved(self.now())
