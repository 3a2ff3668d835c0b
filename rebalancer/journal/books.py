"""The books of an account, by replay of its journal: nothing is stored, so that old journals have theirs too.

Works on any connection to a journal.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from rebalancer.bookings import BookUsed, CapitalMoved, CashPaid, HandedOver, SpunOff
from rebalancer.events import (
    Adopted,
    BotDecided,
    BotFailed,
    HoldingsRead,
    PlanMade,
    Restated,
    TargetsSet,
    WrittenOff,
)
from rebalancer.journal.codec import from_body
from rebalancer.journal.connection import reading
from rebalancer.model import RunId, Weights
from rebalancer.portfolio.bookkeeping import Bookkeeper, Recorded

BY_RUN = (HoldingsRead, BotDecided, BotFailed, TargetsSet, PlanMade, Restated, BookUsed, CashPaid, SpunOff)
READ = tuple(kind.__name__ for kind in BY_RUN)
OUTSIDE = tuple(kind.__name__ for kind in (Adopted, WrittenOff, CapitalMoved, HandedOver))
"""Kinds of events that a person causes; they name their account."""
DECIDED = """SELECT run, weights, failure FROM allocations JOIN runs ON runs.id = allocations.run
    WHERE account = ? AND bot = ? AND NOT dry_run ORDER BY seq"""
DECISIONS = {BotDecided.__name__, BotFailed.__name__}


def books(path: Path, account: str) -> Bookkeeper:
    """The books of `account` after everything that is journalled; empty where there is no journal.

    Raises RunFailedError for a file that can't be read.
    """
    with reading(path) as journal:
        return read_books(journal, account)


def read_books(journal: sqlite3.Connection, account: str) -> Bookkeeper:
    keeper = Bookkeeper()
    for recorded in recorded_events(journal, account):
        keeper.enter(recorded)
    return keeper


def decisions_of(journal: sqlite3.Connection, account: str, bot: str) -> dict[RunId, Weights | None]:
    """What `bot` decided in each run of `account`; None where it could not."""
    rows = journal.execute(DECIDED, [account, bot]).fetchall()
    return {RunId(run): None if failure else json.loads(weights) for run, weights, failure in rows}


def recorded_events(
    journal: sqlite3.Connection, account: str, after: int = 0, session: date = date.min
) -> Iterator[Recorded]:
    """What changes the books of `account`, in journal order, after line `after`, at which `session` was the last one;
    dry runs and readings between sells and buys are left out.

    Decisions are read only where the targets of their run have no claims, as in journals of earlier versions.
    """
    waiting: list[tuple[str, str]] = []
    for run, day, kind, body in _lines(journal, account, after):
        session = date.fromisoformat(day) if day else session
        if kind in DECISIONS:
            waiting.append((kind, body))
            continue
        event = from_body(kind, body)
        if isinstance(event, TargetsSet):
            decisions = waiting if not event.targets.claims else ()
            yield from (Recorded(run, session, from_body(*decision)) for decision in decisions)
            waiting = []
        yield Recorded(run, session, event)


def _lines(journal: sqlite3.Connection, account: str, after: int) -> Iterator[tuple[RunId, str | None, str, str]]:
    """Run, session, kind and body. A fill has the run of its order; the projection has each execution once."""
    rows: Any = journal.execute(
        f"""SELECT run, session, kind, body FROM (
            SELECT events.seq, run, session, kind, body FROM events JOIN runs ON runs.id = events.run
            WHERE events.seq > ? AND account = ? AND NOT dry_run AND kind IN ({_marks(READ)})
            AND (kind != '{HoldingsRead.__name__}' OR json_extract(body, '$.phase') IN ('start', 'end'))
            UNION ALL
            SELECT fills.seq, COALESCE(orders.run, fills.run), session, events.kind, body FROM fills
            JOIN events ON events.seq = fills.seq JOIN runs ON runs.id = fills.run
            LEFT JOIN orders ON orders.id = fills.order_id
            WHERE fills.seq > ? AND fills.account = ? AND NOT dry_run
            UNION ALL
            SELECT seq, run, NULL, kind, body FROM events
            WHERE seq > ? AND kind IN ({_marks(OUTSIDE)}) AND json_extract(body, '$.account') = ?
        ) ORDER BY seq""",
        [after, account, *READ, after, account, after, *OUTSIDE, account],
    )
    yield from rows


def _marks(kinds: tuple[str, ...]) -> str:
    return ", ".join("?" * len(kinds))
