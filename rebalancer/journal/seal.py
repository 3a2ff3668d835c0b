"""The seal of a journal, which spares a run's start what an audit found sound before.

A whole audit rebuilds all tables from all lines: ten seconds at ten years, before an order can be sent. The seal is a
file beside the journal, and proves in one of two ways that these are the bytes that were audited. By the SHA-256 of the
journal's file, taken after a run in the same view as an audit: where nobody has written since, nothing is audited.
Else by the SHA-256 of all lines and rows but those of the last runs: then only what came since is audited. In every
other case the whole journal is. A seal can save time, and never excuse a fault. `rebalance audit verify` and
`rebalance doctor` do without it.
"""

import json
import marshal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path

from rebalancer.errors import RebalancerError
from rebalancer.files import open_regular, read_regular, replace_atomically
from rebalancer.journal.audit import all_faults, first_wrong, lines, require_none, require_sound, rows_of, wrong_files
from rebalancer.journal.chain import Head, has_chain, holds
from rebalancer.journal.code_hash import code_hash
from rebalancer.journal.connection import reading
from rebalancer.journal.projections import fill
from rebalancer.journal.tables import PROJECTIONS, lost_guard
from rebalancer.ports import Progress, unwatched

RECENT_RUNS = 20
"""Of so many last runs nothing is sealed: their orders may still change."""
WORTH_SEALING = 3_000
"""Lines: to audit so many takes a third of a second."""
CODE = ("journal/*.py", "model/*.py", "events.py", "bookings.py")
"""Another version of these might rebuild other tables."""
MOST_BYTES = 10_000
ROWS_AT_A_TIME = 2_000
FORMAT = 2
"""Of marshal: the same bytes for the same rows."""
BY_RUN = {"runs": "id", "run_files": "run"}
"""Tables whose rows are sealed by their run; those of the others by their line."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Covers the lines up to `seq`, whose hash is `hash`, with the runs up to `run`; `content` is their SHA-256.

    `file` is that of the journal's file when it was last audited, all lines of it; "" where it was not known.
    """

    seq: int
    hash: str
    run: int
    content: str
    code: str
    file: str


