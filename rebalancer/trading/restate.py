"""Splits and renames since the last record, written into the book before what is held is judged."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rebalancer.events import Noted
from rebalancer.model import CorporateAction, Difference, Holdings, Position, Symbol
from rebalancer.portfolio.breaks import stay_open, told, waits
from rebalancer.portfolio.holdings import differences
from rebalancer.portfolio.restate import restatements, unbooked_splits
from rebalancer.ports import Book
from rebalancer.trading.context import RunContext, RunLog


def restate(context: RunContext, log: RunLog, positions: Sequence[Position]) -> Book:
    """The book, with our shares restated where an announced split or rename made up what the broker shows now.

    Raises SourceError where the announcements can't be read. That ends the run before it records what is held: a record
    of the new quantities would make the old ones forgotten, and with them which shares are ours.
    """
    book, today = context.journal.book(context.account), log.session.day
    if book.expected is None or book.recorded is None or not book.recorded <= today:
        return book
    found = differences(positions, book.expected)
    changed = [symbol for symbol in found if symbol not in book.open or waits(book.open[symbol], today)]
    if not changed:
        return book
    first = min([book.recorded, *(book.open[symbol].recorded for symbol in changed if symbol in book.open)])
    events = restatements(
        positions,
        book.ours,
        book.expected,
        context.history.actions(changed, first, today),
        recorded=book.recorded,
        restated=book.restated,
        today=today,
        account=context.account,
        at=context.clock.now(),
        unexplained=book.open,
    )
    if not events:
        return book
    notes = (Noted(event.at, "note", f"{event.symbol}: {event.why}") for event in events)
    context.journal.record(log.run, *events, *notes)  # together: half a rename would lose the shares
    return context.journal.book(context.account)


def left_open(
    context: RunContext, book: Book, positions: Sequence[Position], today: date, *, start: bool
) -> Mapping[Symbol, Difference]:
    """The differences that the record of `positions` leaves open. A broker books a split between two sessions: what
    moved after the `start` of a run is somebody's trade.
    """
    if book.expected is None or book.recorded is None:
        return {}
    found = differences(positions, book.expected)
    ours = book.expected if context.trading.manage == "account" else book.ours
    return stay_open(found, ours if start else (), book.open, book.recorded, today)


def say_what_is_open(context: RunContext, log: RunLog, found: Mapping[Symbol, Difference]) -> None:
    for symbol, difference in found.items():
        if symbol not in context.trading.protected:
            log.note(f"{symbol}: {told(symbol, difference, log.session.day)}", "warning")


def unbooked(log: RunLog, book: Book, holdings: Holdings, actions: Sequence[CorporateAction]) -> Mapping[Symbol, str]:
    """What is left alone tonight because the broker has not booked its split yet, each with a warning.

    `book` is the one `restate` gave: once tonight's quantities are recorded nobody knows they are the old ones.
    """
    if book.recorded is None:
        return {}
    found = unbooked_splits(
        holdings.managed, actions, recorded=book.recorded, restated=book.restated, today=log.session.day
    )
    for symbol, reason in found.items():
        log.note(f"{symbol}: {reason}", "warning")
    return found


def misjudged(symbols: Iterable[Symbol], pending: Mapping[Symbol, str]) -> Mapping[Symbol, str]:
    """While a split is not booked the account's value is not the true one, and every size made of it is wrong."""
    if not pending:
        return {}
    reason = f"the account's value is not the true one while {', '.join(sorted(pending))} waits for its split"
    return dict.fromkeys(sorted(symbols), reason)
