"""Integrity audit of a journal: its hash chain, the stored files, and the projections rebuilt from the events.

The chain detects lines that were changed, inserted or removed. It can't detect lines cut off at the end, or a journal
that was rewritten as a whole: an anchor, a hash kept elsewhere, detects both. Nothing detects an event that was never
written.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from rebalancer.errors import BadInputError, StoppedError
from rebalancer.journal.chain import GENESIS, AuditResult, Head, JournalLine, has_chain, link, read_head
from rebalancer.journal.codec import Claimed, from_body
from rebalancer.journal.connection import reading, rolled_back
from rebalancer.journal.projections import fill
from rebalancer.journal.tables import PROJECTIONS, lost_guard
from rebalancer.model.text import counted
from rebalancer.ports import Progress, unwatched

ANCHOR = re.compile(r"[0-9a-f]{12,64}")
BEGINNING = Head(0, GENESIS)
WATCHED_LINES = 1000


def verify(path: Path, anchor: str | None = None, progress: Progress = unwatched) -> AuditResult:
    """Audit the whole journal. `anchor` is the hash of one of its lines, or at least the first 12 digits of it.

    Raises BadInputError where there is no journal with a chain at `path`, and for an anchor that is no hash.
    """
    if anchor is not None and not ANCHOR.fullmatch(anchor):
        text = f"{anchor!r} is no hash: it takes the 64 digits that a run showed at its end, or the first 12 of them"
        raise BadInputError.of("--anchor", text)
    if not path.exists():
        raise BadInputError.of(path, "there is no journal")
    with reading(path) as journal:
        journal.row_factory = None
        if not has_chain(journal):
            raise BadInputError.of(path, "an earlier version wrote it, without hashes: the next run adds them")
        return AuditResult(str(path), read_head(journal), tuple(all_faults(journal, anchor, progress)))


def require_sound(path: Path, progress: Progress = unwatched) -> None:
    """Raises StoppedError where the whole audit finds a fault."""
    require_none(path, verify(path, progress=progress).faults)


def require_none(path: Path, faults: Sequence[str]) -> None:
    if faults:
        others = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise StoppedError(
            f"the journal {path} is not what was written: {faults[0]}{others}. `rebalance audit verify` lists every "
            "fault. Restore the last backup that verifies. Nothing was sent."
        )


def quick_faults(path: Path) -> Iterator[str]:
    """Faults that prevent a run and that are found without reading every line. Read-only."""
    if older := rolled_back(path):
        yield older
    with reading(path) as journal:
        if has_chain(journal) and (guard := lost_guard(journal)):
            yield f"the journal {path} has lost its guard {guard!r}. Restore the last backup that verifies."


def all_faults(journal: sqlite3.Connection, anchor: str | None, progress: Progress) -> Iterator[str]:
    """Of the whole journal, whose rows have no names."""
    if guard := lost_guard(journal):
        yield f"the guard {guard!r} is gone or changed, so lines may have been changed or deleted"
    if wrong := first_wrong(lines(journal, progress)):
        yield wrong
    if anchor is not None and not _has(journal, anchor):
        yield (
            f"no line has the hash {anchor}: lines were cut off at the end, or the journal was written anew, or it is "
            "another one"
        )
    if not wrong:  # else what the lines say is nobody's word
        yield from wrong_files(journal, _named_files(journal))
        yield from _wrong_tables(journal)


def lines(journal: sqlite3.Connection, progress: Progress, after: int = 0) -> Iterator[tuple[JournalLine, str]]:
    """Every line after line `after`, with its stored hash."""
    (total,) = journal.execute("SELECT count(*) FROM events WHERE seq > ?", [after]).fetchone()
    stored = journal.execute("SELECT seq, run, at, kind, body, hash FROM events WHERE seq > ? ORDER BY seq", [after])
    for number, (*fields, shown) in enumerate(stored):
        if number % WATCHED_LINES == 0:
            progress("Checking the lines of the journal", number, total)
        yield JournalLine(*fields), shown
    progress("Checking the tables of the journal")


def first_wrong(found: Iterable[tuple[JournalLine, str]], last: Head = BEGINNING) -> str | None:
    """Describes the first line that breaks the chain after `last`; None where it is intact."""
    for line, shown in found:
        if line.seq != last.seq + 1:
            return f"line {last.seq + 1} is missing: line {line.seq} comes after line {last.seq}"
        if link(last.hash, line) != shown:
            return (
                f"line {line.seq} ({line.kind} of run {line.run}, {line.at}) is not what was written, or does not "
                f"follow what was line {last.seq}"
            )
        last = Head(line.seq, shown)
    return None


def _has(journal: sqlite3.Connection, anchor: str) -> bool:
    found = journal.execute("SELECT 1 FROM events WHERE substr(hash, 1, ?) = ? LIMIT 1", [len(anchor), anchor])
    return found.fetchone() is not None or GENESIS.startswith(anchor)


def _named_files(journal: sqlite3.Connection) -> set[str]:
    """The SHA-256 of each file that a run began with."""
    claims = journal.execute("SELECT body FROM events WHERE kind = ? ORDER BY seq", [Claimed.__name__])
    return {sha for (body,) in claims for sha in from_body(Claimed.__name__, body).files.values()}


def wrong_files(journal: sqlite3.Connection, named: set[str]) -> Iterator[str]:
    kept = dict(journal.execute("SELECT sha256, content FROM files ORDER BY sha256").fetchall())
    for sha, content in kept.items():
        if sha256(content).hexdigest() != sha:
            yield f"the file {sha} is not what was kept"
    for sha in sorted(named ^ kept.keys()):
        yield f"the file {sha} is " + ("gone" if sha in named else "named by no claim")


def _wrong_tables(journal: sqlite3.Connection) -> Iterator[str]:
    """The projections that differ from a rebuild from the events."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as rebuilt:
        fill(rebuilt, journal)
        for table in PROJECTIONS:
            differing = len(rows_of(journal, table) ^ rows_of(rebuilt, table))
            if differing:
                rows = counted(differing, "row")
                yield f"the table {table!r} does not say what the lines say: {rows} on one side only"


def rows_of(connection: sqlite3.Connection, table: str, condition: str = "1", *values: int) -> set[str]:
    """The rows as text, so that 1 and 1.0 differ."""
    return {repr(row) for row in connection.execute(f"SELECT * FROM {table} WHERE {condition}", values)}
