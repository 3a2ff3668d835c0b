"""The books of an account as a ledger: every entry a transaction, with what each owner has after each session."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Literal

from rebalancer.events import HoldingsRead
from rebalancer.journal.books import recorded_events
from rebalancer.journal.connection import reading
from rebalancer.model import Symbol
from rebalancer.portfolio.attribution import ZERO
from rebalancer.portfolio.bookkeeping import Bookkeeper, Recorded
from rebalancer.portfolio.books import Book, Books, Entry, Reason, post

Period = Literal["session", "month"]


@dataclass(frozen=True, slots=True)
class Posting:
    """One change of the book of `owner` ("": no bot's): of its cash, and of its shares of `symbol` and their cost.

    `held` and `held_cost` are what it has of the symbol after that. `fee` is in `cash` already.
    """

    owner: str
    cash: Decimal
    symbol: Symbol | None = None
    shares: Decimal = ZERO
    cost: Decimal = ZERO
    held: Decimal = ZERO
    held_cost: Decimal = ZERO
    fee: Decimal = ZERO
    crossed: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one event changed for one reason. `number` counts them from 1; `run` is 0 outside a run."""

    number: int
    session: date
    run: int
    reason: Reason
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """What every owner has after the last event of `session`, by the books.

    `broker_cash` is the broker's own figure, None where the books do not have all of it yet.
    """

    session: date
    books: Books
    broker_cash: Decimal | None


@dataclass(frozen=True, slots=True)
class AccountLedger:
    """In order of time: the transactions of a session before its balance."""

    account: str
    currency: str
    lines: tuple[Transaction | Balance, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written to `file`."""

    file: str
    first: date
    last: date
    transaction_count: int
    balance_count: int

    @classmethod
    def of(cls, file: Path, ledgers: Iterable[AccountLedger]) -> "Exported":
        lines = [line for ledger in ledgers for line in ledger.lines]
        days = sorted(line.session for line in lines)
        transactions = sum(isinstance(line, Transaction) for line in lines)
        return cls(str(file), days[0], days[-1], transactions, len(lines) - transactions)


def account_ledger(journal: Path, account: str, currency: str, every: Period) -> AccountLedger:
    """Raises RunFailedError for a journal that can't be read."""
    with reading(journal) as connection:
        lines = tuple(ledger_lines(recorded_events(connection, account)))
    last = {_period(each.session, every): each for each in lines if isinstance(each, Balance)}
    kept = tuple(each for each in lines if isinstance(each, Transaction) or last[_period(each.session, every)] is each)
    return AccountLedger(account, currency, kept)


def _period(session: date, every: Period) -> date:
    return session if every == "session" else session.replace(day=1)


def ledger_lines(recorded: Iterable[Recorded]) -> Iterator[Transaction | Balance]:
    """The transactions of each session, then its balance."""
    keeper, number, broker_cash = Bookkeeper(), 0, None
    for session, events in groupby(recorded, key=lambda each: each.session):
        for each in events:
            before = keeper.books
            for reason, entries in groupby(keeper.enter(each), key=lambda entry: entry.reason):
                number += 1
                made, before = _postings(before, entries)
                yield Transaction(number, session, each.run, reason, made)
            if isinstance(each.event, HoldingsRead):
                is_whole = not keeper.open_cash and each.event.phase == "end"
                broker_cash = each.event.account.cash if is_whole else None
        yield Balance(session, keeper.books, broker_cash)


def _postings(books: Books, entries: Iterable[Entry]) -> tuple[tuple[Posting, ...], Books]:
    made = []
    for entry in entries:
        after = post(books, [entry])
        made.append(_posting(entry, books.get(entry.owner, Book()), after[entry.owner]))
        books = after
    return tuple(made), books


def _posting(entry: Entry, before: Book, after: Book) -> Posting:
    symbol = entry.symbol
    if symbol is None:
        return Posting(entry.owner, entry.cash, fee=entry.fee)
    held, cost = after.shares.get(symbol, ZERO), after.costs.get(symbol, ZERO)
    shares, change = held - before.shares.get(symbol, ZERO), cost - before.costs.get(symbol, ZERO)
    return Posting(entry.owner, entry.cash, symbol, shares, change, held, cost, entry.fee, entry.crossed)
