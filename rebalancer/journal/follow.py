"""The lines of the journal after a known one, for who follows a run while it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rebalancer.journal.codec import from_body, plain
from rebalancer.journal.connection import reading


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal. `run` is 0 outside a run; `event` are the fields of an event of that `kind`."""

    seq: int
    run: int
    at: datetime
    kind: str
    event: Mapping[str, Any]


def last_line(path: Path) -> int:
    """The number of the last line; 0 where there is none."""
    with reading(path) as journal:
        ((found,),) = journal.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchall()
        return int(found)


def lines_after(path: Path, seq: int, limit: int) -> tuple[Line, ...]:
    """At most `limit` lines after the line `seq`, oldest first."""
    with reading(path) as journal:
        rows = journal.execute(
            "SELECT seq, run, at, kind, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?", [seq, limit]
        )
        return tuple(
            Line(row["seq"], row["run"], datetime.fromisoformat(row["at"]), row["kind"], _fields(row)) for row in rows
        )


def _fields(row: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a row of SQLite
    found = plain(from_body(row["kind"], row["body"]))
    return {name: value for name, value in found.items() if name != "at"} if isinstance(found, dict) else {}
