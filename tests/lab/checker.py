"""The independent checker: it reads the venue's book and its requests, never the journal.

What it is told of the night is what the laboratory itself has done. The numbers are those of the facts.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from lab.market import SYMBOLS, UNUSABLE
from lab.owner import Owner
from lab.tickets import NONE, Ticket
from lab.venue import Venue
from rebalancer.model import NO_RUN, Order, Plan, RunId, Trade, Trading

MOST_INVESTED = Decimal("0.99")
DRIFT = Decimal("0.004")
"""What prices may move between the moment an order is sized and the moment it leaves."""
MAY_MISS = Decimal("0.0025")
"""The part of Investable by which a success may miss a target; by one share it always may."""
CUTOFF = timedelta(seconds=Trading().cutoff_seconds)
SKEW = timedelta(seconds=6)


class Violation(BaseException):
    """An invariant is broken. No program under test may catch it."""


@dataclass(slots=True)
class Night:
    """What the laboratory did tonight, as far as a rule depends on it."""

    split_pending: bool = False
    others: bool = False
    """Shares that are not the bots' may be held."""
    strangers: frozenset[str] = frozenset()
    """Our orders that the journal does not know any more."""
    meddled: bool = False
    """Somebody traded by hand or moved money while a run was going on, or the venue filled more than it was asked."""


