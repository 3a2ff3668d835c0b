"""The run lock of the journal and the lease of an account: one process at a time may write its runs.

The run lock, a file lock, excludes other processes of this machine; the operating system frees it when its process
ends. The lease also excludes another host, a process whose lock file was deleted, and a suspended process that wakes up
after another took over its run: each new lease has a higher fencing token. Only the lock tells whether a holder is
alive: two containers may share host name and process number. A lock on a network share, or on a folder that a host
shares with its guests, may not exclude other machines: only a file on a local disk identifies a lock for a lease.
"""

import os
import re
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from operator import itemgetter
from pathlib import Path
from shutil import which
from uuid import uuid4

from filelock import FileLock, Timeout

from rebalancer.errors import BusyError
from rebalancer.journal.connection import readable_errors

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
LOCAL = frozenset(
    ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "tmpfs", "overlay", "apfs", "hfs", "ufs"]
)
"""File systems that only one machine can mount at a time."""
MOUNT_LINE = re.compile(r".* on (/.*) \((.*)\)")


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
    return LockHolder(Process(_this_process(), socket.gethostname(), os.getpid()), lock, partial(datetime.now, UTC))


@contextmanager
def run_lock(path: Path) -> Iterator[LockHolder]:
    """Hold the file lock of the journal at `path`.

    Raises BusyError while another process holds it.
    """
    file = path.with_name(f"{path.name}.lock")
    busy = (
        f"another run, or a command such as recover, is in progress (it holds {file}). Wait until it ends, then try "
        "again."
    )
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


def acquire(path: Path, busy: Callable[[], str]) -> FileLock:
    """Hold the lock file at `path` until `release`; it and its folder are made, readable by their owner alone.

    Raises BusyError with the sentence `busy()` while another process holds it, OSError where it can't be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path, blocking=False, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(busy()) from error
    return lock


def local_lock_id(file: Path) -> str:
    """Identifies `file` by file system and inode; "" where it is not known to be on a local disk.

    The inode of an open file is not reused, not even after the file is deleted.
    """
    try:
        if _file_system(file) not in LOCAL:
            return ""
        return f"{os.statvfs(file).f_fsid:x}-{file.stat().st_ino}"
    except OSError:
        return ""


def _file_system(file: Path) -> str:
    table = Path("/proc/self/mountinfo")
    if table.exists():
        return file_system_by_mount_id(table.read_text(errors="surrogateescape"), _mount_number(file))
    if (mount := which("mount")) is None:
        return ""
    output = subprocess.run([mount], capture_output=True, text=True, check=False)  # noqa: S603
    return file_system_by_path(output.stdout, file.resolve())


def _mount_number(file: Path) -> str:
    # Opening and closing the file itself could release its POSIX lock.
    handle = os.open(file, os.O_PATH)
    try:
        fields = dict(line.split(":", 1) for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines())
    finally:
        os.close(handle)
    return fields.get("mnt_id", "").strip()


def file_system_by_mount_id(table: str, number: str) -> str:
    """The file system of the mount `number` in Linux's `/proc/self/mountinfo`; "" where it is not listed."""
    for line in table.splitlines():
        mount, _, details = line.partition(" - ")
        if mount.split()[0] == number:
            return details.split()[0]
    return ""


def file_system_by_path(output: str, file: Path) -> str:
    """The file system of `file` by the output of `mount` on macOS and the BSDs; "" where it is not local."""
    rows = [(Path(row[1]), row[2].split(", ")) for line in output.splitlines() if (row := MOUNT_LINE.fullmatch(line))]
    around = [(len(place.parts), kind) for place, kind in rows if file.is_relative_to(place)]
    if not around:
        return ""
    _, (kind, *others) = max(reversed(around), key=itemgetter(0))
    return kind if "local" in others else ""
