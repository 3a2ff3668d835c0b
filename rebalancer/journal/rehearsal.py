"""The journal of a dry run: it writes to its own file and reads what is ours from the real one."""

from dataclasses import dataclass, field

from rebalancer.events import Claim, Event, FillSeen
from rebalancer.journal.book import moved
from rebalancer.model import Fill, Order, RunId
from rebalancer.ports import AlreadyRun, Book, Journal


@dataclass(slots=True)
class Rehearsal:
    """`own` takes every event; `books` is only read, and moved by the fills of this dry run."""

    own: Journal
    books: Journal
    fills: list[Fill] = field(default_factory=list)

    def claim(self, claim: Claim) -> RunId | AlreadyRun:
        return self.own.claim(claim)

    def record(self, run: RunId, *events: Event) -> None:
        self.own.record(run, *events)
        self.fills.extend(event.fill for event in events if isinstance(event, FillSeen))

    def run_number(self, run: RunId) -> int:
        return self.own.run_number(run)

    def book(self, account: str) -> Book:
        book = self.books.book(account)
        expected = None if book.expected is None else moved(book.expected, self.fills)
        return Book(moved(book.ours, self.fills), expected)

    def unsettled(self, account: str) -> tuple[Order, ...]:
        return self.books.unsettled(account)
