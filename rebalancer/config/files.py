"""Writing a config: whole or not at all, and never over what somebody else wrote meanwhile."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from rebalancer.errors import BadInputError, Problem


def content_of(path: Path) -> bytes:
    """The bytes of an ordinary file. Raises OSError, also for a pipe or a device: those may never end."""
    if path.is_fifo() or path.is_char_device():
        raise OSError(errno.EINVAL, "it is no ordinary file")
    return path.read_bytes()


def replace_content(path: Path, before: bytes, after: bytes) -> None:
    """Put `after` in the place of `before`, with the mode the file had. A crash leaves one of the two, never half.

    Raises BadInputError, and changes nothing, where the file no longer holds `before` or can't be written.
    """
    file = path.resolve()  # a link stays a link
    try:
        if file.read_bytes() != before:
            raise BadInputError([Problem(str(path), "", "was changed meanwhile by another program: try again")])
        temporary = _beside(file, after, stat.S_IMODE(file.stat().st_mode))
        try:
            temporary.replace(file)
        except OSError:
            temporary.unlink()
            raise
        _sync_folder(file.parent)
    except OSError as error:
        raise _unwritable(path, error) from error


def create(path: Path, content: bytes) -> None:
    """Write a file of the owner's own. Raises BadInputError where one of this name exists or can't be made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise BadInputError(
            [Problem(str(path), "", "exists already and is never overwritten: move it away")]
        ) from error
    except OSError as error:
        raise _unwritable(path, error) from error


def set_aside(path: Path, content: bytes) -> None:
    """Keep `content` as it was in a file of its own. The same content there already is as good."""
    if not (path.is_file() and path.read_bytes() == content):
        create(path, content)


def _beside(file: Path, content: bytes, mode: int) -> Path:
    """`content` on disk in a temporary file of the same folder, so that taking its place is one step."""
    handle, name = mkstemp(prefix=f".{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(out.fileno(), mode)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        temporary.unlink()
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    # Windows opens no folders; there the new name is on disk a little later.
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(path: Path, error: OSError) -> BadInputError:
    return BadInputError([Problem(str(path), "", f"can't be written: {error.strerror}; nothing was changed")])
