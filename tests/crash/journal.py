"""The journal's file, read without the program's code."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

Rows = Sequence[tuple[Any, ...]]


def events_of(journal: Path) -> Rows:
    return _rows(journal, "SELECT seq, run, at, kind, body FROM events ORDER BY seq")


def runs_of(journal: Path) -> Rows:
    """Status, reason."""
    return _rows(journal, "SELECT status, reason FROM runs ORDER BY id")


def execution_ids(journal: Path) -> list[str]:
    return [name for (name,) in _rows(journal, "SELECT execution_id FROM fills ORDER BY seq")]


def orders_of(journal: Path) -> Rows:
    """Symbol, side, state, whether it is settled."""
    return _rows(journal, "SELECT symbol, side, state, settled FROM orders ORDER BY seq")


def halts_of(journal: Path) -> Rows:
    return _rows(journal, "SELECT reason FROM halts")


def shares_at_the_end(journal: Path) -> dict[str, str]:
    """Managed shares by symbol at the last account reading."""
    last = "SELECT max(seq) FROM balances"
    return dict(_rows(journal, f"SELECT symbol, ours FROM holdings WHERE seq = ({last})"))


def _rows(journal: Path, query: str) -> Rows:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()
