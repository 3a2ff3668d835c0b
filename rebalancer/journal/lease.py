"""Who may write a run of an account: one process at a time, and the fence rises with each.

The run lock keeps two runs of one machine apart. A lease also does where that lock is gone, or does not reach: another
host, a copied folder, a process that was stopped and comes back after another took its run over. Whether a process
still lives only its lock tells: the names and numbers of two containers may be the same.
"""

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

from rebalancer.errors import BusyError
from rebalancer.journal.connection import readable_errors
from rebalancer.journal.lock import acquire, local_lock_id

STALE = timedelta(hours=2)
"""A lease whose holder may be alive, for all that can be seen from here, may be taken over when it is this old."""
TABLE = """CREATE TABLE leases (
    account TEXT NOT NULL PRIMARY KEY, fence INTEGER NOT NULL, held INTEGER NOT NULL,
    host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL,
    taken TEXT NOT NULL, refreshed TEXT NOT NULL
) STRICT"""
"""`boot` and `started` were of versions that told by them whether a process lives; they stay empty."""
COLUMNS = ("process", "lock")
"""What was added to the table since."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process. `id` is drawn when it starts; its host and its number only tell a person where to look for it."""

    id: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The row of an account. It is `held` from a claim until the run ends or the journal is closed."""

    account: str
    fence: int
    held: bool
    process: Process
    lock: str
    refreshed: datetime


@dataclass(frozen=True, slots=True)
class LockHolder:
    """What a lease is judged by: this process, the run lock that it holds, the time.

    `lock` is "" where it holds none, or one that may not keep out another machine.
    """

    process: Process
    lock: str
    now: Callable[[], datetime]


def lock_holder(lock: str = "") -> LockHolder:
    return LockHolder(Process(_this_process(), socket.gethostname(), os.getpid()), lock, _now)


@contextmanager
def run_lock(path: Path) -> Iterator[LockHolder]:
    """Hold the only right to run on the journal at `path`; it ends with the process, however that ends.

    What it gives opens the journals that are written under it. Raises BusyError while another process holds it.
    """
    file = path.with_name(f"{path.name}.lock")
    busy = f"another run is in progress (it holds {file}). Wait until it ends, then run again."
    with readable_errors(path):
        lock = acquire(file, lambda: busy)
    try:
        yield lock_holder(local_lock_id(Path(lock.lock_file)))
    finally:
        lock.release()


def obstacle(lease: Lease | None, holder: LockHolder) -> str | None:
    """Why `holder` may not take the lease now; None where it may."""
    if lease is None or not lease.held or lease.process.id == holder.process.id:
        return None
    # The system frees a lock with the process that held it: who holds it now is the only one alive.
    if lease.lock and lease.lock == holder.lock:
        return None
    free = lease.refreshed + STALE
    if holder.now() >= free:
        return None
    return (
        f"process {lease.process.pid} of host {lease.process.host} is running account {lease.account}. Whether it "
        f"still lives can't be told from here, since its lock is not this one: run again at {free:%Y-%m-%d %H:%M} UTC "
        "or later if it is gone."
    )


def read_lease(connection: sqlite3.Connection, account: str) -> Lease | None:
    row = connection.execute(
        "SELECT fence, held, process, host, pid, lock, refreshed FROM leases WHERE account = ?", [account]
    ).fetchone()
    if row is None:
        return None
    fence, held, process, host, pid, lock, refreshed = row
    return Lease(account, fence, bool(held), Process(process, host, pid), lock, datetime.fromisoformat(refreshed))


def take(connection: sqlite3.Connection, account: str, holder: LockHolder) -> int:
    """The fence of the lease, which is `holder`'s from now on. Raises BusyError where another process may hold it.

    The caller's transaction holds the write lock.
    """
    before = read_lease(connection, account)
    if (reason := obstacle(before, holder)) is not None:
        raise BusyError(reason)
    fence, now, process = (before.fence if before else 0) + 1, holder.now().isoformat(), holder.process
    connection.execute(
        "INSERT OR REPLACE INTO leases (account, fence, process, host, pid, lock, taken, refreshed, held,"
        " boot, started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, '', '')",
        [account, fence, process.id, process.host, process.pid, holder.lock, now, now],
    )
    return fence


def refresh(connection: sqlite3.Connection, account: str, fence: int, holder: LockHolder) -> bool:
    """Whether the lease is still held under `fence`; then its time is now."""
    return _change(connection, "refreshed = ?", holder.now().isoformat(), account, fence)


def give_back(connection: sqlite3.Connection, account: str, fence: int) -> None:
    _change(connection, "held = ?", 0, account, fence)


def _change(connection: sqlite3.Connection, change: str, value: str | int, account: str, fence: int) -> bool:
    update = f"UPDATE leases SET {change} WHERE account = ? AND fence = ? AND held"
    return connection.execute(update, [value, account, fence]).rowcount == 1


@cache
def _this_process() -> str:
    return uuid4().hex


os.register_at_fork(after_in_child=_this_process.cache_clear)


def _now() -> datetime:
    return datetime.now(UTC)
