"""Files on disk: replaced atomically, or created for their owner alone. A crash leaves the old or the new content."""

import os
import stat
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600


def replace_atomically(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Replace the file at `path`, or the target of a symbolic link there, by one with `content`.

    A replaced file keeps its permissions; a new one gets `mode`, less the umask. Raises OSError, and then nothing is
    changed and no temporary file is left.
    """
    file = path.resolve()
    # A random name: the process id of two containers that share the folder may both be 1.
    temporary = file.with_name(f".{file.name}.{os.urandom(8).hex()}")
    try:
        if file.exists():
            _write_new(temporary, content, PRIVATE)
            temporary.chmod(stat.S_IMODE(file.stat().st_mode))
        else:
            _write_new(temporary, content, mode)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(file.parent)


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
