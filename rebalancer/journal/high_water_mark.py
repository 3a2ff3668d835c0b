"""High-water mark: detects a rolled-back journal.

A file beside the journal stores the number and hash of its last line. A journal without that line is an older copy, or
another journal, and may lack orders that were sent.
"""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path

from rebalancer.errors import StoppedError
from rebalancer.files import replace_atomically
from rebalancer.journal.chain import GENESIS, Head, has_chain, holds
from rebalancer.journal.connection import head, reading


def file_of(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.head")


def save(journal: Path, head: Head) -> None:
    replace_atomically(file_of(journal), json.dumps(asdict(head)).encode())


def load(journal: Path) -> Head | None:
    """The high-water mark; None where there is none, or a damaged one."""
    try:
        return Head(**json.loads(file_of(journal).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def current(journal: Path) -> Head:
    """The last line of the journal as it is now; line 0 (GENESIS) where there is no journal."""
    return head(journal) or Head(0, GENESIS)


def require_not_rolled_back(connection: sqlite3.Connection, journal: Path) -> None:
    """Raises StoppedError where the journal lacks the line of its high-water mark."""
    mark = load(journal)
    if mark is not None and not holds(connection, mark):
        raise StoppedError(f"{_older(journal, mark)} Nothing was sent.")


def rolled_back(journal: Path) -> str | None:
    """Why `require_not_rolled_back` would raise; None where it would not. Read-only."""
    mark = load(journal)
    with reading(journal) as there:
        if mark is None or (there is not None and has_chain(there) and holds(there, mark)):
            return None
    return _older(journal, mark)


def _older(journal: Path, mark: Head) -> str:
    return (
        f"the journal {journal} is older than the one last written here, or another one: it lacks line {mark.seq} "
        f"({mark.hash[:12]}…), which {file_of(journal).name} remembers. Was a backup restored? Orders that it does "
        "not know may have been sent since. Bring the latest journal back; if this one is right, say so with "
        f"`rebalance audit accept-restore {journal}`."
    )
