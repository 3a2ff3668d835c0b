"""What an account was worth after a run, and what it gained since the session before.

Works on any connection to a journal whose rows have names.
"""

import sqlite3
from collections.abc import Mapping
from decimal import Decimal

from rebalancer.events import HoldingsRead
from rebalancer.model import RunId

READ = """SELECT json_extract(body, '$.account.equity'), json_extract(body, '$.account.deposits') FROM events
    WHERE run = ? AND kind = ? AND json_extract(body, '$.phase') IN ('start', 'end') ORDER BY seq DESC LIMIT 1"""
BEFORE = """SELECT id FROM runs WHERE account = ? AND session < ? AND dry_run = ? ORDER BY session DESC, number DESC
    LIMIT 20"""
"""Runs that never read the account are passed over, up to twenty of them."""


def day_figures(journal: sqlite3.Connection, run: sqlite3.Row) -> Mapping[str, str | None]:
    """`equity`: the broker's in the run's last reading of the account; None where it read none.

    `gain`: what that is above the last reading of an earlier session, less what was paid in meanwhile as far as the
    broker reports it; None in the account's first session.
    """
    found = _reading(journal, run["id"])
    if found is None:
        return {"equity": None, "gain": None}
    equity, paid_in = found
    earlier = journal.execute(BEFORE, [run["account"], run["session"], run["dry_run"]]).fetchall()
    before = next((reading for (each,) in earlier if (reading := _reading(journal, each))), None)
    gain = None if before is None else format(equity - before[0] - paid_in, "f")
    return {"equity": format(equity, "f"), "gain": gain}


def _reading(journal: sqlite3.Connection, run: RunId) -> tuple[Decimal, Decimal] | None:
    """The equity, and what was paid in since the close before."""
    found = journal.execute(READ, [run, HoldingsRead.__name__]).fetchone()
    return None if found is None else (Decimal(found[0]), Decimal(found[1] or 0))
