"""Which file a lock is, where it keeps out everybody who can reach it: on a disk that is this machine's own.

A lock on a network's folder, or on one that a host shares with its guests, may be unknown to another machine.
"""

import os
import re
import subprocess
from operator import itemgetter
from pathlib import Path
from shutil import which

OWN = frozenset(
    ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "tmpfs", "overlay", "apfs", "hfs", "ufs"]
)
"""File systems that only one machine at a time can have mounted."""
MOUNTED = re.compile(r".* on (/.*) \((.*)\)")


def lock_on_own_disk(file: Path) -> str:
    """What names the file among all files; "" where it is not on a disk of this machine's own, or nobody can tell.

    While a process has it open its name is no other file's, also where it was deleted meanwhile.
    """
    try:
        if _file_system(file) not in OWN:
            return ""
        return f"{os.statvfs(file).f_fsid:x}-{file.stat().st_ino}"
    except OSError:
        return ""


def _file_system(file: Path) -> str:
    table = Path("/proc/self/mountinfo")
    if table.exists():
        return by_number(table.read_text(errors="surrogateescape"), _mount_number(file))
    if (mount := which("mount")) is None:
        return ""
    said = subprocess.run([mount], capture_output=True, text=True, check=False)  # noqa: S603
    return by_place(said.stdout, file.resolve())


def _mount_number(file: Path) -> str:
    # To open the file itself and close it could give a lock of it away.
    handle = os.open(file, os.O_PATH)
    try:
        told = dict(line.split(":", 1) for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines())
    finally:
        os.close(handle)
    return told.get("mnt_id", "").strip()


def by_number(table: str, number: str) -> str:
    """The file system of the mount with this number, by Linux's table of them; "" where it has none."""
    for line in table.splitlines():
        mount, _, what = line.partition(" - ")
        if mount.split()[0] == number:
            return what.split()[0]
    return ""


def by_place(said: str, file: Path) -> str:
    """The file system that `file` is on, by what `mount` says on macOS and the BSDs; "" where it is not local."""
    rows = [(Path(row[1]), row[2].split(", ")) for line in said.splitlines() if (row := MOUNTED.fullmatch(line))]
    around = [(len(place.parts), kind) for place, kind in rows if file.is_relative_to(place)]
    if not around:
        return ""
    _, (kind, *others) = max(reversed(around), key=itemgetter(0))
    return kind if "local" in others else ""
