"""SQLite connections to the journal: read-only views, transactions, backups, disk space, errors with a remedy.

And the high-water mark, which detects a rolled-back journal: a file beside it stores the number and hash of its last
line. A journal without that line is an older copy, or another journal, and may lack orders that were sent.
"""

import errno
import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rebalancer.errors import BadInputError, RunFailedError, StoppedError
from rebalancer.files import create_private, read_regular, replace_atomically, require_regular
from rebalancer.journal.chain import Head, has_chain, holds, read_head
from rebalancer.journal.projections import rebuild
from rebalancer.journal.tables import LAST_STEP, PROJECTIONS, STEPS, TRUTH

ROOM = 2**20
"""Bytes kept free before a run: many times what one run writes."""
SMALL_CACHE_KIB = 64
MOST_OF_A_MARK = 10_000
"""Bytes of a high-water mark."""
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
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection with one consistent view of the journal; to an empty one where there is no file, and to a
    copy with the tables of this version where an earlier one wrote it, which the next run upgrades.

    Raises RunFailedError for a file that can't be read.
    """
    with readable_errors(path), closing(_connect_to_read(path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        yield connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """To an empty journal also while the first run makes the file; one that lost its tables is an error."""
    if not path.exists():
        return _empty()
    with ExitStack() as stack:
        connection = stack.enter_context(closing(_connect_read_only(path)))
        has_tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
        if not has_tables and not high_water_mark_file(path).exists():
            return _empty()
        if has_tables and not _has_our_tables(connection):
            return _upgraded_copy(connection)
        stack.pop_all()
        return connection


def _has_our_tables(connection: sqlite3.Connection) -> bool:
    """Also where no step is recorded: then it is no journal of an earlier version, but a damaged one."""
    recorded = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [STEPS]).fetchone()
    return recorded is None or bool(connection.execute(f"SELECT 1 FROM {STEPS} WHERE name = ?", [LAST_STEP]).fetchone())


def _upgraded_copy(connection: sqlite3.Connection) -> sqlite3.Connection:
    """In memory, since the reader may lack the right to write. Its tables are rebuilt from the events."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    connection.backup(copy)
    rebuild(copy)
    return copy


def _connect_read_only(path: Path) -> sqlite3.Connection:
    require_regular(path)  # SQLite would wait for ever at a pipe
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(";".join((TRUTH, *PROJECTIONS.values())))
    return connection


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction: it holds the write lock from its start, and is on disk when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled it back by itself.
        connection.rollback()
        raise


def check_disk_space(connection: sqlite3.Connection) -> None:
    """Write ROOM bytes and roll them back. Raises what SQLite raises where they don't fit."""
    ((cache,),) = connection.execute("PRAGMA cache_size").fetchall()
    # A large cache would hold the bytes in memory; a small one spills them to disk before the rollback.
    connection.execute(f"PRAGMA cache_size = -{SMALL_CACHE_KIB}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT INTO files (sha256, content) VALUES ('', zeroblob(?))", [ROOM])
    finally:
        connection.rollback()
        connection.execute(f"PRAGMA cache_size = {cache}")


def head(path: Path) -> Head | None:
    """The journal's last entry; None where there is no journal, or no chain yet."""
    with reading(path) as journal:
        return read_head(journal) if has_chain(journal) else None


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the journal: its file, its size in bytes, and its last entry.

    `inputs` is the copy of what plans were made from, None where nothing is kept.
    """

    file: str
    size: int
    head: Head | None
    inputs: str | None = None
    inputs_size: int = 0


def back_up(path: Path, copy: Path) -> Backup:
    """Copy the journal to the new file `copy`, mode 0600: a consistent snapshot, also while runs write.

    Raises BadInputError where there is no journal, or something at `copy` already; RunFailedError where the copy can't
    be made, and then no file is left behind.
    """
    if not path.exists():
        raise BadInputError.of(path, "there is no journal yet, so nothing to copy")
    with readable_errors(copy):
        try:
            create_private(copy)
        except FileExistsError as error:
            raise BadInputError.of(copy, "is there already: name a new file") from error
        try:
            with closing(_connect_read_only(path)) as journal:
                journal.execute("VACUUM INTO ?", [str(copy)])
        except BaseException:
            copy.unlink()
            raise
    return Backup(str(copy), copy.stat().st_size, head(copy))


def high_water_mark_file(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.head")


def save_high_water_mark(journal: Path, last: Head) -> None:
    replace_atomically(high_water_mark_file(journal), json.dumps(asdict(last)).encode())


def load_high_water_mark(journal: Path) -> Head | None:
    """None where there is none, or a damaged one."""
    try:
        mark = Head(**json.loads(read_regular(high_water_mark_file(journal), MOST_OF_A_MARK)))
    except (ValueError, TypeError, RecursionError):
        return None
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINVAL, errno.EFBIG}:  # none, no ordinary file, or too long for a mark
            return None
        raise
    return mark if type(mark.seq) is int and 0 <= mark.seq < 2**63 and isinstance(mark.hash, str) else None


def rolled_back(path: Path) -> str | None:
    """That the journal lacks the line of its high-water mark; None where it has it, or has no mark."""
    mark = load_high_water_mark(path)
    with reading(path) as journal:
        if mark is None or (has_chain(journal) and holds(journal, mark)):
            return None
    return (
        f"the journal {path} is older than the one last written here, or another one: it lacks line {mark.seq} "
        f"({mark.hash}), which {high_water_mark_file(path).name} remembers. Was a backup restored? Orders that "
        "it does not know may have been sent since. Bring the latest journal back; if this one is right, say so with "
        f"`rebalance audit accept-restore {path}`."
    )


@contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the file system about the journal at `path` into a sentence with a remedy.

    Raises StoppedError where a constraint of the tables was violated, RunFailedError for everything else.
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
        remedy = "Move it away" if error.errno == errno.EINVAL else "Make its folder writable, then run again"
        raise RunFailedError(f"the journal {path} can't be used: {error.strerror}. {remedy}.") from error


def _remedy(error: sqlite3.DatabaseError) -> str:
    # The low byte is the kind of failure, the rest its detail. The module's own errors have no code.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return REMEDIES.get(kind, f"SQLite says {str(error)!r}. Restore a copy of it before the next run")