@dataclass(slots=True)
class Checker:
    """`begin` tells it of each run and what its owner set; a run that goes on keeps its counts."""

    venue: Venue
    night: Night = field(default_factory=Night)
    run: RunId = NO_RUN
    owner: Owner | None = None
    bought: dict[RunId, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(dict))
    """Dollars by order, of each run's buys."""
    loss_of: date | None = None
    """The session in which the program has said that only sells are left."""
    halted: bool = False
    grace: int = 0
    """So many orders may still leave: a person's halt may come when one is written down."""
    in_flight: int = 0
    """So many orders may leave too late: the machine may fall asleep when one has passed the gate."""
    traded_beside: datetime | None = None
    """When another hand traded last."""
    planned: datetime | None = None
    """When the last plan was made."""
    requests: int = 0
    accepted: Counter[str] = field(default_factory=Counter)

    def begin(self, run: RunId, owner: Owner) -> None:
        self.run, self.owner = run, owner

    def begin_anew(self, *, halted: bool) -> None:
        """The journal is another one: it counts its runs anew."""
        self.halted = halted
        self.bought.clear()

    def leaving(self, order: Order) -> None:
        """Every rule that an order must keep at the moment it leaves."""
        self.requests += 1
        self._rule("I22", not self.halted or self.grace > 0, f"{order} left while the account was halted")
        self.grace -= self.halted
        self._rule("I13", order.symbol in SYMBOLS, f"{order} is for a symbol nobody named")
        self._rule("I13", order.quantity.is_finite() and order.quantity > 0, f"{order} has no quantity")
        self._rule("D6", not self.night.strangers, f"{order} left though {sorted(self.night.strangers)} are unknown")
        self._in_time(order)
        if self.is_only_repeated(order):
            return
        self._alone(order)
        if order.side == "sell":
            self._held(order)
        else:
            self._sells_are_over(order)
            self._room(order)
            self._sane_price(order)
            self._within_limits(order)
            self._no_loss(order)

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

    def reached(self, plan: Plan, held: Mapping[str, Decimal]) -> None:
        """What calls itself a success holds what was planned, unless the owner's own limits kept it from that."""
        if self.owner is None or not self.owner.generous or self.night.split_pending:
            return
        if self.loss_of == self.venue.market.session().day:
            return
        full = self._is_full() and not self._was_traded_beside()
        for trade in plan.trades:
            missed = self._missed(trade, plan.investable, held.get(trade.symbol, NONE))
            excused = missed <= 0 or full
            self._rule("T1", excused, f"a success, and {trade.symbol} is {missed} beyond what may be missed: {trade}")

    def _missed(self, trade: Trade, investable: Decimal, held: Decimal) -> Decimal:
        """Dollars beyond what a run may miss and still be a success, whichever price since the plan is the kindest."""
        assert self.owner
        trading, now = self.owner.trading, self.venue.price(trade.symbol)
        prices = [trade.price.value, now] if trade.price else [now]
        gap = min(abs(trade.target * investable // price - held) * price for price in prices)
        part = max(MAY_MISS, trading.drift_percent / 100)
        return gap - max(max(prices) * (1 + DRIFT), part * investable)

    def _is_full(self) -> bool:
        """99 % are invested, but for a share of the dearest."""
        dearest = max(self.venue.price(name) for name in SYMBOLS)
        return self.venue.long_value() + dearest >= MOST_INVESTED * self.venue.equity() * (1 - DRIFT)

    def _was_traded_beside(self) -> bool:
        return bool(self.traded_beside and self.planned and self.traded_beside >= self.planned)

    def _in_time(self, order: Order) -> None:
        session, now = self.venue.market.session(), self.venue.now
        last = self.venue.closes() - CUTOFF + SKEW
        in_time = session.opens <= now <= last
        self._rule("I10", in_time or self.in_flight > 0, f"{order} left at {now}, the last moment was {last}")
        self.in_flight = 0

    def is_only_repeated(self, order: Order) -> bool:
        """Whether it arrived meanwhile, as it may while the machine sleeps, at a venue that takes no id twice."""
        return self.venue.rules.ids == "for ever" and self.accepted[order.id] > 0

    def _alone(self, order: Order) -> None:
        """No second order of ours in the same direction stands, or is on its way."""
        others = [
            ticket for ticket in self._live(order.side) if ticket.symbol == order.symbol and ticket.id != order.id
        ]
        self._rule("I3", not others, f"{order} left while {others} stood")

    def _held(self, order: Order) -> None:
        coming = [ticket for ticket in self._live("sell") if ticket.symbol == order.symbol and ticket.id != order.id]
        free = self.venue.shares[order.symbol] - sum((ticket.left for ticket in coming), NONE)
        self._rule("I5", self.night.meddled or order.quantity <= free, f"{order} left, {free} could be sold")
        partial = order.quantity < self.venue.shares[order.symbol]
        ailment = self.venue.market.ails.get(order.symbol)
        allowed = not partial or ailment not in UNUSABLE or self.night.meddled or self.night.others
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
        # What the venue made of an order, nobody knows before it shows it.
        coming = sum((min(ticket.left, ticket.asked) * venue.price(ticket.symbol) for ticket in buys), NONE)
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

    def _within_limits(self, order: Order) -> None:
        """The owner's limits, as far as they are about buys; a run's own count is kept by what left before."""
        if self.owner is None or self.night.split_pending:
            return
        limits, venue = self.owner.limits, self.venue
        price, equity = venue.price(order.symbol) * (1 - DRIFT), venue.equity() * (1 + DRIFT)
        dollars, held = order.quantity * price, venue.shares[order.symbol] * price
        bought = self.bought[self.run]
        bought[order.id] = dollars
        refused = {ticket.id for ticket in venue.tickets if ticket.status == "refused"}
        total = sum((each for order_id, each in bought.items() if order_id not in refused), NONE)
        self._rule("I15", dollars <= limits.max_order_dollars, f"{order} is for {dollars}: {limits}")
        self._rule("I15", len(bought) <= limits.max_orders, f"{order} is the {len(bought)}th: {limits}")
        self._rule("I15", total <= limits.max_run_dollars, f"{order} makes {total}: {limits}")
        most = limits.max_turnover_percent / 100 * equity
        self._rule("I15", total <= most, f"{order} makes {total} of {equity}: {limits}")
        if not self.night.meddled and self.owner.trading.manage == "account":
            most = limits.max_symbol_percent / 100 * equity
            self._rule("I15", held + dollars <= most, f"{order} makes {held + dollars} of {equity}: {limits}")
        self._rule("I13", order.symbol not in limits.denied, f"{order} is denied")

    def _no_loss(self, order: Order) -> None:
        if self.owner is None or self.night.split_pending:
            return
        limits, venue = self.owner.limits, self.venue
        self._rule("I15", self.loss_of != venue.market.session().day, f"{order} left after the daily loss was hit")
        worth = (venue.equity() - venue.deposits) * (1 + DRIFT)
        least = venue.previous_equity * (1 - limits.max_daily_loss_percent / 100)
        self._rule("I15", worth >= least, f"{order} left at {worth}, after {venue.previous_equity}: {limits}")

    def _live(self, side: str) -> list[Ticket]:
        """Our tickets that stand, or that are on their way."""
        ours = [ticket for ticket in self.venue.tickets if ticket.ours and ticket.side == side]
        answered = {ticket.id for ticket in ours if ticket.status not in {"open", "coming"}}
        return [
            ticket
            for ticket in ours
            # What comes later than the venue promised, and was sent once more meanwhile, is over for the program.
            if ticket.status == "open" or (ticket.status == "coming" and ticket.id not in answered)
        ]

    def _rule(self, name: str, holds: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise Violation(f"{name}: {text}")
