"""Files on disk: opened only if they are ordinary files, replaced atomically, or created for their owner alone.

A crash leaves the old or the new content.
"""

import errno
import os
import stat
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

PRIVATE = 0o600
_PART = 65_536


def open_regular(path: Path, most: int | None = None, *, follow: bool = True) -> BufferedReader:
    """Open the file at `path`, or with `follow` the target of a link there, for reading.

    Raises OSError, whose `strerror` is fit for a person, before a byte is read: for a pipe, a device or a folder, whose
    reading may never end, and for more than `most` bytes.
    """
    # Without O_NONBLOCK, opening a named pipe would wait for a writer.
    extra = os.O_NONBLOCK | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | extra))  # noqa: SIM115 - the caller's
    status = os.fstat(file.fileno())
    refused = None
    if not stat.S_ISREG(status.st_mode):
        refused = _not_regular(path)
    elif most is not None and status.st_size > most:
        refused = _too_long(f"{status.st_size:,}", most)
    if refused:
        file.close()
        raise refused
    return file


def read_regular(path: Path, most: int) -> bytes:
    """The content of a file that `open_regular` opens. Raises OSError, also where it grew beyond `most` meanwhile."""
    content = bytearray()
    with open_regular(path, most) as file:
        while len(content) <= most and (part := file.read(_PART)):  # memory for `most` bytes takes longer than a bot
            content += part
    if len(content) > most:
        raise _too_long(f"more than {most:,}", most)
    return bytes(content)


def require_regular(path: Path) -> None:
    """Raises OSError for anything else than an ordinary file, for libraries that open files by themselves."""
    if not path.is_file():
        raise _not_regular(path)


def _not_regular(path: Path) -> OSError:
    return OSError(errno.EINVAL, "it is no ordinary file", str(path))


def _too_long(size: str, most: int) -> OSError:
    return OSError(errno.EFBIG, f"it is {size} bytes long; up to {most:,} are read")


def replace_atomically(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Replace the file at `path`, or the target of a symbolic link there, by one with `content`.

    A replaced file keeps its permissions, but for all users' to write; a new one gets `mode`, less the umask. Raises
    OSError, also for a pipe or a device, and then nothing is changed and no temporary file is left.
    """
    file, temporary = _with_temporary(path)
    try:
        if file.exists():
            require_regular(file)  # never a device, which a link may lead to
            _write_new(temporary, content, PRIVATE)
            temporary.chmod(stat.S_IMODE(file.stat().st_mode) & ~stat.S_IWOTH)
        else:
            _write_new(temporary, content, mode)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(file.parent)


def try_to_replace(path: Path) -> None:
    """Raise the OSError that `replace_atomically` would raise in the folder of `path`; nothing is left there."""
    _, temporary = _with_temporary(path)
    try:
        _write_new(temporary, b"", PRIVATE)
    finally:
        temporary.unlink(missing_ok=True)


def _with_temporary(path: Path) -> tuple[Path, Path]:
    """The file at the end of all links, and a new one beside it."""
    file = Path(os.path.realpath(path))
    # A random name: the process id of two containers that share the folder may both be 1.
    return file, file.with_name(f".{file.name}.{os.urandom(8).hex()}")


def create_private(path: Path, content: bytes = b"") -> None:
    """Create a file that from its first moment only its owner can read or write.

    Raises FileExistsError where anything is at `path`, also a link; other OSErrors where it can't be written, and then
    no file is left.
    """
    try:
        _write_new(path, content, PRIVATE)
    except FileExistsError:
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise


def ensure_private(path: Path) -> None:
    """Create an empty file as `create_private` does, and its folders, unless there is a file. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        create_private(path)
    require_regular(path)


def open_to_others(folder: Path) -> Path | None:
    """The first of `folder` and of what stands in it that other users may write; None where there is none."""
    with suppress(OSError):
        return next((path for path in (folder, *sorted(folder.iterdir())) if _others_may_write(path)), None)
    return None


def _others_may_write(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:  # gone meanwhile, or a link to nothing
        return False
    is_own_group = status.st_gid == status.st_uid  # where each user has a group of the same number and name
    return bool(status.st_mode & (stat.S_IWOTH | (0 if is_own_group else stat.S_IWGRP)))


def _write_new(path: Path, content: bytes, mode: int) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # The file is replaced by now, and some file systems can't sync a folder.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
