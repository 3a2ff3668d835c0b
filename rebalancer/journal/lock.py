"""File locks between the processes of one machine; the operating system frees one when its process ends.

A lock on a network share, or on a folder that a host shares with its guests, may not exclude other machines: only a
file on a local disk identifies a lock for `lease`.
"""

import os
import re
import subprocess
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from shutil import which

from filelock import FileLock, Timeout

from rebalancer.errors import BusyError

LOCAL = frozenset(
    ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "tmpfs", "overlay", "apfs", "hfs", "ufs"]
)
"""File systems that only one machine can mount at a time."""
MOUNT_LINE = re.compile(r".* on (/.*) \((.*)\)")


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
