"""The books of an account: what each bot owns of it, and what no bot owns. Every change is an entry.

The books add up to the broker's shares and cash after each reading of the account. What no event explains is never
given to a bot: it is unassigned, with its reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from rebalancer.model import RunId, Symbol
from rebalancer.portfolio.attribution import CENT, UNASSIGNED, ZERO

Reason = Literal[
    "opening",
    "capital",
    "trade",
    "crossing",
    "split",
    "rename",
    "adopted",
    "handed over",
    "spin-off",
    "dividend",
    "interest",
    "fee",
    "cash in lieu",
    "written off",
    "deposit",
    "withdrawal",
    "rounding",
    "trade by hand",
    "cash that no fill explains",
    "shares that no fill explains",
]
"""Why a book changed.

opening      what the account held when it was read for the first time
capital      money committed to a bot, or taken from it: each evening a bot is brought back to its share of Investable,
             unless its capital rolls over
trade        fills of the bot's part of an order
crossing     shares that passed between bots without an order
handed over  shares of a removed bot that its owner keeps: they count as taken out
spin-off     shares that came for those held before its ex-date; all cost stays with these
dividend     with the taxes on it, by the shares held before its ex-date
cash in lieu for fractions of shares that a split or the like left over, by the shares held before its ex-date
fee          one on trades by what was traded that day; others are no bot's, as interest is
rounding     cents that the broker rounded otherwise
"""
EXTERNAL: frozenset[Reason] = frozenset({"deposit", "withdrawal", "written off"})
"""Money that came to the account from outside, or left it: no gain and no loss."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the book of `owner`, a bot or UNASSIGNED: of its cash, or of its shares of `symbol`.

    `cost` is the change of what the shares cost, fees included. `capital` is money put in (> 0) or taken out. `fee` is
    in `cash` already; of the shares, `crossed` passed between two owners.
    """

    owner: str
    reason: Reason
    cash: Decimal = ZERO
    symbol: Symbol | None = None
    shares: Decimal = ZERO
    cost: Decimal = ZERO
    capital: Decimal = ZERO
    fee: Decimal = ZERO
    crossed: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Book:
    """What one owner has: `cash`, `shares` and what they cost, by symbol; symbols at 0 are left out.

    `paid_in`, `paid_out` and `fees` are sums since the beginning, >= 0. A bot's cash is below 0 where whole lots gave
    it more than its money, by less than a lot of each symbol, where it bought what it wants while what it no longer
    wants could not be sold, and between a withdrawal and the sales for it. Unassigned shares are below 0 where somebody
    else sold what a bot owned.
    """

    cash: Decimal = ZERO
    shares: Mapping[Symbol, Decimal] = field(default_factory=dict)
    costs: Mapping[Symbol, Decimal] = field(default_factory=dict)
    paid_in: Decimal = ZERO
    paid_out: Decimal = ZERO
    fees: Decimal = ZERO

    def after(self, entry: Entry) -> "Book":
        return Book(
            self.cash + entry.cash,
            *_moved(self, entry),
            self.paid_in + max(entry.capital, ZERO),
            self.paid_out + max(-entry.capital, ZERO),
            self.fees + entry.fee,
        )


def _moved(book: Book, entry: Entry) -> tuple[Mapping[Symbol, Decimal], Mapping[Symbol, Decimal]]:
    symbol = entry.symbol
    if symbol is None:
        return book.shares, book.costs
    shares = {**book.shares, symbol: book.shares.get(symbol, ZERO) + entry.shares}
    costs = {**book.costs, symbol: book.costs.get(symbol, ZERO) + entry.cost}
    if not shares[symbol]:
        del shares[symbol], costs[symbol]
    return shares, costs


Books = Mapping[str, Book]
"""By owner. Bots stand in the order in which they first got money; UNASSIGNED is one of them."""


def post(books: Books, entries: Iterable[Entry]) -> Books:
    after = dict(books)
    for entry in entries:
        after[entry.owner] = after.get(entry.owner, Book()).after(entry)
    return after


def total(books: Books, symbol: Symbol) -> Decimal:
    return sum((book.shares.get(symbol, ZERO) for book in books.values()), ZERO)


def total_cash(books: Books) -> Decimal:
    return sum((book.cash for book in books.values()), ZERO)


def owners(books: Books, first: Iterable[str] = ()) -> tuple[str, ...]:
    """The bots, those of `first` before the others, then UNASSIGNED."""
    return (*(owner for owner in dict.fromkeys((*first, *books)) if owner != UNASSIGNED), UNASSIGNED)


def unit_cost(book: Book, symbol: Symbol) -> Decimal:
    shares = book.shares.get(symbol, ZERO)
    return book.costs.get(symbol, ZERO) / shares if shares else ZERO


@dataclass(frozen=True, slots=True)
class Mark:
    """The broker's value of its whole position in a symbol; `quantity` is not 0."""

    quantity: Decimal
    value: Decimal

    def of(self, shares: Decimal) -> Decimal:
        """The value of `shares` of it, to the cent."""
        return (self.value * shares / self.quantity).quantize(CENT)


Marks = Mapping[Symbol, Mark]


def worth(marks: Marks, symbol: Symbol, shares: Decimal) -> Decimal:
    """0 for a symbol that the broker never valued."""
    return marks[symbol].of(shares) if symbol in marks else ZERO


def value_of(book: Book, marks: Marks) -> Decimal:
    """Cash and shares, to the cent; shares that the broker never valued count 0."""
    return book.cash + sum(
        (marks[symbol].of(shares) for symbol, shares in book.shares.items() if symbol in marks), ZERO
    )


def values(books: Books, marks: Marks, equity: Decimal) -> dict[str, Decimal]:
    """The value of each book; together the account's `equity`, as what the bots don't have is unassigned."""
    found = {owner: value_of(book, marks) for owner, book in books.items() if owner != UNASSIGNED}
    return {**found, UNASSIGNED: equity - sum(found.values(), ZERO)}


@dataclass(frozen=True, slots=True)
class Valuation:
    """The books by one reading of the account. `values` by owner add up to its `equity`.

    `flows` is the capital that each owner got, less what was taken from it, since the valuation before; it came when
    that one's prices held. `given_back` is what bots without a share gave back at this one, after their last sale.
    `paid_in` came to the account from outside, less what left it, and was first seen now.
    """

    run: RunId
    session: date
    at: datetime
    equity: Decimal
    paid_in: Decimal
    values: Mapping[str, Decimal]
    flows: Mapping[str, Decimal]
    given_back: Mapping[str, Decimal] = field(default_factory=dict)
