"""The first answer to each request that changes something, kept on disk: sent twice, it is done once.

A file of its own in the state folder, beside the journal, which it never touches.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rebalancer.errors import RunFailedError
from rebalancer.files import ensure_private
from rebalancer.ports import Clock
from rebalancer.web.refusals import RefusedError

KEPT_FOR = timedelta(days=90)
TABLE = """CREATE TABLE IF NOT EXISTS answers (
    key TEXT NOT NULL PRIMARY KEY, asked TEXT NOT NULL, at TEXT NOT NULL, status INTEGER, location TEXT, body BLOB
) STRICT"""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    status: int
    location: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    file: Path
    clock: Clock

    def begin(self, key: str, asked: str) -> KeptAnswer | None:
        """The answer given before to the request `asked`, by its `key`; None where this one is to be answered now.

        Raises RefusedError for a key of another request, and for one that was begun and never answered: whatever it
        began may have happened.
        """
        with self._writing() as store:
            store.execute("DELETE FROM answers WHERE at < ?", [(self.clock.now() - KEPT_FOR).isoformat()])
            row = store.execute("SELECT asked, status, location, body FROM answers WHERE key = ?", [key]).fetchone()
            if row is None:
                values = [key, asked, self.clock.now().isoformat()]
                store.execute("INSERT INTO answers (key, asked, at) VALUES (?, ?, ?)", values)
                return None
        before, status, location, body = row
        if before != asked:
            raise RefusedError(422, "key_reused", "This idempotency key is of another request: use a new one.")
        if status is None:
            text = "This request was begun before, and how it ended is not known: look at what happened, then decide."
            raise RefusedError(409, "outcome_unknown", text)
        return KeptAnswer(status, location, body)

    def keep(self, key: str, answer: KeptAnswer) -> None:
        with self._writing() as store:
            values = [answer.status, answer.location, answer.body, key]
            store.execute("UPDATE answers SET status = ?, location = ?, body = ? WHERE key = ?", values)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            ensure_private(self.file)
            with closing(sqlite3.connect(self.file, timeout=10, isolation_level=None)) as store:
                store.execute("BEGIN IMMEDIATE")
                store.execute(TABLE)
                yield store
                store.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            remedy = "Nothing was done. Close the program that holds it; where it is damaged, move it away"
            raise RunFailedError(f"{self.file} can't be used: {error}. {remedy}.") from error
