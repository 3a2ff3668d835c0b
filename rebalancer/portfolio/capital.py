"""Capital: the money that is committed to a bot, and what comes to its book or leaves it without a trade."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from rebalancer.bookings import CapitalMoved, HandedOver
from rebalancer.model import Targets, canonical
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.books import Book, Books, Entry, Marks, unit_cost, value_of, worth
from rebalancer.portfolio.trades import target_value, to_decimal


def moved(bot: str, amount: Decimal) -> Iterator[Entry]:
    """Cash that no bot has becomes the bot's; where `amount` is below 0, the other way round."""
    yield Entry(bot, "capital", amount, capital=amount)
    yield Entry(UNASSIGNED, "capital", -amount, capital=-amount)


def moved_by_a_person(books: Books, marks: Marks, event: CapitalMoved | HandedOver) -> Iterator[Entry]:
    match event:
        case CapitalMoved(bot=bot, amount=amount):
            yield from moved(bot, amount)
        case HandedOver():
            yield from _handed_over(books, marks, event)


def _handed_over(books: Books, marks: Marks, event: HandedOver) -> Iterator[Entry]:
    """The shares keep their cost; the bot's capital shrinks by what the broker values them at."""
    symbol = canonical(event.symbol)
    cost = event.quantity * unit_cost(books.get(event.bot, Book()), symbol)
    value = worth(marks, symbol, event.quantity)
    for owner, sign in ((event.bot, -1), (UNASSIGNED, 1)):
        yield Entry(
            owner, "handed over", symbol=symbol, shares=sign * event.quantity, cost=sign * cost, capital=sign * value
        )


def capital_of_the_plan(
    books: Books,
    marks: Marks,
    targets: Targets,
    investable: Decimal,
    used: Mapping[str, Decimal | None],
    order: Iterable[str],
) -> Iterator[Entry]:
    """Brings each bot to its share of Investable. One that has no share any more gives back its cash.

    A bot whose book was `used` keeps what it has; it has None on its first evening, and gets its share then.
    """
    fractions = {share.bot: share.fraction for share in targets.shares}
    for owner in order:
        book = books.get(owner, Book())
        if owner == UNASSIGNED or used.get(owner) is not None:
            continue
        change = -book.cash
        if owner in fractions:
            change = target_value(to_decimal(fractions[owner]), investable) - value_of(book, marks)
        if change:
            yield from moved(owner, change)


def given_back(books: Books, closing: Iterable[str]) -> Iterator[Entry]:
    """What bots without a share have got for their shares."""
    for owner in closing:
        if cash := books[owner].cash:
            yield from moved(owner, -cash)
