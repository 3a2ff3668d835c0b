"""What passed between the bots in a run, or would have in a dry run: by the books."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from rebalancer.events import FillSeen
from rebalancer.journal.books import READ
from rebalancer.journal.codec import from_body
from rebalancer.journal.connection import reading
from rebalancer.journal.kept_books import See, replayed
from rebalancer.model import RunId, Symbol
from rebalancer.portfolio.bookkeeping import Bookkeeper, Recorded
from rebalancer.portfolio.books import Entry
from rebalancer.portfolio.crossings import Crossing, crossings

TONIGHT = RunId(2**62)
"""Stands for a dry run among the real ones, whose numbers are counted apart."""


class _Seen:
    """The entries of one run, and what each owner needed; late fills count to the run of their order."""

    def __init__(self, run: RunId) -> None:
        self._run = run
        self._entries: list[Entry] = []
        self._needs: dict[Symbol, Mapping[str, Decimal]] = {}

    def see(self, recorded: Recorded, keeper: Bookkeeper, entries: Sequence[Entry]) -> None:
        if recorded.run == self._run:
            self._entries += entries
            symbols = {entry.symbol for entry in entries if entry.symbol is not None}
            self._needs |= {symbol: keeper.needs_of(self._run, symbol) for symbol in symbols}

    def crossings(self) -> tuple[Crossing, ...]:
        return tuple(crossings(self._entries, lambda symbol: self._needs.get(symbol, {})))


def crossed(path: Path, account: str, run: RunId) -> tuple[Crossing, ...]:
    """Of a real run. Raises RunFailedError for a journal that can't be read."""
    with reading(path) as journal:
        first = journal.execute("SELECT MIN(seq) FROM events WHERE run = ?", [run]).fetchone()[0]
    seen: list[_Seen] = []

    def begin() -> See:
        seen.append(_Seen(run))
        return seen[-1].see

    replayed(path, account, before=first, begin=begin)
    return seen[-1].crossings()


def would_cross(keeper: Bookkeeper, dry_runs: Path, run: RunId) -> tuple[Crossing, ...]:
    """Of the dry run `run` in the journal `dry_runs`, if it were made now; enters it into `keeper`'s books.

    Raises as `crossed`.
    """
    seen = _Seen(TONIGHT)
    with reading(dry_runs) as journal:
        for recorded in _of_dry_run(journal, run):
            seen.see(recorded, keeper, keeper.enter(recorded))
    return seen.crossings()


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
