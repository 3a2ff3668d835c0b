"""A small file beside the journal that remembers its last line, so that a restored copy is noticed."""

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


def remember(journal: Path, head: Head) -> None:
    """Put `head` in the place of what was remembered, in one step, readable for the owner alone."""
    replace_atomically(file_of(journal), json.dumps(asdict(head)).encode())


def remembered(journal: Path) -> Head | None:
    """The last line that was remembered; None where there is none that can be read."""
    try:
        return Head(**json.loads(file_of(journal).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def present(journal: Path) -> Head:
    """The line that is the last one now; GENESIS where the journal is gone."""
    return head(journal) or Head(0, GENESIS)


def require_same(connection: sqlite3.Connection, journal: Path) -> None:
    """Raises StoppedError where the journal lacks the line that was last remembered beside it."""
    last = remembered(journal)
    if last is not None and not holds(connection, last):
        raise StoppedError(f"{_older(journal, last)} Nothing was sent.")


def strayed(journal: Path) -> str | None:
    """Why `require_same` would raise, by a look that changes nothing; None where it would not."""
    last = remembered(journal)
    with reading(journal) as there:
        if last is None or (there is not None and has_chain(there) and holds(there, last)):
            return None
    return _older(journal, last)


def _older(journal: Path, last: Head) -> str:
    return (
        f"the journal {journal} is older than the one last written here, or another one: it lacks line {last.seq} "
        f"({last.hash[:12]}…), which {file_of(journal).name} remembers. Was a backup restored? Orders that it does "
        "not know may have been sent since. Bring the latest journal back; if this one is right, say so with "
        f"`rebalance audit accept-restore {journal}`."
    )
