"""What changes books without an order: splits, renames, adoptions, write-offs, and unexplained changes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from rebalancer.bookings import SpunOff
from rebalancer.events import Adopted, Restated, WrittenOff
from rebalancer.model import Payment, Symbol, canonical
from rebalancer.portfolio.attribution import ANYONE, CENT, UNASSIGNED, ZERO, apportion, finest, restated
from rebalancer.portfolio.books import Book, Books, Entry, Marks, Reason, owners, total, unit_cost, worth


def unassigned_shares(books: Books, marks: Marks, reason: Reason, symbol: Symbol, shares: Decimal) -> Entry:
    """Shares that come cost what the broker values them at; those that go take their part of the cost along."""
    book = books[UNASSIGNED]
    cost = worth(marks, symbol, shares) if shares > 0 else shares * unit_cost(book, symbol)
    return Entry(UNASSIGNED, reason, symbol=symbol, shares=shares, cost=cost)


def restated_entries(books: Books, event: Restated) -> Iterator[Entry]:
    """A split, in proportion to the shares. A rename comes as two events: the second one moves the shares."""
    symbol, expected = canonical(event.symbol), event.expected
    old = symbol if event.was is None else canonical(event.was)
    if event.was is None and not expected:
        return
    reason: Reason = "split" if old == symbol else "rename"
    held = {owner: shares for owner, book in books.items() if (shares := book.shares.get(old))}
    after = restated(held, expected)
    for owner in dict.fromkeys((*held, *after)):
        shares, cost = held.get(owner, ZERO), books[owner].costs.get(old, ZERO)
        if old == symbol:
            yield Entry(owner, reason, symbol=symbol, shares=after[owner] - shares)
        else:
            yield Entry(owner, reason, symbol=old, shares=-shares, cost=-cost)
            yield Entry(owner, reason, symbol=symbol, shares=after[owner], cost=cost)


def adopted_entries(books: Books, marks: Marks, event: Adopted) -> Iterator[Entry]:
    """Adopted shares are unassigned until the next plan gives them to the bots. They cost the broker's average, or its
    value where it has none.
    """
    symbol, book = canonical(event.symbol), books[UNASSIGNED]
    cost = event.value if event.cost is None else event.cost
    if event.expected is not None and (beyond := event.expected - total(books, symbol)):
        entry = unassigned_shares(books, marks, "adopted", symbol, beyond)
        yield entry if event.cost is None or beyond != event.quantity else replace(entry, cost=cost)
    elif event.expected is None and book.shares.get(symbol, ZERO) >= event.quantity > 0:
        yield Entry(UNASSIGNED, "adopted", symbol=symbol, cost=cost - event.quantity * unit_cost(book, symbol))


def paid_entries(weights: Mapping[str, Decimal], payment: Payment) -> Iterator[Entry]:
    """By the owners' `weights`, to the cent; without any weight it is unassigned."""
    for owner, part in apportion(abs(payment.amount), weights or ANYONE, CENT).items():
        if part:
            cash = part.copy_sign(payment.amount)
            fee = -cash if payment.charged_on is not None else ZERO
            yield Entry(owner, payment.kind, cash, payment.symbol, fee=fee)


def spun_off_entries(held: Books, event: SpunOff) -> Iterator[Entry]:
    """Ours by the bots' shares of the source when they were `held` for it; the others are no bot's."""
    symbol, source = canonical(event.symbol), canonical(event.source)
    bots = (owner for owner in owners(held) if owner != UNASSIGNED)
    sources = {owner: found for owner in bots if (found := _shares(held, owner, source)) > 0}
    parts = apportion(event.quantity, sources, finest(event.quantity)) if event.quantity and sources else {}
    for owner, part in {**parts, UNASSIGNED: event.expected - sum(parts.values(), ZERO)}.items():
        if part:
            yield Entry(owner, "spin-off", symbol=symbol, shares=part)


def _shares(books: Books, owner: str, symbol: Symbol) -> Decimal:
    return books.get(owner, Book()).shares.get(symbol, ZERO)


def written_off_entries(books: Books, event: WrittenOff) -> Iterator[Entry]:
    """The value counts as taken out, not as lost, as the simulated broker counts it."""
    symbol = canonical(event.symbol)
    held = {owner: shares for owner, book in books.items() if (shares := book.shares.get(symbol))}
    positive = {owner: shares for owner, shares in held.items() if shares > 0}
    value = apportion(event.value, positive, CENT) if positive else {}
    for owner, shares in held.items():
        cost = books[owner].costs[symbol]
        capital = -value.get(owner, ZERO)
        yield Entry(owner, "written off", symbol=symbol, shares=-shares, cost=-cost, capital=capital)
