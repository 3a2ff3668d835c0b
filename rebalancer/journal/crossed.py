"""What passed between the bots in a run, or would have in a dry run: by the books."""

import sqlite3
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

from rebalancer.events import FillSeen
from rebalancer.journal.books import READ
from rebalancer.journal.codec import from_body
from rebalancer.journal.connection import reading
from rebalancer.journal.kept_books import replayed
from rebalancer.model import RunId
from rebalancer.portfolio.bookkeeping import Bookkeeper, Recorded
from rebalancer.portfolio.crossings import Crossing, CrossingsByRun

TONIGHT = RunId(2**62)
"""Stands for a dry run among the real ones, whose numbers are counted apart."""


def crossed(path: Path, account: str, run: RunId) -> tuple[Crossing, ...]:
    """Of a real run. Raises RunFailedError for a journal that can't be read."""
    return replayed(path, account).crossings.of(run)


def would_cross(keeper: Bookkeeper, dry_runs: Path, run: RunId) -> tuple[Crossing, ...]:
    """Of the dry run `run` in the journal `dry_runs`, if it were made now; enters it into `keeper`'s books.

    Raises as `crossed`.
    """
    found = CrossingsByRun()
    with reading(dry_runs) as journal:
        for recorded in _of_dry_run(journal, run):
            found.see(TONIGHT, keeper.enter(recorded), partial(keeper.needs_of, TONIGHT))
    return found.of(TONIGHT)


def _of_dry_run(journal: sqlite3.Connection, run: RunId) -> Iterator[Recorded]:
    kinds = (*READ, FillSeen.__name__)
    marks = ", ".join("?" * len(kinds))
    rows = journal.execute(
        "SELECT session, kind, body FROM events JOIN runs ON runs.id = events.run"
        f" WHERE events.run = ? AND kind IN ({marks}) ORDER BY seq",
        [run, *kinds],
    )
    for session, kind, body in rows:
        yield Recorded(TONIGHT, date.fromisoformat(session), from_body(kind, body))
