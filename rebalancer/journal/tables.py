"""The tables of the journal, and the writer of their rows.

Money, prices and shares are TEXT decimals, fractions REAL, lists and mappings JSON text. `events` and `files` are
append-only and the source of truth. Every other table is a projection of them, keyed by the `seq` of the event a row
was taken from, and can be dropped and rebuilt.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from rebalancer.errors import BadInputError, StoppedError
from rebalancer.journal.codec import canonical, plain
from rebalancer.model import OrderPhase, RunStep
from rebalancer.model.states import OVER, may_become, may_step

STEPS = "_sqlite_migrations"
"""The table of sqlite-utils in which each step of an upgrade is recorded."""
LAST_STEP = "m009_fractional_target_quantities"
"""What a journal of this version has recorded there; an older one may lack tables and columns."""
TRUTH = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run);
CREATE TABLE files (sha256 TEXT NOT NULL PRIMARY KEY, content BLOB NOT NULL) STRICT;
"""

# A REPLACE fires no delete trigger on a plain connection: an insert over an existing row is refused on its own.
GUARDS: Mapping[str, str] = {
    "events_never_change": """CREATE TRIGGER events_never_change BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'an event of the journal never changes'); END""",
    "events_never_go": """CREATE TRIGGER events_never_go BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'an event of the journal is never deleted'); END""",
    "events_are_consecutive": """CREATE TRIGGER events_are_consecutive BEFORE INSERT ON events
        WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM events)
        BEGIN SELECT RAISE(ABORT, 'an event of the journal follows the last one'); END""",
    "files_never_change": """CREATE TRIGGER files_never_change BEFORE UPDATE ON files
        BEGIN SELECT RAISE(ABORT, 'a file in the journal never changes'); END""",
    "files_never_go": """CREATE TRIGGER files_never_go BEFORE DELETE ON files
        BEGIN SELECT RAISE(ABORT, 'a file in the journal is never deleted'); END""",
    "files_are_new": """CREATE TRIGGER files_are_new BEFORE INSERT ON files
        WHEN EXISTS (SELECT 1 FROM files WHERE sha256 = NEW.sha256)
        BEGIN SELECT RAISE(ABORT, 'this file is in the journal already'); END""",
}

