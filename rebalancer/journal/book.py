"""What the journal says an account holds: its last record, moved by the fills since. Reads through any connection."""

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from rebalancer.model import Fill, OrderId, Symbol
from rebalancer.ports import Book

NONE = Decimal(0)


def read_book(connection: sqlite3.Connection, account: str) -> Book:
    """The book of `account`. Shares of ours are never below 0, and symbols at 0 are left out."""
    seq = last_record(connection, account)
    fills = read_fills(connection, account, after=seq or 0)
    adopted = adoptions(connection, account, after=seq or 0)
    rows = connection.execute("SELECT symbol, ours, quantity FROM holdings WHERE seq = ?", [seq]).fetchall()
    recorded = {Symbol(symbol): Decimal(ours) for symbol, ours, _ in rows}
    ours = moved(
        {symbol: recorded.get(symbol, NONE) + adopted.get(symbol, NONE) for symbol in {*recorded, *adopted}}, fills
    )
    shown = moved({Symbol(symbol): Decimal(quantity) for symbol, _, quantity in rows}, fills)
    return Book(
        ours={symbol: shares for symbol, shares in ours.items() if shares > 0},
        expected=None if seq is None else {symbol: shares for symbol, shares in shown.items() if shares},
    )


def last_record(connection: sqlite3.Connection, account: str) -> int | None:
    """The `seq` of the last holdings read at the start or the end of a run.

    A read between sells and buys doesn't count: a broker's list may lag behind the fills of that very minute.
    """
    row = connection.execute(
        "SELECT MAX(balances.seq) FROM balances JOIN runs ON runs.id = balances.run"
        " WHERE runs.account = ? AND balances.phase IN ('start', 'end')",
        [account],
    ).fetchone()
    seq: int | None = row[0]
    return seq


def read_fills(
    connection: sqlite3.Connection, account: str, *, after: int = 0, order_id: str | None = None
) -> tuple[Fill, ...]:
    """Our fills in the order they were journalled: those after the event `after`, or of one order, only."""
    rows = connection.execute(
        "SELECT execution_id, order_id, symbol, side, quantity, price, fee, at FROM fills"
        " WHERE account = :account AND seq > :after AND (:order IS NULL OR order_id = :order) ORDER BY seq",
        {"account": account, "after": after, "order": order_id},
    )
    return tuple(
        Fill(
            execution_id,
            OrderId(order_id),
            Symbol(symbol),
            side,
            Decimal(quantity),
            Decimal(price),
            Decimal(fee),
            datetime.fromisoformat(at),
        )
        for execution_id, order_id, symbol, side, quantity, price, fee, at in rows
    )


def adoptions(connection: sqlite3.Connection, account: str, *, after: int = 0) -> Mapping[Symbol, Decimal]:
    """The shares that a person handed over after the event `after`, by symbol."""
    rows = connection.execute(
        "SELECT symbol, quantity FROM adoptions WHERE account = ? AND seq > ? ORDER BY seq", [account, after]
    )
    adopted: dict[Symbol, Decimal] = {}
    for symbol, quantity in rows:
        adopted[Symbol(symbol)] = adopted.get(Symbol(symbol), NONE) + Decimal(quantity)
    return adopted


def moved(shares: Mapping[Symbol, Decimal], fills: Iterable[Fill]) -> Mapping[Symbol, Decimal]:
    """`shares` after `fills`, sorted by symbol."""
    after = dict(shares)
    for fill in fills:
        change = fill.quantity if fill.side == "buy" else -fill.quantity
        after[fill.symbol] = after.get(fill.symbol, NONE) + change
    return dict(sorted(after.items()))


def costs(fills: Iterable[Fill]) -> Mapping[Symbol, Decimal]:
    """Dollars a share of ours cost on average, fees of the buys included; a sell leaves the average as it is."""
    shares: dict[Symbol, Decimal] = {}
    paid: dict[Symbol, Decimal] = {}
    for fill in fills:
        held, cost = shares.get(fill.symbol, NONE), paid.get(fill.symbol, NONE)
        if fill.side == "buy":
            shares[fill.symbol], paid[fill.symbol] = held + fill.quantity, cost + fill.quantity * fill.price + fill.fee
        else:
            left = max(held - fill.quantity, NONE)
            shares[fill.symbol], paid[fill.symbol] = left, cost * left / held if held else NONE
    return {symbol: paid[symbol] / held for symbol, held in sorted(shares.items()) if held}
