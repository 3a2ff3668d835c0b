"""What SQLite says when it fails, in sentences with a remedy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rebalancer.errors import RunFailedError, StoppedError

REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full. Free some space, then run again",
    sqlite3.SQLITE_READONLY: "it is read-only. Make it and its folder writable for this user, then run again",
    sqlite3.SQLITE_PERM: "this user may not open it. Make it and its folder writable for this user, then run again",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened. Make it and its folder writable for this user, then run again",
    sqlite3.SQLITE_NOTADB: "it is no journal of this program. Move it away, or restore a copy of the journal",
    sqlite3.SQLITE_CORRUPT: "it is damaged. Restore a copy of it before the next run",
    sqlite3.SQLITE_BUSY: "another program holds it. Close that program, then run again",
    sqlite3.SQLITE_LOCKED: "another program holds it. Close that program, then run again",
    sqlite3.SQLITE_IOERR: "the disk can't read or write it. Check the disk before the next run",
}


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise over the journal at `path` into a sentence with a remedy.

    Raises StoppedError where a rule of the tables was about to be broken, RunFailedError for everything else.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise StoppedError(
            f"the journal {path} refused a line: {error}. This must never happen: look at the orders at the broker, "
            "keep a copy of the file and report it."
        ) from error
    except sqlite3.DatabaseError as error:
        raise RunFailedError(f"the journal {path} can't be used: {_remedy(error)}.") from error
    except OSError as error:
        raise RunFailedError(
            f"the journal {path} can't be used: {error.strerror}. Make its folder writable, then run again."
        ) from error


def _remedy(error: sqlite3.DatabaseError) -> str:
    # The low byte is the kind of failure, the rest its detail. The module's own errors have no code.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return REMEDIES.get(kind, f"SQLite says {str(error)!r}. Restore a copy of it before the next run")
