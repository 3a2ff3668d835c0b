"""What holds of the books of an account after every event, for the tests that replay journals."""

import sqlite3
from decimal import Decimal

from rebalancer.events import HoldingsRead
from rebalancer.journal.books import recorded_events
from rebalancer.model import canonical
from rebalancer.portfolio.bookkeeping import Bookkeeper
from rebalancer.portfolio.books import Entry, total, total_cash

NONE = Decimal(0)


def replayed(journal: sqlite3.Connection, account: str) -> tuple[Bookkeeper, list[Entry]]:
    """The books of `account`, and all entries, with what holds checked after every event."""
    keeper, entries = Bookkeeper(), list[Entry]()
    for recorded in recorded_events(journal, account):
        made = keeper.enter(recorded)
        entries += made
        if isinstance(recorded.event, HoldingsRead) and recorded.event.phase in {"start", "end"}:
            require_broker(keeper, recorded.event)
    return keeper, entries


def require_broker(keeper: Bookkeeper, read: HoldingsRead) -> None:
    """Books and what is open add up to the broker's shares and cash, and the values to its equity, exactly."""
    shown: dict[str, Decimal] = {}
    for row in read.holdings:
        shown[canonical(row.symbol)] = shown.get(canonical(row.symbol), NONE) + row.quantity
    held = {symbol for book in keeper.books.values() for symbol in book.shares}
    for symbol in sorted({*shown, *held, *keeper.open_shares}):
        ours = total(keeper.books, symbol) + keeper.open_shares.get(symbol, NONE)
        assert ours == shown.get(symbol, NONE), f"{symbol}: {ours} in the books, {shown.get(symbol)} at the broker"
    assert total_cash(keeper.books) + keeper.open_cash == read.account.cash
    assert sum(keeper.valuations[-1].values.values()) == read.account.equity
