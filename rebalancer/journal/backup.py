"""A copy of the journal, whole as of one moment, while runs go on writing it."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rebalancer.errors import BadInputError, Problem
from rebalancer.journal import queries
from rebalancer.journal.chain import Head
from rebalancer.journal.faults import plainly


@dataclass(frozen=True, slots=True)
class Backup:
    """The copy that was made: its bytes, and its last line, whose number is that of its lines."""

    file: str
    size: int
    head: Head | None


def back_up(path: Path, copy: Path) -> Backup:
    """Write the journal to the new file `copy`, which its owner alone can read.

    Raises BadInputError where there is no journal, or something at `copy` already; RunFailedError where the copy can't
    be made, and then nothing of it is left.
    """
    if not path.exists():
        raise BadInputError([Problem(str(path), "", "there is no journal yet, so nothing to copy")])
    with plainly(copy):
        try:
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError as error:
            raise BadInputError([Problem(str(copy), "", "is there already: name a new file")]) from error
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as journal:
                journal.execute("VACUUM INTO ?", [str(copy)])
        except BaseException:
            copy.unlink()
            raise
    return Backup(str(copy), copy.stat().st_size, queries.head(copy))
