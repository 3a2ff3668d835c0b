"""The hash chain over the journal's lines.

hash = SHA-256(0x01 | previous hash | length of the text, 8 bytes, big-endian | text), where the text is the line as
canonical JSON in UTF-8, [seq, run, at, kind, body]. The previous hash of the first line is GENESIS.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from rebalancer.journal.codec import canonical

FORM = "rebalancer journal 1: events(seq, run, at, kind, body), files(sha256, content)"
"""The format of the hashed lines, part of GENESIS: another format starts another chain."""
GENESIS = sha256(b"\x00" + FORM.encode()).hexdigest()


class JournalLine(NamedTuple):
    """One journalled event as it is stored, without its hash. `run` is 0 for events outside a run."""

    seq: int
    run: int
    at: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Head:
    """The number and hash (hex digits) of the last line of a journal, or of a run."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The journal that was audited, its last line, and one sentence for each fault."""

    journal: str
    head: Head
    faults: tuple[str, ...]


def link(previous: str, line: JournalLine) -> str:
    """The hash of `line`, given the hash of the line before it."""
    text = canonical(list(line)).encode()
    return sha256(b"\x01" + bytes.fromhex(previous) + len(text).to_bytes(8) + text).hexdigest()


def chained(lines: Iterable[JournalLine]) -> Iterator[str]:
    """The hash of each line, the first of which begins the chain."""
    previous = GENESIS
    for line in lines:
        previous = link(previous, line)
        yield previous


def read_head(connection: sqlite3.Connection, run: int | None = None) -> Head:
    """The last line of the journal, or of `run`; 0 and GENESIS where there is none."""
    condition, values = ("", []) if run is None else ("WHERE run = ?", [run])
    row = connection.execute(f"SELECT seq, hash FROM events {condition} ORDER BY seq DESC LIMIT 1", values).fetchone()
    return Head(0, GENESIS) if row is None else Head(*row)


def has_chain(connection: sqlite3.Connection) -> bool:
    """Whether the lines have hashes. A journal of an earlier version gets them when it is next opened for writing."""
    return "hash" in {name for _, name, *_ in connection.execute("PRAGMA table_info(events)")}


def holds(connection: sqlite3.Connection, head: Head) -> bool:
    """Whether the journal has this line with this hash."""
    found = connection.execute("SELECT 1 FROM events WHERE seq = ? AND hash = ?", [head.seq, head.hash])
    return head.seq == 0 or found.fetchone() is not None
