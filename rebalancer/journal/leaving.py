"""Whether an order may still be written down as about to leave: asked in the very transaction that writes it."""

import sqlite3

from rebalancer.journal.standing import read_standing
from rebalancer.model import RunId


def held_back(connection: sqlite3.Connection, run: RunId) -> bool:
    """Whether the account of `run` is halted, or was disarmed while real money moves. No dry run is held back."""
    account, mode, dry_run = connection.execute(
        "SELECT account, mode, dry_run FROM runs WHERE id = ?", [run]
    ).fetchone()
    if dry_run:
        return False
    disarmed = mode == "live" and _is_disarmed(connection, account)
    return disarmed or read_standing(connection, account).halt is not None


def _is_disarmed(connection: sqlite3.Connection, account: str) -> bool:
    """An account that was never armed is not: whether it may trade is the gate's to say."""
    last = connection.execute(
        "SELECT number FROM arms WHERE account = ? ORDER BY seq DESC LIMIT 1", [account]
    ).fetchone()
    return bool(last == (None,))
