"""What the journal says of the orders that left, of a run that was cut off, and of what an account may do.

Reads through any connection.
"""

import json
import sqlite3
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from rebalancer.events import Armed, Halted, HoldingsRead
from rebalancer.journal.codec import from_body
from rebalancer.model import Order, OrderId, OrderKind, OrderPhase, Plan, RunId, Side, canonical
from rebalancer.ports import Interrupted, Reading, Sent, Standing


def read_sent(connection: sqlite3.Connection, condition: str, *values: object) -> tuple[Sent, ...]:
    """The orders for which `condition` holds, oldest first."""
    rows = connection.execute(
        "SELECT orders.id, symbol, side, quantity, kind, limit_price, why, run, session, state, sent, times, filled,"
        f" average_price, orders.reason FROM orders JOIN runs ON runs.id = orders.run WHERE {condition}"
        " ORDER BY orders.seq",
        values,
    )
    return tuple(_sent(*row) for row in rows.fetchall())


def _sent(
    order_id: OrderId,
    symbol: str,
    side: Side,
    quantity: str,
    kind: OrderKind,
    limit: str | None,
    why: str,
    run: RunId,
    session: str,
    phase: OrderPhase,
    at: str,
    times: int,
    filled: str,
    average: str | None,
    reason: str,
) -> Sent:
    order = Order(order_id, canonical(symbol), side, Decimal(quantity), kind, _decimal(limit), why)
    return Sent(
        order,
        run,
        date.fromisoformat(session),
        phase,
        datetime.fromisoformat(at),
        times,
        Decimal(filled),
        _decimal(average),
        reason,
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def read_readings(connection: sqlite3.Connection, account: str, first: date) -> tuple[Reading, ...]:
    rows = connection.execute(
        "SELECT runs.id, session, kind, body FROM events JOIN runs ON runs.id = events.run"
        " WHERE kind = ? AND account = ? AND session >= ? ORDER BY events.seq",
        [HoldingsRead.__name__, account, first.isoformat()],
    )
    return tuple(_reading(RunId(run), session, from_body(kind, body)) for run, session, kind, body in rows.fetchall())


def _reading(run: RunId, session: str, read: HoldingsRead) -> Reading:
    return Reading(run, date.fromisoformat(session), read.phase, read.account)


def known(connection: sqlite3.Connection, account: str, ids: Iterable[OrderId]) -> frozenset[OrderId]:
    """Those of `ids` that are orders of `account` and were not refused, or that a person has vouched for."""
    found = connection.execute(
        "SELECT value FROM json_each(:ids) WHERE EXISTS (SELECT 1 FROM orders JOIN runs ON runs.id = orders.run"
        " WHERE orders.id = value AND orders.state != 'refused' AND runs.account = :account)"
        " OR EXISTS (SELECT 1 FROM accounted WHERE order_id = value AND account = :account)",
        {"ids": json.dumps(list(ids)), "account": account},
    )
    return frozenset(order_id for (order_id,) in found)


def read_failures(connection: sqlite3.Connection, run: RunId) -> dict[str, str]:
    """Why bots of `run` could not decide, by their names."""
    rows = connection.execute(
        "SELECT bot, failure FROM allocations WHERE run = ? AND failure IS NOT NULL ORDER BY seq", [run]
    )
    return dict(rows.fetchall())


def read_interrupted(connection: sqlite3.Connection, account: str) -> Interrupted | None:
    row = connection.execute(
        "SELECT runs.id, session, COUNT(orders.id) FROM runs LEFT JOIN orders ON orders.run = runs.id"
        " WHERE account = ? AND status = 'running' GROUP BY runs.id ORDER BY runs.id DESC LIMIT 1",
        [account],
    ).fetchone()
    if row is None:
        return None
    run, session, orders = row
    files = connection.execute(
        "SELECT name, content FROM run_files JOIN files USING (sha256) WHERE run = ?", [run]
    ).fetchall()
    return Interrupted(RunId(run), date.fromisoformat(session), orders, dict(files), _plan(connection, run))


def _plan(connection: sqlite3.Connection, run: int) -> Plan | None:
    row = connection.execute(
        "SELECT events.kind, events.body FROM plans JOIN events USING (seq) WHERE plans.run = ?", [run]
    ).fetchone()
    if row is None:
        return None
    plan: Plan = from_body(*row).plan
    return plan


def read_standing(connection: sqlite3.Connection, account: str) -> Standing:
    return Standing(
        halt=_halt(connection, account),
        armed=_armed(connection, account),
        loss=_loss(connection, account),
        last=_last(connection, account),
    )


def _halt(connection: sqlite3.Connection, account: str) -> Halted | None:
    """The last word counts, whether it was said for the account or for all."""
    row = connection.execute(
        "SELECT at, account, \"by\", reason, lifted FROM halts WHERE account IN (?, '') ORDER BY seq DESC LIMIT 1",
        [account],
    ).fetchone()
    if row is None or row[4]:
        return None
    at, whose, by, reason, _ = row
    return Halted(datetime.fromisoformat(at), whose, by, reason)


def read_halts(connection: sqlite3.Connection, account: str) -> tuple[Halted, ...]:
    """Those of `account`, and of all accounts, since one was last lifted; the oldest first."""
    rows = connection.execute(
        "SELECT at, account, \"by\", reason FROM halts WHERE account IN (:account, '') AND seq > (SELECT"
        " COALESCE(MAX(seq), 0) FROM halts WHERE account IN (:account, '') AND lifted) ORDER BY seq",
        {"account": account},
    )
    return tuple(Halted(datetime.fromisoformat(at), whose, by, reason) for at, whose, by, reason in rows.fetchall())


def _armed(connection: sqlite3.Connection, account: str) -> Armed | None:
    row = connection.execute(
        "SELECT events.kind, events.body FROM arms JOIN events USING (seq) WHERE arms.account = ?"
        " ORDER BY seq DESC LIMIT 1",
        [account],
    ).fetchone()
    last = from_body(*row) if row else None
    return last if isinstance(last, Armed) else None


def _loss(connection: sqlite3.Connection, account: str) -> date | None:
    row = connection.execute(
        "SELECT MAX(runs.session) FROM losses JOIN runs ON runs.id = losses.run WHERE runs.account = ?", [account]
    ).fetchone()
    return None if row[0] is None else date.fromisoformat(row[0])


def _last(connection: sqlite3.Connection, account: str) -> tuple[str, str, str] | None:
    row = connection.execute(
        "SELECT runs.mode, runs.venue, balances.number FROM balances JOIN runs ON runs.id = balances.run"
        " WHERE runs.account = ? ORDER BY balances.seq DESC LIMIT 1",
        [account],
    ).fetchone()
    return None if row is None else (row[0], row[1], row[2])
