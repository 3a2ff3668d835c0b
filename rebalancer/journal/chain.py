"""The hash chain of the journal's lines.

hash = SHA-256(0x01 | hash of the line before | length of the text, 8 bytes, big-endian | text), where the text is the
line as canonical JSON in UTF-8, [seq, run, at, kind, body]. The first line follows GENESIS.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from rebalancer.journal.codec import canonical

FORM = "rebalancer journal 1: events(seq, run, at, kind, body), files(sha256, content)"
"""What the lines of this chain are. Another form begins another chain."""
GENESIS = sha256(b"\x00" + FORM.encode()).hexdigest()


class Entry(NamedTuple):
    """A line of the journal without its hash, every field as it is stored."""

    seq: int
    run: int
    at: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last line of a journal, or of a part of it: its number and its hash in hex digits."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What an audit looked at, up to which line, and everything that is wrong with it."""

    journal: str
    head: Head
    faults: tuple[str, ...]


def link(previous: str, row: Entry) -> str:
    """The hash of `row`, which follows the line whose hash is `previous`."""
    text = canonical(list(row)).encode()
    return sha256(b"\x01" + bytes.fromhex(previous) + len(text).to_bytes(8) + text).hexdigest()


def chained(rows: Iterable[Entry], previous: str = GENESIS) -> Iterator[str]:
    """The hash of each of `rows`."""
    for row in rows:
        previous = link(previous, row)
        yield previous


def read_head(connection: sqlite3.Connection, run: int | None = None) -> Head:
    """The last line, or that of `run`; of an empty journal 0 and GENESIS."""
    condition, values = ("", []) if run is None else ("WHERE run = ?", [run])
    row = connection.execute(f"SELECT seq, hash FROM events {condition} ORDER BY seq DESC LIMIT 1", values).fetchone()
    return Head(0, GENESIS) if row is None else Head(*row)


def has_chain(connection: sqlite3.Connection) -> bool:
    """Whether the lines have hashes: those of an earlier version get them when it is next opened to be written."""
    return "hash" in {name for _, name, *_ in connection.execute("PRAGMA table_info(events)")}


def holds(connection: sqlite3.Connection, head: Head) -> bool:
    """Whether the journal has that very line."""
    found = connection.execute("SELECT 1 FROM events WHERE seq = ? AND hash = ?", [head.seq, head.hash])
    return head.seq == 0 or found.fetchone() is not None
