"""Notifies systemd of the schedule: that it is ready, its status, its keep-alives, that it stops.

The protocol is that of sd_notify(3): a datagram of lines to the socket that NOTIFY_SOCKET names. Its watchdog ends a
service that it does not hear of in time, so a sign of life comes only from the thread that works, at each step of it.
"""

import socket
from collections.abc import Callable

from rebalancer.errors import visible
from rebalancer.notify.masking import masked
from rebalancer.ports import Clock

PAUSE = 1.0
"""The least seconds between two signs of life: the work may take many steps a second."""


def tell(address: str, lines: str) -> str | None:
    """Send `lines` to systemd's socket at `address`; None, or what went wrong. Raises nothing, and never waits."""
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)  # a full socket costs a sign of life, never the run
            sender.connect(name)
            sender.send(lines.encode())
    except OSError as error:
        return f"systemd can't be reached at {address}: {error.strerror or error}"
    return None


class Supervisor:
    """Tells systemd of the schedule, where systemd started it; else every call does nothing.

    `report` gets an error once, until a notification succeeds again.
    """

    def __init__(self, address: str, clock: Clock, report: Callable[[str], None]) -> None:
        self._address = address
        self._clock = clock
        self._report = report
        self._last = float("-inf")
        self._trouble: str | None = None

    def ready(self) -> None:
        """The settings could be read, and the schedule begins."""
        self._tell("READY=1")

    def alive(self, status: str) -> None:
        """The schedule has looked, and found what `status` says."""
        self._last = self._clock.elapsed()
        self._tell(f"STATUS={masked(visible(status))}\nWATCHDOG=1")

    def working(self, work: str, done: int = 0, total: int = 0) -> None:
        """A `Progress`: each step of a run is a sign of life."""
        if self._clock.elapsed() - self._last >= PAUSE:
            self.alive(f"{work} ({done:,} of {total:,})" if total > 1 else work)

    def stopping(self) -> None:
        """A shutdown was requested; orders that were sent are awaited first."""
        self._tell("STOPPING=1")

    def _tell(self, lines: str) -> None:
        if not self._address:
            return
        before, self._trouble = self._trouble, tell(self._address, lines)
        if self._trouble and not before:
            self._report(self._trouble)
