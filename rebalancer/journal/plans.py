"""What runs decided and planned, as their lines stand in the journal, and the files that they began with."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from rebalancer.events import BotDecided, BotFailed, Event, PlanMade, TargetsSet
from rebalancer.journal.chain import has_chain
from rebalancer.journal.codec import from_body
from rebalancer.journal.connection import reading
from rebalancer.model import Plan, RunId, Symbol

DECIDED = tuple(kind.__name__ for kind in (BotDecided, BotFailed, TargetsSet, PlanMade))


def plan_lines(path: Path) -> Mapping[int, str]:
    """By run: the hash of the line of its plan. Runs without a plan are left out, and so are dry runs."""
    with reading(path) as journal:
        return _lines(journal, "")


def plan_line(path: Path, run: int, *, dry_run: bool = False) -> str | None:
    """That of one run."""
    with reading(path) as journal:
        return _lines(journal, " AND run = ?", run, dry_run=dry_run).get(run)


def decided(path: Path, run: int) -> tuple[Event, ...]:
    """The events from the bots' decisions to the plan, in journal order."""
    marks = ", ".join("?" * len(DECIDED))
    with reading(path) as journal:
        rows = journal.execute(
            f"SELECT kind, body FROM events WHERE run = ? AND kind IN ({marks}) ORDER BY seq", [run, *DECIDED]
        )
        return tuple(from_body(kind, body) for kind, body in rows)


def plan_at(path: Path, line: str) -> tuple[RunId, Plan] | None:
    """The run and the plan on the line with this hash, also of a dry run; None where there is no such plan."""
    with reading(path) as journal:
        if not has_chain(journal):
            return None
        row = journal.execute(
            "SELECT run, body FROM events WHERE kind = ? AND hash = ?", [PlanMade.__name__, line]
        ).fetchone()
    if row is None:
        return None
    made = from_body(PlanMade.__name__, row["body"])
    return (RunId(row["run"]), made.plan) if isinstance(made, PlanMade) else None


def bot_files(path: Path, run: int) -> Mapping[str, bytes]:
    """The bytes of the file of each bot, by the bot's name."""
    with reading(path) as journal:
        rows = journal.execute(
            "SELECT name, content FROM run_files JOIN files USING (sha256) WHERE run = ? AND name LIKE 'bot %'", [run]
        )
        return {name.removeprefix("bot "): content for name, content in rows}


def hashes_of_bot(journal: sqlite3.Connection, account: str, bot: str) -> frozenset[str]:
    """The SHA-256 of each file of `bot` that a run of `account` used."""
    rows = journal.execute(
        "SELECT DISTINCT sha256 FROM run_files JOIN runs ON runs.id = run_files.run"
        " WHERE account = ? AND name = ? AND NOT dry_run",
        [account, f"bot {bot}"],
    )
    return frozenset(found for (found,) in rows)


def priced(path: Path) -> frozenset[Symbol]:
    """Every symbol that a run has looked up a price of."""
    with reading(path) as journal:
        return frozenset(Symbol(name) for (name,) in journal.execute("SELECT DISTINCT symbol FROM prices"))


def account_numbers(path: Path) -> frozenset[str]:
    """Of every account that a run has read."""
    with reading(path) as journal:
        return frozenset(number for (number,) in journal.execute("SELECT DISTINCT number FROM balances"))


def _lines(journal: sqlite3.Connection, condition: str, *values: int, dry_run: bool = False) -> dict[int, str]:
    if not has_chain(journal):
        return {}
    rows = journal.execute(
        "SELECT run, hash FROM events JOIN runs ON runs.id = run"
        f" WHERE kind = ? AND dry_run = ?{condition} ORDER BY seq",
        [PlanMade.__name__, dry_run, *values],
    )
    return dict(rows.fetchall())
