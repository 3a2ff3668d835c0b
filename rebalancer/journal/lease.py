"""The lease of an account: one process at a time may write its runs. Each new lease has a higher fencing token.

The run lock (a file lock) excludes other processes of this machine. The lease also excludes another host, a process
whose lock file was deleted, and a suspended process that wakes up after another took over its run. Only the lock tells
whether a holder is alive: two containers may share host name and process number.
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
"""A lease whose holder can't be shown to be dead may be taken over at this age."""
TABLE = """CREATE TABLE leases (
    account TEXT NOT NULL PRIMARY KEY, fence INTEGER NOT NULL, held INTEGER NOT NULL,
    host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL,
    taken TEXT NOT NULL, refreshed TEXT NOT NULL
) STRICT"""
"""`boot` and `started` were used by earlier versions; they stay empty."""
COLUMNS = ("process", "lock")
"""The columns that a later migration adds."""


@dataclass(frozen=True, slots=True)
class Process:
    """`id` is random, drawn at start; `host` and `pid` are for people and not unique."""

    id: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class Lease:
    """An account's lease. `fence` is its fencing token; it is `held` until the run ends or the journal is closed."""

    account: str
    fence: int
    held: bool
    process: Process
    lock: str
    refreshed: datetime


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A process that asks for a lease, the id of its run lock, and its clock.

    `lock` is "" where it holds none, or one on a disk that other machines may share.
    """

    process: Process
    lock: str
    now: Callable[[], datetime]


def lock_holder(lock: str = "") -> LockHolder:
    return LockHolder(Process(_this_process(), socket.gethostname(), os.getpid()), lock, _now)


@contextmanager
def run_lock(path: Path) -> Iterator[LockHolder]:
    """Hold the file lock of the journal at `path`; the operating system releases it when the process ends.

    Raises BusyError while another process holds it.
    """
    file = path.with_name(f"{path.name}.lock")
    busy = f"another run is in progress (it holds {file}). Wait until it ends, then run again."
    with readable_errors(path):
        lock = acquire(file, lambda: busy)
    try:
        yield lock_holder(local_lock_id(Path(lock.lock_file)))
    finally:
        lock.release()


def conflict(lease: Lease | None, holder: LockHolder) -> str | None:
    """Why `holder` may not take the lease now; None where it may."""
    if lease is None or not lease.held or lease.process.id == holder.process.id:
        return None
    # The operating system frees a dead process's lock: whoever holds the same lock now is the only one alive.
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
    """Give the account's lease to `holder`: the new fencing token. Raises BusyError while another process may hold it.

    Must run in a write transaction.
    """
    before = read_lease(connection, account)
    if (reason := conflict(before, holder)) is not None:
        raise BusyError(reason)
    fence, now, process = (before.fence if before else 0) + 1, holder.now().isoformat(), holder.process
    connection.execute(
        "INSERT OR REPLACE INTO leases (account, fence, process, host, pid, lock, taken, refreshed, held,"
        " boot, started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, '', '')",
        [account, fence, process.id, process.host, process.pid, holder.lock, now, now],
    )
    return fence


def refresh(connection: sqlite3.Connection, account: str, fence: int, holder: LockHolder) -> bool:
    """Renew the lease; False where it is no longer held under `fence`."""
    return _change(connection, "refreshed = ?", holder.now().isoformat(), account, fence)


def release(connection: sqlite3.Connection, account: str, fence: int) -> None:
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