def seal_file(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.sealed")


def require_sound_for_a_run(path: Path, progress: Progress = unwatched, worth: int = WORTH_SEALING) -> None:
    """Raises StoppedError where an audit finds a fault. The audit is a whole one unless the seal fits."""
    seal = _load(path)
    if seal:
        with reading(path) as journal:
            if _is_same_file(journal, seal) or _fits(journal, seal, progress):
                return
    _audit_and_seal(path, progress, worth)


def keep_sealed(path: Path, progress: Progress = unwatched, worth: int = WORTH_SEALING) -> None:
    """Audit what is new, for the next start; seal more once `worth` lines more would be covered. For after a run.

    Raises nothing: what it finds, the next start finds without a seal, and says.
    """
    with suppress(RebalancerError):
        seal = _load(path)
        with reading(path) as journal:
            if seal and _is_same_file(journal, seal):
                return
            more = _last_to_seal(journal)[0] - (seal.seq if seal else 0) if has_chain(journal) else 0
            if seal and _fits(journal, seal, progress):
                _save(path, _sealed(journal) if more >= worth else replace(seal, file=_file_hash(journal)))
                return
        if more >= max(worth, 1):
            seal_file(path).unlink(missing_ok=True)
            _audit_and_seal(path, progress, worth)


def is_sound(journal: sqlite3.Connection, path: Path) -> bool:
    """Whether an audit of `journal`, a view of the file `path`, finds no fault; what is sealed is not audited again."""
    journal.row_factory = None
    seal = _load(path)
    if seal and (_is_same_file(journal, seal) or _fits(journal, seal, unwatched)):
        return True
    return has_chain(journal) and not any(all_faults(journal, None, unwatched))


def _audit_and_seal(path: Path, progress: Progress, worth: int) -> None:
    with reading(path) as journal:
        journal.row_factory = None
        if has_chain(journal) and _last_to_seal(journal)[0] >= worth:
            require_none(path, tuple(all_faults(journal, None, progress)))
            _save(path, _sealed(journal))
            return
    require_sound(path, progress)


# ----------------------------------------------------------------------------------------------------- what is sealed


def _last_to_seal(journal: sqlite3.Connection) -> tuple[int, int]:
    """The last line, and the last run in the lines up to it."""
    (run,) = journal.execute("SELECT COALESCE(MAX(id), 0) - ? FROM runs", [RECENT_RUNS]).fetchone()
    (first,) = journal.execute("SELECT COALESCE(MIN(seq), 1) FROM events WHERE run > ?", [run]).fetchone()
    return (first - 1, run) if run > 0 else (0, 0)


def _sealed(journal: sqlite3.Connection) -> Seal:
    seq, run = _last_to_seal(journal)
    (last,) = journal.execute("SELECT hash FROM events WHERE seq = ?", [seq]).fetchone()
    return Seal(seq, last, run, _content(journal, seq, run), code_hash(CODE), _file_hash(journal))


def _file_hash(journal: sqlite3.Connection) -> str:
    """SHA-256 of the journal's file; "" while SQLite keeps some of it in a log beside it."""
    journal.execute("SELECT 1 FROM events LIMIT 1").fetchone()  # while it is read, SQLite writes to the log alone
    (file,) = (Path(row[2]) for row in journal.execute("PRAGMA database_list") if row[1] == "main")
    log = file.with_name(f"{file.name}-wal")
    if not file.is_file() or (log.exists() and log.stat().st_size):
        return ""
    with open_regular(file) as opened:
        return file_digest(opened, "sha256").hexdigest()


def _content(journal: sqlite3.Connection, seq: int, run: int) -> str:
    """SHA-256 of the lines up to `seq` and of the rows made from them."""
    found = sha256()
    for table, column, last in (("events", "seq", seq), *_columns(seq, run)):
        found.update(f"{table}\n".encode())
        # The plus keeps SQLite from an index: rows come as they lie.
        rows = journal.execute(f"SELECT * FROM {table} WHERE +{column} <= ? ORDER BY rowid", [last])
        while some := rows.fetchmany(ROWS_AT_A_TIME):
            found.update(marshal.dumps(some, FORMAT))
    return found.hexdigest()


def _columns(seq: int, run: int) -> Iterator[tuple[str, str, int]]:
    """Each table with the column that tells what of it is sealed, and the last sealed value."""
    for table in PROJECTIONS:
        yield (table, BY_RUN[table], run) if table in BY_RUN else (table, "seq", seq)


# -------------------------------------------------------------------------------------------------- whether it fits


def _is_same_file(journal: sqlite3.Connection, seal: Seal) -> bool:
    """Whether nobody has written to the journal since it was audited."""
    return seal.code == code_hash(CODE) and bool(seal.file) and seal.file == _file_hash(journal)


def _fits(journal: sqlite3.Connection, seal: Seal, progress: Progress) -> bool:
    """Whether what is sealed is as it was, and what came since is sound."""
    journal.row_factory = None
    return (
        seal.code == code_hash(CODE)
        and has_chain(journal)
        and lost_guard(journal) is None
        and holds(journal, Head(seal.seq, seal.hash))
        and not _resumed(journal, seal)
        and _content(journal, seal.seq, seal.run) == seal.content
        and first_wrong(lines(journal, progress, seal.seq), Head(seal.seq, seal.hash)) is None
        and _later_tables_are_right(journal, seal)
        and not any(wrong_files(journal, _named_files(journal)))
    )


def _resumed(journal: sqlite3.Connection, seal: Seal) -> bool:
    """Whether a later line is of a sealed run, which can't be projected without that run's rows."""
    query = "SELECT 1 FROM events WHERE seq > ? AND run BETWEEN 1 AND ? LIMIT 1"
    return journal.execute(query, [seal.seq, seal.run]).fetchone() is not None


def _named_files(journal: sqlite3.Connection) -> set[str]:
    """By the table, once that is known to be right: to read all claims takes longer."""
    return {sha for (sha,) in journal.execute("SELECT DISTINCT sha256 FROM run_files")}


def _later_tables_are_right(journal: sqlite3.Connection, seal: Seal) -> bool:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as rebuilt:
        fill(rebuilt, journal, seal.seq)
        return all(
            rows_of(journal, table, f"{column} > ?", last) == rows_of(rebuilt, table)
            for table, column, last in _columns(seal.seq, seal.run)
        )


# ----------------------------------------------------------------------------------------------------------- the file


def _save(path: Path, seal: Seal) -> None:
    """Where nothing can be written the next start takes as long as this one."""
    with suppress(OSError):
        replace_atomically(seal_file(path), json.dumps(asdict(seal)).encode())


def _load(path: Path) -> Seal | None:
    """None where there is none, or a damaged one."""
    try:
        found = Seal(**json.loads(read_regular(seal_file(path), MOST_BYTES)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    numbers, texts = (found.seq, found.run), (found.hash, found.content, found.code, found.file)
    sound = all(type(each) is int and 0 < each < 2**63 for each in numbers) and all(type(each) is str for each in texts)
    return found if sound else None
