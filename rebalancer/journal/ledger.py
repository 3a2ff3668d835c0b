"""An account's ledger: the holdings last recorded, plus every fill and correction journalled since.

Works on any connection to a journal.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from rebalancer.bookings import HandedOver, SpunOff
from rebalancer.events import Adopted, FillSeen, Restated, WrittenOff
from rebalancer.journal.codec import from_body
from rebalancer.model import Difference, Fill, Rename, Symbol, canonical
from rebalancer.ports import Ledger

NONE = Decimal(0)

Change = Fill | Adopted | HandedOver | Restated | SpunOff | WrittenOff
"""What changes a ledger: a fill moves `ours` and `expected`, an adoption `ours`, and so does what is handed over to the
owner; a restatement and a spin-off set both, a write-off removes the symbol from both.
"""


def read_ledger(connection: sqlite3.Connection, account: str) -> Ledger:
    seq, session = last_record(connection, account)
    rows = connection.execute(
        "SELECT symbol, ours, COALESCE(counted, quantity), COALESCE(counted_value, value), quantity, opened, counted_on"
        " FROM holdings WHERE seq = ?",
        [seq],
    ).fetchall()
    recorded = Ledger(
        ours=_by_symbol((symbol, ours) for symbol, ours, *_ in rows),
        expected=None if session is None else _by_symbol((symbol, quantity) for symbol, _, quantity, *_ in rows),
        recorded=session,
        restated=_last_restated(connection, account),
        values=_by_symbol((symbol, value) for symbol, _, _, value, *_ in rows),
        open={canonical(symbol): _difference(*rest) for symbol, _, _, _, *rest in rows if None not in rest},
        renames=_renames(connection, account),
        opened=_first_session(connection, account),
    )
    return with_changes(recorded, read_changes(connection, account, after=seq))


def _difference(shown: str, opened: str, counted_on: str) -> Difference:
    return Difference(Decimal(shown), date.fromisoformat(counted_on), date.fromisoformat(opened))


def _by_symbol(rows: Iterable[tuple[str, str]]) -> dict[Symbol, Decimal]:
    """Amounts added up by canonical symbol: an earlier version stored two spellings of one share class separately."""
    found: dict[Symbol, Decimal] = {}
    for written, amount in rows:
        found[canonical(written)] = found.get(canonical(written), NONE) + Decimal(amount)
    return found


def with_changes(ledger: Ledger, changes: Iterable[Change]) -> Ledger:
    """`ledger` after `changes`, sorted by symbol. `ours` is never negative; symbols at 0 are left out."""
    ours, expected, values = dict(ledger.ours), dict(ledger.expected or {}), dict(ledger.values)
    unexplained = dict(ledger.open)
    for change in changes:
        symbol = change.symbol
        match change:
            case Fill():
                step = change.quantity if change.side == "buy" else -change.quantity
                ours[symbol] = ours.get(symbol, NONE) + step
                expected[symbol] = expected.get(symbol, NONE) + step
                values[symbol] = values.get(symbol, NONE) + step * change.price
            case Adopted():
                ours[symbol] = ours.get(symbol, NONE) + change.quantity
                if change.expected is not None:
                    ours[symbol], expected[symbol] = min(ours[symbol], change.expected), change.expected
                    values.pop(symbol, None)
                    unexplained.pop(symbol, None)
            case HandedOver():
                ours[symbol] = ours.get(symbol, NONE) - change.quantity
            case SpunOff():
                ours[symbol], expected[symbol] = change.quantity, change.expected
            case Restated():
                ours[symbol], expected[symbol] = change.ours, change.expected
                values.pop(symbol, None)
                unexplained.pop(symbol, None)
            case WrittenOff():
                for column in (ours, expected, values, unexplained):
                    column.pop(symbol, None)
    mine = {symbol: shares for symbol, shares in sorted(ours.items()) if shares > 0}
    there = {symbol: shares for symbol, shares in sorted(expected.items()) if shares}
    worth = {symbol: dollars for symbol, dollars in values.items() if symbol in there}
    counted = None if ledger.expected is None else there
    return replace(ledger, ours=mine, expected=counted, values=worth, open=unexplained)


def last_record(connection: sqlite3.Connection, account: str) -> tuple[int, date | None]:
    """The `seq` and session of the last holdings read at the start or end of a run; 0 and None before the first.

    Holdings read between sells and buys don't count: the broker's positions may lag behind the latest fills.
    """
    row = connection.execute(
        "SELECT balances.seq, runs.session FROM balances JOIN runs ON runs.id = balances.run"
        " WHERE runs.account = ? AND balances.phase IN ('start', 'end') ORDER BY balances.seq DESC LIMIT 1",
        [account],
    ).fetchone()
    return (0, None) if row is None else (row[0], date.fromisoformat(row[1]))


def _first_session(connection: sqlite3.Connection, account: str) -> date | None:
    """That of the first run that read the account; None before it."""
    row = connection.execute(
        "SELECT session FROM runs WHERE account = ? AND EXISTS (SELECT 1 FROM balances WHERE run = runs.id)"
        " ORDER BY session LIMIT 1",
        [account],
    ).fetchone()
    return None if row is None else date.fromisoformat(row[0])


def read_changes(connection: sqlite3.Connection, account: str, *, after: int) -> tuple[Change, ...]:
    """What changed the ledger since the event `after`, in journal order."""
    return _changes(
        connection,
        # The plus keeps SQLite from the index of accounts, which leads to the fills of all years.
        "SELECT seq FROM fills WHERE seq > :after AND +account = :account"
        " UNION ALL SELECT seq FROM adoptions WHERE seq > :after AND account = :account"
        " UNION ALL SELECT seq FROM restatements WHERE seq > :after AND account = :account"
        " UNION ALL SELECT seq FROM events WHERE seq > :after AND kind IN ('WrittenOff', 'HandedOver', 'SpunOff')"
        " AND json_extract(body, '$.account') = :account",
        {"account": account, "after": after},
    )


def read_fills(connection: sqlite3.Connection, order_id: str) -> tuple[Fill, ...]:
    """The fills of one order, in journal order."""
    changes = _changes(connection, "SELECT seq FROM fills WHERE order_id = :order", {"order": order_id, "after": 0})
    return tuple(change for change in changes if isinstance(change, Fill))


def _changes(connection: sqlite3.Connection, which: str, values: Mapping[str, object]) -> tuple[Change, ...]:
    """The events `which` selects. The projections have each execution once; an event may repeat one."""
    rows = connection.execute(
        f"SELECT kind, body FROM ({which}) JOIN events USING (seq) WHERE seq > :after ORDER BY seq", values
    )
    return tuple(_change(from_body(kind, body)) for kind, body in rows)


def _change(event: FillSeen | Adopted | HandedOver | Restated | SpunOff | WrittenOff) -> Change:
    change = event.fill if isinstance(event, FillSeen) else event
    return replace(change, symbol=canonical(change.symbol))


def renamed(change: Restated) -> Rename | None:
    """The rename that a restatement records; None where it records a split."""
    if change.was is None or change.renamed_on is None:
        return None
    return Rename(change.was, change.symbol, change.renamed_on)


def _renames(connection: sqlite3.Connection, account: str) -> tuple[Rename, ...]:
    rows = connection.execute(
        "SELECT was, symbol, renamed_on FROM restatements WHERE account = ? AND was IS NOT NULL ORDER BY seq", [account]
    )
    return tuple(Rename(canonical(was), canonical(symbol), date.fromisoformat(day)) for was, symbol, day in rows)


def _last_restated(connection: sqlite3.Connection, account: str) -> dict[Symbol, date]:
    rows = connection.execute(
        "SELECT symbol, max(session) FROM restatements JOIN runs ON runs.id = restatements.run"
        " WHERE restatements.account = ? GROUP BY symbol",
        [account],
    )
    return {canonical(symbol): date.fromisoformat(session) for symbol, session in rows}
