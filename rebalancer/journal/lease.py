"""Who may write a run of an account: one process at a time, and the fence rises with each.

The file lock keeps two runs of one machine apart. A lease also does where that lock is gone, or does not reach: another
host, a copied folder, a process that was stopped and comes back after another took its run over.
"""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

from rebalancer.errors import BusyError

STALE = timedelta(hours=2)
"""A lease of another host, whose processes can't be seen from here, may be taken over when it is this old."""
TABLE = """CREATE TABLE leases (
    account TEXT NOT NULL PRIMARY KEY, fence INTEGER NOT NULL, held INTEGER NOT NULL,
    host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL,
    taken TEXT NOT NULL, refreshed TEXT NOT NULL
) STRICT"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process. `boot` and `started` tell it from one that later has its pid: when, in the system's own words."""

    host: str
    boot: str
    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The row of an account. It is `held` from a claim until the run ends or the journal is closed."""

    account: str
    fence: int
    held: bool
    holder: Holder
    refreshed: datetime


@dataclass(frozen=True, slots=True)
class Here:
    """What a lease is judged by: this process, how another of this host began (None where none lives), the time."""

    holder: Holder
    began: Callable[[int], str | None]
    now: Callable[[], datetime]


def here() -> Here:
    pid = os.getpid()
    return Here(Holder(socket.gethostname(), _boot(), pid, process_began(pid) or ""), process_began, _now)


def obstacle(lease: Lease | None, place: Here) -> str | None:
    """Why `place` may not take the lease now; None where it may."""
    if lease is None or not lease.held or lease.holder == place.holder:
        return None
    theirs, mine = lease.holder, place.holder
    who = f"process {theirs.pid} of host {theirs.host} is running account {lease.account}"
    if theirs.host == mine.host:
        alive = theirs.boot == mine.boot and place.began(theirs.pid) == theirs.started
        return f"{who}. Wait until it ends, then run again." if alive else None
    free = lease.refreshed + STALE
    if place.now() >= free:
        return None
    return f"{who}, and this is host {mine.host}. If it is gone, run again at {free:%Y-%m-%d %H:%M} UTC or later."


def read_lease(connection: sqlite3.Connection, account: str) -> Lease | None:
    row = connection.execute(
        "SELECT fence, held, refreshed, host, boot, pid, started FROM leases WHERE account = ?", [account]
    ).fetchone()
    if row is None:
        return None
    fence, held, refreshed, *holder = row
    return Lease(account, fence, bool(held), Holder(*holder), datetime.fromisoformat(refreshed))


def take(connection: sqlite3.Connection, account: str, place: Here) -> int:
    """The fence of the lease, which is `place`'s from now on. Raises BusyError where another process holds it.

    The caller's transaction holds the write lock.
    """
    before = read_lease(connection, account)
    if (reason := obstacle(before, place)) is not None:
        raise BusyError(reason)
    fence, now, holder = (before.fence if before else 0) + 1, place.now().isoformat(), place.holder
    connection.execute(
        "INSERT OR REPLACE INTO leases (account, fence, held, host, boot, pid, started, taken, refreshed)"
        " VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)",
        [account, fence, holder.host, holder.boot, holder.pid, holder.started, now, now],
    )
    return fence


def refresh(connection: sqlite3.Connection, account: str, fence: int, place: Here) -> bool:
    """Whether the lease is still held under `fence`; then its time is now."""
    return _change(connection, "refreshed = ?", place.now().isoformat(), account, fence)


def give_back(connection: sqlite3.Connection, account: str, fence: int) -> None:
    _change(connection, "held = ?", 0, account, fence)


def _change(connection: sqlite3.Connection, change: str, value: str | int, account: str, fence: int) -> bool:
    update = f"UPDATE leases SET {change} WHERE account = ? AND fence = ? AND held"
    return connection.execute(update, [value, account, fence]).rowcount == 1


def process_began(pid: int) -> str | None:
    """When the process began, as the system says it; None where it is gone, or only waits to be buried."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            state, *fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if state in {"Z", "X"} else fields[18]
    if (ps := which("ps")) is None:
        return None
    said = subprocess.run([ps, "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    return said.stdout.strip() or None


def _boot() -> str:
    """What tells one start of this machine from the next; "" where the system does not say."""
    file = Path("/proc/sys/kernel/random/boot_id")
    return file.read_text().strip() if file.exists() else ""


def _now() -> datetime:
    return datetime.now(UTC)
