"""The simulated broker's records: one account in one SQLite file. Amounts are decimal text, times are ISO text."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from rebalancer.errors import SourceError
from rebalancer.files import ensure_private
from rebalancer.journal.codec import Plain, from_columns, plain
from rebalancer.journal.connection import writing
from rebalancer.journal.sqlite import Database, Table
from rebalancer.model import Fill, Order, OrderId, OrderState, OrderStatus, Symbol, canonical

STATE_COLUMNS = tuple(field.name for field in fields(OrderState) if field.name != "by_amount")
ORDER_COLUMNS = (*STATE_COLUMNS, "worst_price", "expires")
FILL_COLUMNS = tuple(field.name for field in fields(Fill))


@dataclass(frozen=True, slots=True)
class RestingOrder:
    """An open order. Cash is reserved for it at `worst_price` dollars a share; it `expires` with its session."""

    state: OrderState
    worst_price: Decimal
    expires: datetime


class Book:
    """Every method but `close` is called inside `change`. Money in dollars, quantities in shares, aware times."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._db = database

    @classmethod
    def open(cls, path: Path, starting_cash: Decimal) -> Self:
        """The book in the file `path`; a new one with `starting_cash` dollars where there is none.

        Raises SourceError where the file can't be made or used.
        """
        _create_private_file(path)
        book = cls(path, Database(sqlite3.connect(path), execute_plugins=False, strict=True))
        try:
            book._prepare(starting_cash)
        except BaseException:
            book.close()
            raise
        return book

    def close(self) -> None:
        self._db.close()

    def _prepare(self, starting_cash: Decimal) -> None:
        with self._readable_errors():
            self._db.enable_wal()
            self._db.execute("PRAGMA synchronous = FULL")
        with self.change():
            known = self._db.table_names()
            if "orders" in known:
                self._index()
            if "looks" not in known:
                self._table("looks").create({"day": str, "equity": str, "deposited": str}, pk="day")
                self._table("deposits").create({"at": str, "dollars": str})
            if "account" in known:
                self._merge_spellings()
                return
            self._table("account").create({"cash": str, "last_event": str})
            self._table("positions").create({"symbol": str, "quantity": str}, pk="symbol")
            self._table("orders").create(dict.fromkeys(ORDER_COLUMNS, str), pk="id")
            self._table("fills").create(dict.fromkeys(FILL_COLUMNS, str), pk="execution_id")
            self._table("account").insert({"cash": str(starting_cash), "last_event": None})
            self._index()

    def _index(self) -> None:
        """For what each run asks of a book of years."""
        self._table("orders").create_index(["expires"], if_not_exists=True)
        self._table("fills").create_index(["order_id"], if_not_exists=True)
        self._table("fills").create_index(["symbol"], if_not_exists=True)

    def _merge_spellings(self) -> None:
        """Join positions that an earlier version kept under two spellings of one symbol, BRK-B and BRK.B."""
        held = [(row["symbol"], Decimal(row["quantity"])) for row in self._table("positions").rows]
        if all(canonical(written) == written for written, _ in held):
            return
        shares: dict[Symbol, Decimal] = {}
        for written, quantity in held:
            shares[canonical(written)] = shares.get(canonical(written), Decimal(0)) + quantity
        self._table("positions").delete_where()
        rows = [{"symbol": symbol, "quantity": str(quantity)} for symbol, quantity in shares.items()]
        self._table("positions").insert_all(rows)

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction: committed to disk at the end, rolled back where anything is raised.

        Raises SourceError where the file fails.
        """
        with self._readable_errors(), writing(self._db.conn):
            yield

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SourceError(
                f"the sim broker's file {self.path} can't be used ({error}). Free it or its disk, or move the file "
                "away to begin with a new account."
            ) from error

    @property
    def cash(self) -> Decimal:
        return Decimal(self._account()["cash"])

    @property
    def last_event(self) -> datetime | None:
        """The time of the last change; None in a new book."""
        text = self._account()["last_event"]
        return None if text is None else datetime.fromisoformat(text)

    def holdings(self) -> Mapping[Symbol, Decimal]:
        """Shares by symbol, sorted, without zeros."""
        rows = self._table("positions").rows_where(order_by="symbol")
        return {Symbol(row["symbol"]): Decimal(row["quantity"]) for row in rows}

    def orders(self, ids: Iterable[OrderId]) -> Mapping[OrderId, OrderState]:
        """Those of `ids` that are in the book."""
        rows = [row for order_id in ids for row in self._table("orders").rows_where("id = ?", [order_id])]
        return {OrderId(row["id"]): _state(row) for row in rows}

    def open_orders(self) -> tuple[RestingOrder, ...]:
        """In order of arrival."""
        rows = self._table("orders").rows_where("status = 'open'", order_by="rowid")
        return tuple(map(_resting, rows))

    def orders_since(self, since: datetime) -> tuple[OrderState, ...]:
        """Every order that expires after `since`, so every one placed at `since` or later, in order of arrival."""
        day_before = (since - timedelta(days=1)).date().isoformat()  # whatever the zone of the text
        rows = self._table("orders").rows_where("expires >= ?", [day_before], order_by="rowid")
        return tuple(_state(row) for row in rows if datetime.fromisoformat(row["expires"]) > since)

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        rows = self._table("fills").rows_where("order_id = ?", [order_id], order_by="rowid")
        return tuple(_fill(row) for row in rows)

    def last_fill(self, symbol: Symbol) -> Fill | None:
        rows = self._table("fills").rows_where("symbol = ?", [symbol], order_by="rowid desc", limit=1)
        return next(map(_fill, rows), None)

    def equity_on(self, day: date) -> tuple[Decimal, Decimal] | None:
        """Dollars: the last equity recorded on `day`, and net deposits since; None where none was recorded."""
        row = next(iter(self._table("looks").rows_where("day = ?", [day.isoformat()])), None)
        return None if row is None else (Decimal(row["equity"]), self._deposited() - Decimal(row["deposited"]))

    def _deposited(self) -> Decimal:
        """All deposits less withdrawals, in dollars."""
        return sum((Decimal(row["dollars"]) for row in self._table("deposits").rows), Decimal(0))

    def place(self, order: Order, worst_price: Decimal, expires: datetime, at: datetime) -> RestingOrder:
        """Record an accepted order."""
        resting = RestingOrder(order.opened(), worst_price, expires)
        row = {"worst_price": str(worst_price), "expires": expires.isoformat()}
        self._table("orders").insert(_row(resting.state, STATE_COLUMNS) | row)
        self._stamp(at)
        return resting

    def fill(self, state: OrderState, quantity: Decimal, price: Decimal, fee: Decimal, at: datetime) -> None:
        """Fill `quantity` shares of an order at `price`: records the fill, and updates order, position and cash."""
        earlier = self.fills(state.id)
        execution = Fill(f"{state.id}-{len(earlier) + 1}", state.id, state.symbol, state.side, quantity, price, fee, at)
        self._table("fills").insert(_row(execution, FILL_COLUMNS))
        filled = state.filled + quantity
        paid = quantity * price + sum(fill.quantity * fill.price for fill in earlier)
        status = "filled" if filled == state.quantity else "open"
        changes = {"filled": str(filled), "average_price": str(paid / filled), "status": status}
        self._table("orders").update(state.id, changes)
        sign = 1 if state.side == "buy" else -1
        self.move_shares(state.symbol, sign * quantity, at)
        self.move_cash(-sign * quantity * price - fee, at)

    def end(self, order_id: OrderId, status: OrderStatus, reason: str, at: datetime) -> None:
        self._table("orders").update(order_id, {"status": status, "reason": reason})
        self._stamp(at)

    def move_shares(self, symbol: Symbol, change: Decimal, at: datetime) -> None:
        quantity = self.holdings().get(symbol, Decimal(0)) + change
        if quantity:
            self._table("positions").upsert({"symbol": symbol, "quantity": str(quantity)}, pk="symbol")
        else:
            self._table("positions").delete_where("symbol = ?", [symbol])
        self._stamp(at)

    def move_cash(self, dollars: Decimal, at: datetime) -> None:
        self._db.execute("UPDATE account SET cash = ?", [str(self.cash + dollars)])
        self._stamp(at)

    def deposit(self, dollars: Decimal, at: datetime) -> None:
        """Record money paid in, or below 0 paid out, which is neither a gain nor a loss; cash stays as it is."""
        self._table("deposits").insert({"at": at.isoformat(), "dollars": str(dollars)})

    def record_equity(self, day: date, equity: Decimal) -> None:
        """Record the account's equity in dollars; the last record of a day counts."""
        row = {"day": day.isoformat(), "equity": str(equity), "deposited": str(self._deposited())}
        self._table("looks").upsert(row, pk="day")

    def _stamp(self, at: datetime) -> None:
        self._db.execute("UPDATE account SET last_event = ?", [at.isoformat()])

    def _account(self) -> dict[str, Any]:
        return next(iter(self._table("account").rows))

    def _table(self, name: str) -> Table:
        return self._db.table(name)


def _create_private_file(path: Path) -> None:
    if path.is_symlink():
        raise SourceError(f"the sim broker's file {path} is a link. Name the file itself.")
    try:
        ensure_private(path)
    except OSError as error:
        raise SourceError(f"the sim broker's file {path} can't be made: {error.strerror}") from error


def _resting(row: Mapping[str, Any]) -> RestingOrder:
    return RestingOrder(_state(row), Decimal(row["worst_price"]), datetime.fromisoformat(row["expires"]))


def _state(row: Mapping[str, Any]) -> OrderState:
    return from_columns(OrderState, {**row, "symbol": canonical(row["symbol"]), "by_amount": False})


def _fill(row: Mapping[str, Any]) -> Fill:
    return from_columns(Fill, {**row, "symbol": canonical(row["symbol"])})


def _row(value: OrderState | Fill, columns: Sequence[str]) -> dict[str, Plain]:
    return {name: plain(getattr(value, name)) for name in columns}