# In the order of their references: each table after those it refers to.
PROJECTIONS: Mapping[str, str] = {
    "runs": """CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        account TEXT NOT NULL, broker TEXT NOT NULL, mode TEXT NOT NULL,
        session TEXT NOT NULL, number INTEGER NOT NULL, closes TEXT NOT NULL,
        version TEXT NOT NULL, dry_run INTEGER NOT NULL, forced INTEGER NOT NULL, notes TEXT NOT NULL,
        started TEXT NOT NULL, ended TEXT, status TEXT NOT NULL, reason TEXT NOT NULL,
        venue TEXT NOT NULL, purpose TEXT NOT NULL, step TEXT NOT NULL,
        UNIQUE (account, session, number)
    ) STRICT""",
    "run_files": """CREATE TABLE run_files (
        run INTEGER NOT NULL REFERENCES runs (id), name TEXT NOT NULL, sha256 TEXT NOT NULL REFERENCES files (sha256),
        PRIMARY KEY (run, name)
    ) STRICT""",
    "balances": """CREATE TABLE balances (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), at TEXT NOT NULL, phase TEXT NOT NULL,
        number TEXT NOT NULL, currency TEXT NOT NULL, blocked TEXT,
        equity TEXT NOT NULL, cash TEXT NOT NULL, spendable TEXT NOT NULL,
        reserve TEXT NOT NULL, others_value TEXT NOT NULL, investable TEXT NOT NULL
    ) STRICT""",
    "holdings": """CREATE TABLE holdings (
        seq INTEGER NOT NULL REFERENCES balances (seq), symbol TEXT NOT NULL,
        quantity TEXT NOT NULL, ours TEXT NOT NULL, value TEXT NOT NULL, expected TEXT, untouchable TEXT NOT NULL,
        counted TEXT, opened TEXT, counted_on TEXT, counted_value TEXT,
        PRIMARY KEY (seq, symbol)
    ) STRICT""",
    "prices": """CREATE TABLE prices (
        seq INTEGER NOT NULL, symbol TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs (id), purpose TEXT NOT NULL,
        value TEXT, rung TEXT, at TEXT, age_seconds REAL, ask TEXT, previous TEXT, reasons TEXT NOT NULL,
        PRIMARY KEY (seq, symbol)
    ) STRICT""",
    "allocations": """CREATE TABLE allocations (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), bot TEXT NOT NULL, share REAL NOT NULL,
        weights TEXT NOT NULL, path TEXT NOT NULL, warnings TEXT NOT NULL, failure TEXT
    ) STRICT""",
    "waterfalls": """CREATE TABLE waterfalls (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id),
        shares TEXT NOT NULL, nettings TEXT NOT NULL, notes TEXT NOT NULL
    ) STRICT""",
    "targets": """CREATE TABLE targets (
        seq INTEGER NOT NULL REFERENCES waterfalls (seq), symbol TEXT NOT NULL,
        merged REAL NOT NULL, netted REAL NOT NULL, capped REAL NOT NULL, why TEXT NOT NULL,
        PRIMARY KEY (seq, symbol)
    ) STRICT""",
    "plans": """CREATE TABLE plans (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), investable TEXT NOT NULL
    ) STRICT""",
    "trades": """CREATE TABLE trades (
        seq INTEGER NOT NULL REFERENCES plans (seq), symbol TEXT NOT NULL, side TEXT,
        held TEXT NOT NULL, now TEXT NOT NULL, target TEXT NOT NULL, target_shares ANY NOT NULL,
        price TEXT, quantity TEXT NOT NULL, dollars TEXT NOT NULL, why TEXT NOT NULL,
        PRIMARY KEY (seq, symbol)
    ) STRICT""",
    "orders": """CREATE TABLE orders (
        id TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, run INTEGER NOT NULL REFERENCES runs (id),
        at TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL,
        kind TEXT NOT NULL, limit_price TEXT, why TEXT NOT NULL,
        state TEXT NOT NULL, filled TEXT NOT NULL, average_price TEXT, reason TEXT NOT NULL,
        counted TEXT NOT NULL, settled INTEGER NOT NULL, sent TEXT NOT NULL, times INTEGER NOT NULL
    ) STRICT""",
    "fills": """CREATE TABLE fills (
        account TEXT NOT NULL, execution_id TEXT NOT NULL, seq INTEGER NOT NULL UNIQUE,
        run INTEGER NOT NULL REFERENCES runs (id), order_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
        quantity TEXT NOT NULL, price TEXT NOT NULL, fee TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (account, execution_id)
    ) STRICT""",
    "setting_changes": """CREATE TABLE setting_changes (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, at TEXT NOT NULL, account TEXT NOT NULL,
        key TEXT NOT NULL, old TEXT, new TEXT
    ) STRICT""",
    "adoptions": """CREATE TABLE adoptions (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, account TEXT NOT NULL,
        symbol TEXT NOT NULL, quantity TEXT NOT NULL, value TEXT NOT NULL, expected TEXT
    ) STRICT""",
    "restatements": """CREATE TABLE restatements (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), at TEXT NOT NULL, account TEXT NOT NULL,
        symbol TEXT NOT NULL, ours TEXT NOT NULL, expected TEXT NOT NULL, why TEXT NOT NULL,
        was TEXT, renamed_on TEXT
    ) STRICT""",
    "halts": """CREATE TABLE halts (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, at TEXT NOT NULL, account TEXT NOT NULL,
        "by" TEXT NOT NULL, reason TEXT NOT NULL, lifted INTEGER NOT NULL
    ) STRICT""",
    "arms": """CREATE TABLE arms (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, at TEXT NOT NULL, account TEXT NOT NULL, "by" TEXT NOT NULL,
        number TEXT, max_dollars TEXT, until TEXT, files TEXT, first_order_only INTEGER, reason TEXT
    ) STRICT""",
    "losses": """CREATE TABLE losses (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), at TEXT NOT NULL,
        equity TEXT NOT NULL, basis TEXT NOT NULL, limit_percent TEXT NOT NULL
    ) STRICT""",
    "accounted": """CREATE TABLE accounted (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, at TEXT NOT NULL, account TEXT NOT NULL,
        order_id TEXT NOT NULL, "by" TEXT NOT NULL, reason TEXT NOT NULL
    ) STRICT""",
    "notes": """CREATE TABLE notes (
        seq INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id),
        at TEXT NOT NULL, level TEXT NOT NULL, text TEXT NOT NULL
    ) STRICT""",
}

