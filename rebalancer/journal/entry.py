"""One event's line in the journal, and the pen for the tables it is projected to.

The statements are plain text, so that SQLite prepares each of them once.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from rebalancer.errors import BadInputError, Problem, StoppedError
from rebalancer.journal.codec import canonical, plain
from rebalancer.model import OrderPhase, RunStep
from rebalancer.model.states import OVER, may_become, may_step

FINAL: frozenset[OrderPhase] = frozenset({*OVER, "refused"})
KEYS: Mapping[str, str] = {"runs": "id", "orders": "id"}
"""The tables whose rows later events change, and what names a row."""


@dataclass(frozen=True, slots=True)
class Line:
    """`fresh` is a line that is only now being written: an old one was judged by the rules of its own time."""

    db: sqlite3.Connection
    seq: int
    run: int
    fresh: bool = True

    def insert(self, table: str, *rows: Mapping[str, object]) -> None:
        for row in rows:
            self.db.execute(insert_into(table, tuple(row)), [cell(value) for value in row.values()])

    def update(self, table: str, key: str | int, **changes: object) -> None:
        self.db.execute(_update_of(table, tuple(changes)), [*(cell(value) for value in changes.values()), key])

    def order(self, order_id: str) -> Mapping[str, Any] | None:
        found = self.db.execute("SELECT * FROM orders WHERE id = ?", [order_id])
        row = found.fetchone()
        return None if row is None else dict(zip((name for name, *_ in found.description), row, strict=True))

    def owner(self, order_id: str) -> str | None:
        """The account that the order is of; None for an order nobody wrote down."""
        found = "SELECT account FROM orders JOIN runs ON runs.id = orders.run WHERE orders.id = ?"
        row = self.db.execute(found, [order_id]).fetchone()
        return None if row is None else row[0]

    def move_order(self, order: Mapping[str, Any], **changes: object) -> None:
        """An order is settled once its state is final and every share it filled is among our fills.

        Raises StoppedError for a state that can't follow the one it is in, on a fresh line.
        """
        after = {**order, **changes}
        if self.fresh and not may_become(order["state"], after["state"]):
            raise never(order, f"become {after['state']}")
        settled = after["state"] in FINAL and Decimal(after["counted"]) >= Decimal(after["filled"])
        self.update("orders", order["id"], **changes, settled=settled)

    def step(self, after: RunStep) -> None:
        """Move the run on. A trial trades without a plan, so its steps are its own.

        Raises StoppedError for a step that can't follow the one before it, on a fresh line.
        """
        found = self.db.execute("SELECT step, purpose FROM runs WHERE id = ?", [self.run]).fetchone()
        if found is None:
            return
        before, purpose = found
        if self.fresh and purpose == "evening" and not may_step(before, after):
            raise StoppedError(
                f"run {self.run} is {before} and would become {after}. This must never happen: please report it with "
                "the journal."
            )
        self.update("runs", self.run, step=after)


def never(order: Mapping[str, Any], would: str) -> StoppedError:
    return StoppedError(
        f"order {order['id']} ({order['symbol']}) is {order['state']} by the journal and would {would}. This must "
        "never happen: look at the order at the broker before the next run."
    )


def of_another(order_id: str, owner: str, account: str) -> BadInputError:
    text = (
        f"is of account {owner}, not of account {account}: vouch for it with --account {owner}. If that is what this "
        "account was called before, call it so again"
    )
    return BadInputError([Problem("the order", order_id, text)])


@cache
def insert_into(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


@cache
def _update_of(table: str, columns: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{name}" = ?' for name in columns)
    return f"UPDATE {table} SET {changes} WHERE {KEYS[table]} = ?"


def cell(value: object) -> bool | int | float | str | None:
    """`value` as a table keeps it: lists and mappings as JSON text."""
    flat = plain(value)
    return canonical(flat) if isinstance(flat, list | dict) else flat
