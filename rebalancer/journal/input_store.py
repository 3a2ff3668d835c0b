"""What runs made their plans from, in a file beside the journal: a database of blocks, each under its SHA-256.

It is no part of the journal: nothing that trades reads it, and a run goes on as well without it.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import disk_usage

from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.files import create_private, ensure_private, require_regular
from rebalancer.journal.close_blocks import KeptCloses, blocks_of, get_closes, put_closes
from rebalancer.journal.codec import canonical, from_columns, plain
from rebalancer.model import Closes
from rebalancer.portfolio.plan_inputs import PlanInputs
from rebalancer.ports import Progress, unwatched

BUSY_SECONDS = 10
LEAST_FREE = 100_000_000
"""Bytes that stay free on the disk, so that the journal, which needs far less, never lacks room because of this."""
TABLES = """
CREATE TABLE IF NOT EXISTS blocks (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY, line TEXT NOT NULL, kept BLOB NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What computed a plan: the version of this program and of `libraries`, and how each bot's file is named."""

    version: str
    libraries: Mapping[str, str]
    bot_files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeptRun:
    """What the plan of a run was made from; its closes are in blocks."""

    circumstances: Circumstances
    inputs: PlanInputs
    closes: KeptCloses


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was removed from `file`, and its size in bytes before and after."""

    file: str
    run_count: int
    block_count: int
    size_before: int
    size: int


def inputs_file(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.inputs")


def keep(
    file: Path,
    run: int,
    line: str,
    circumstances: Circumstances,
    inputs: PlanInputs,
    closes: Closes,
    least_free: int = LEAST_FREE,
) -> None:
    """Keep what the plan of `run` was made from, on disk when this returns. `line` is the hash of the plan's line in
    the journal.

    Raises RunFailedError where the file can't be written, or where fewer than `least_free` bytes are free before that;
    ValueError for a NaN in `inputs`.
    """
    free = disk_usage(file.parent).free
    if not free >= least_free:
        raise RunFailedError(
            f"the disk of {file} has {free:,} bytes left, and {least_free:,} are left to the journal: free some space."
        )
    with _open(file) as db, _transaction(db):
        kept = KeptRun(circumstances, inputs, put_closes(closes, lambda content: _put(db, content)))
        db.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", [run, line, _text(kept)])


def kept_run(file: Path, run: int, line: str) -> tuple[KeptRun, Closes] | None:
    """What was kept of the `run` whose plan has that `line` in the journal; None where nothing was.

    Raises RunFailedError for a file that can't be read or is damaged.
    """
    if not file.exists():
        return None
    with _open(file) as db:
        row = db.execute("SELECT kept FROM runs WHERE run = ? AND line = ?", [run, line]).fetchone()
        if row is None:
            return None
        kept = _kept(row[0])
        return kept, get_closes(kept.closes, lambda name: _get(db, name))


def compact(file: Path, lines: Mapping[int, str], progress: Progress = unwatched) -> Compacted:
    """Remove what is kept of other runs than those of `lines` (by run: its plan's line in the journal), and the blocks
    that no run needs any more. Whenever it is cut off, everything that is needed is there.

    Raises BadInputError where nothing is kept yet, RunFailedError for a file that can't be read or written.
    """
    if not file.exists():
        raise BadInputError.of(file, "nothing is kept there yet: the next `rebalance run` does")
    before = file.stat().st_size
    with _open(file) as db:
        with _transaction(db):
            stale = [run for run, line in db.execute("SELECT run, line FROM runs") if lines.get(run) != line]
            db.executemany("DELETE FROM runs WHERE run = ?", ((run,) for run in stale))
            progress("Looking for what plans of no run were made from")
            unused = {name for (name,) in db.execute("SELECT sha256 FROM blocks")} - _needed(db)
            db.executemany("DELETE FROM blocks WHERE sha256 = ?", ((name,) for name in unused))
            progress("Removing what plans of no run were made from")
        progress("Making the file of what plans were made from smaller")
        db.execute("VACUUM")
    return Compacted(str(file), len(stale), len(unused), before, file.stat().st_size)


def back_up(file: Path, copy: Path) -> int:
    """Copy to the new file `copy`, mode 0600; its size. Raises BadInputError where something is there already,
    RunFailedError where the copy can't be made, and then none is left.
    """
    try:
        create_private(copy)
    except FileExistsError as error:
        raise BadInputError.of(copy, "is there already: name a new file") from error
    try:
        with _open(file) as db:
            db.execute("VACUUM INTO ?", [str(copy)])
    except BaseException:
        copy.unlink()
        raise
    return copy.stat().st_size


# ------------------------------------------------------------------------------------------------------------ the file


@contextmanager
def _open(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        ensure_private(file)
        require_regular(file)
        with closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as db:
            db.executescript(TABLES)
            yield db
    except (sqlite3.Error, OSError, zlib.error) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise RunFailedError(
            f"{file}, which keeps what plans were made from, can't be used: {said}. Make it and its folder writable, "
            "or move it away: runs trade as well without it."
        ) from error


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def _put(db: sqlite3.Connection, content: bytes) -> str:
    name = sha256(content).hexdigest()
    if db.execute("SELECT 1 FROM blocks WHERE sha256 = ?", [name]).fetchone() is None:
        db.execute("INSERT INTO blocks VALUES (?, ?)", [name, zlib.compress(content)])
    return name


def _get(db: sqlite3.Connection, name: str) -> bytes:
    row = db.execute("SELECT content FROM blocks WHERE sha256 = ?", [name]).fetchone()
    content = b"" if row is None else zlib.decompress(row[0])
    if sha256(content).hexdigest() != name:
        raise RunFailedError(
            f"the block {name[:12]} of what this run used is {'missing' if row is None else 'damaged'}: restore a copy "
            "of the file from a backup of the journal. The journal itself is not affected."
        )
    return content


def _needed(db: sqlite3.Connection) -> set[str]:
    rows = db.execute("SELECT kept FROM runs").fetchall()
    return {name for (text,) in rows for name in blocks_of(_kept(text).closes, lambda wanted: _get(db, wanted))}


def _text(kept: KeptRun) -> bytes:
    return zlib.compress(canonical(plain(kept)).encode())


def _kept(text: bytes) -> KeptRun:
    return from_columns(KeptRun, json.loads(zlib.decompress(text)))
