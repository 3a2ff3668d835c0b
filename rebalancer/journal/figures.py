"""What monitors read of the journal beside its runs. Raises RunFailedError for a file that can't be read."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rebalancer.journal.connection import reading
from rebalancer.model.states import IN_DOUBT


def unknown_orders(path: Path, account: str) -> int:
    """The orders with an unknown outcome that nobody accounted for."""
    with reading(path) as journal:
        states = ", ".join(f"'{state}'" for state in sorted(IN_DOUBT))
        (found,) = journal.execute(
            "SELECT COUNT(*) FROM orders JOIN runs ON runs.id = orders.run"
            f" WHERE NOT settled AND account = ? AND state IN ({states})"
            " AND NOT EXISTS (SELECT 1 FROM accounted WHERE order_id = orders.id)",
            [account],
        ).fetchone()
    return int(found)


def order_states(path: Path, run: int) -> Mapping[str, int]:
    """How many orders of `run` are in each state."""
    with reading(path) as journal:
        rows = journal.execute("SELECT state, COUNT(*) FROM orders WHERE run = ? GROUP BY state", [run])
        return dict(rows.fetchall())


def last_success(path: Path, account: str) -> datetime | None:
    """When the last run ended that was a success; dry runs are in another file."""
    with reading(path) as journal:
        (found,) = journal.execute(
            "SELECT MAX(ended) FROM runs WHERE account = ? AND status = 'success'", [account]
        ).fetchone()
    return None if found is None else datetime.fromisoformat(found)


def price_age(path: Path, run: int) -> float | None:
    """The age in seconds of the oldest price that orders of `run` went by; None where it took none."""
    with reading(path) as journal:
        (found,) = journal.execute(
            "SELECT MAX(age_seconds) FROM prices WHERE run = ? AND purpose = 'orders' AND value IS NOT NULL", [run]
        ).fetchone()
    return None if found is None else float(found)


def last_equity(path: Path, account: str) -> tuple[float, str] | None:
    """The account's equity by the broker when it was last read, and its currency."""
    with reading(path) as journal:
        found = journal.execute(
            "SELECT equity, currency FROM balances JOIN runs ON runs.id = balances.run"
            " WHERE account = ? ORDER BY seq DESC LIMIT 1",
            [account],
        ).fetchone()
    return None if found is None else (float(found[0]), found[1])


def last_moment(path: Path) -> datetime | None:
    """The time of the last line; None in an empty journal."""
    with reading(path) as journal:
        found = journal.execute("SELECT at FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return None if found is None else datetime.fromisoformat(found[0])