INDEXES = (
    "CREATE INDEX orders_by_run ON orders (run)",
    "CREATE INDEX orders_left ON orders (run) WHERE NOT settled",
    "CREATE INDEX fills_by_order ON fills (order_id)",
)
"""For the queries that every start makes."""

FINAL: frozenset[OrderPhase] = frozenset({*OVER, "refused"})
KEYS: Mapping[str, str] = {"runs": "id", "orders": "id"}
"""The tables whose rows later events update, with their primary key."""


@dataclass(frozen=True, slots=True)
class TableWriter:
    """Writes the rows of the event `seq` of `run`.

    `fresh`: the event is being recorded now, so state transitions are checked. A rebuild doesn't check them: old events
    followed the rules of their own version.
    """

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
        """The order with its `account`; None where it is not in the journal."""
        query = "SELECT orders.*, account FROM orders JOIN runs ON runs.id = orders.run WHERE orders.id = ?"
        found = self.db.execute(query, [order_id])
        row = found.fetchone()
        return None if row is None else dict(zip((name for name, *_ in found.description), row, strict=True))

    def update_order(self, order: Mapping[str, Any], **changes: object) -> None:
        """Update an order. It is settled once its state is final and all its filled shares have their fills journalled.

        Raises StoppedError for an illegal transition in a fresh event.
        """
        after = {**order, **changes}
        if self.fresh and not may_become(order["state"], after["state"]):
            raise impossible(order, f"become {after['state']}")
        settled = after["state"] in FINAL and Decimal(after["counted"]) >= Decimal(after["filled"])
        self.update("orders", order["id"], **changes, settled=settled)

    def step(self, after: RunStep) -> None:
        """Move the run to the step `after`. A trial run trades without a plan, so its steps are not checked.

        Raises StoppedError for an illegal transition in a fresh event.
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


def impossible(order: Mapping[str, Any], would: str) -> StoppedError:
    return StoppedError(
        f"order {order['id']} ({order['symbol']}) is {order['state']} by the journal and would {would}. This must "
        "never happen: look at the order at the broker before the next run."
    )


def not_of_account(order_id: str, owner: str, account: str) -> BadInputError:
    text = (
        f"is of account {owner}, not of account {account}: account for it with --account {owner}. If that is what this "
        "account was called before, call it so again"
    )
    return BadInputError.of("the order", text, place=order_id)


@cache
def insert_into(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


@cache
def _update_of(table: str, columns: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{name}" = ?' for name in columns)
    return f"UPDATE {table} SET {changes} WHERE {KEYS[table]} = ?"


def cell(value: object) -> bool | int | float | str | None:
    """`value` as a column stores it: lists and mappings as JSON text."""
    flat = plain(value)
    return canonical(flat) if isinstance(flat, list | dict) else flat


def lost_guard(connection: sqlite3.Connection) -> str | None:
    """The name of the first trigger that is missing or changed; None where all are intact."""
    standing = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
    return next((name for name, sql in GUARDS.items() if standing.get(name) != sql), None)
