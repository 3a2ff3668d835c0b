"""The independent checker: it reads the venue's book and its requests, never the journal.

What it is told of the night is what the laboratory itself has done. The numbers are those of the facts.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from lab.market import SYMBOLS, UNUSABLE
from lab.venue import Ticket, Venue
from rebalancer.model import Order

NONE = Decimal(0)
MOST_INVESTED = Decimal("0.99")
DRIFT = Decimal("0.004")
"""What prices may move between the moment an order is sized and the moment it leaves."""
SKEW = timedelta(seconds=6)


class Violation(BaseException):
    """An invariant is broken. No program under test may catch it."""


@dataclass(slots=True)
class Night:
    """What the laboratory did tonight, as far as a rule depends on it."""

    cutoff: timedelta
    clock_stepped: timedelta = timedelta(0)
    split_pending: bool = False
    meddled: bool = False
    """Somebody traded by hand or moved money while a run was going on, or the venue filled more than it was asked."""


@dataclass(slots=True)
class Checker:
    venue: Venue
    night: Night
    halted: bool = False
    grace: int = 0
    """So many orders may still leave: a person's halt may come when one has passed the gate."""
    requests: int = 0
    accepted: Counter[str] = field(default_factory=Counter)

    def leaving(self, order: Order) -> None:
        """Every rule that an order must keep at the moment it leaves."""
        self.requests += 1
        self._rule("I22", not self.halted or self.grace > 0, f"{order} left while the account was halted")
        self.grace -= self.halted
        self._rule("I13", order.symbol in SYMBOLS, f"{order} is for a symbol nobody named")
        self._rule("I13", order.quantity.is_finite() and order.quantity > 0, f"{order} has no quantity")
        self._in_time(order)
        self._alone(order)
        if order.side == "sell":
            self._held(order)
        else:
            self._sells_are_over(order)
            self._room(order)
            self._sane_price(order)

    def watch(self, what: str, ticket: Ticket) -> None:
        """What the venue's own book shows after it took an order, or filled one."""
        if not ticket.ours:
            return
        if what == "accepted":
            self.accepted[ticket.id] += 1
            self._rule("I3", self.accepted[ticket.id] == 1, f"{ticket.id} was accepted twice")
            return
        if ticket.filled > ticket.asked:
            self.night.meddled = True
        self._rule("I5", self.night.meddled or self.venue.shares[ticket.symbol] >= 0, f"{ticket.symbol} is held short")
        if ticket.side == "buy" and not self.night.meddled:
            self._rule("I2", self.venue.cash >= 0, f"cash is {self.venue.cash}")

    def _in_time(self, order: Order) -> None:
        session, now = self.venue.market.session(), self.venue.now
        last = self.venue.closes() - self.night.cutoff + SKEW + self.night.clock_stepped
        self._rule("I10", session.opens <= now <= last, f"{order} left at {now}, the last moment was {last}")

    def _alone(self, order: Order) -> None:
        """No second order of ours in the same direction stands, or is on its way."""
        others = [ticket for ticket in self._live(order.side) if ticket.symbol == order.symbol and ticket.id != order.id]
        self._rule("I3", not others, f"{order} left while {others} stood")

    def _held(self, order: Order) -> None:
        coming = [ticket for ticket in self._live("sell") if ticket.symbol == order.symbol and ticket.id != order.id]
        free = self.venue.shares[order.symbol] - sum((ticket.left for ticket in coming), NONE)
        self._rule("I5", self.night.meddled or order.quantity <= free, f"{order} left, {free} could be sold")
        partial = order.quantity < self.venue.shares[order.symbol]
        ailment = self.venue.market.ails.get(order.symbol)
        allowed = not partial or ailment not in UNUSABLE or self.night.meddled
        self._rule("I11", allowed, f"{order} left as a partial sell though {ailment}")

    def _sells_are_over(self, order: Order) -> None:
        standing = [ticket for ticket in self._live("sell") if not ticket.overdue]
        self._rule("I6", not standing, f"{order} left before these sells were over: {standing}")

    def _room(self, order: Order) -> None:
        if self.night.split_pending or self.night.meddled:
            return
        venue = self.venue
        held = sum((max(NONE, shares) * venue.price(name) for name, shares in venue.shares.items()), NONE)
        buys = [ticket for ticket in self._live("buy") if ticket.id != order.id and not ticket.overdue]
        coming = sum((ticket.left * venue.price(ticket.symbol) for ticket in buys), NONE)
        total = held + coming + order.quantity * venue.price(order.symbol)
        most = MOST_INVESTED * venue.equity() * (1 + DRIFT)
        self._rule("I1", total <= most, f"{order} would make {total} invested of {venue.equity()}")

    def _sane_price(self, order: Order) -> None:
        ailment = self.venue.market.ails.get(order.symbol)
        self._rule("I11", ailment not in UNUSABLE, f"{order} left though {ailment}")
        if order.limit is not None:
            ratio = order.limit / self.venue.price(order.symbol)
            sane = Decimal("0.9") < ratio < Decimal("1.1")
            self._rule("I11", sane, f"{order} has a limit of {ratio:.3f} times the price")

    def _live(self, side: str) -> list[Ticket]:
        """Our tickets that stand, or that are on their way."""
        return [
            ticket
            for ticket in self.venue.tickets
            if ticket.side == side and ticket.ours and ticket.status in {"open", "coming"}
        ]

    def _rule(self, name: str, holds: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise Violation(f"{name}: {text}")
