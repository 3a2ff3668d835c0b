"""Invariants of orders: checked against the venue's own book as each order is sent, accepted and filled.

Nothing here reads the journal. README.md lists the invariants by number.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from lab.market import SYMBOLS, UNUSABLE
from lab.owner import Owner
from lab.venue import Venue
from lab.venue_orders import NONE, VenueOrder
from rebalancer.model import NO_RUN, Order, Plan, RunId, Trade, Trading

MOST_INVESTED = Decimal("0.99")
DRIFT = Decimal("0.004")
"""Tolerance for price moves between sizing and sending an order."""
MAY_MISS = Decimal("0.0025")
"""Part of Investable by which a successful run may miss a target; one share is always tolerated."""
CUTOFF = timedelta(seconds=Trading().cutoff_seconds)
SKEW = timedelta(seconds=6)


class Violation(BaseException):
    """An invariant is broken. A BaseException, so that the code under test can't catch it."""


@dataclass(slots=True)
class Disturbances:
    """What the simulation did today that exempts an order from an invariant."""

    split_pending: bool = False
    others: bool = False
    """The account may hold shares that are not managed."""
    unknown_orders: frozenset[str] = frozenset()
    """Orders with ids of our form that the journal does not know."""
    changed_outside: bool = False
    """A trade by hand or a transfer during a run, or an overfill by the venue."""


@dataclass(slots=True)
class OrderChecker:
    """`begin` starts a run with its owner's settings; a resumed run keeps its counts."""

    venue: Venue
    disturbances: Disturbances = field(default_factory=Disturbances)
    run: RunId = NO_RUN
    owner: Owner | None = None
    bought: dict[RunId, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(dict))
    """Dollars of each run's buys, by order id."""
    loss_of: date | None = None
    """The session in which the daily loss limit was hit: only sells follow."""
    halted: bool = False
    grace: int = 0
    """Orders still allowed after a halt: one may be journalled and about to be sent."""
    in_flight: int = 0
    """Orders allowed after the cut-off: the machine may sleep after an order passed its checks."""
    traded_externally: datetime | None = None
    """Time of the last external trade."""
    planned: datetime | None = None
    """Time of the last plan."""
    requests: int = 0
    accepted: Counter[str] = field(default_factory=Counter)

    def begin(self, run: RunId, owner: Owner) -> None:
        self.run, self.owner = run, owner

    def begin_anew(self, *, halted: bool) -> None:
        """The journal was replaced, and with it the run numbers."""
        self.halted = halted
        self.bought.clear()

    def sending(self, order: Order) -> None:
        """All invariants of an order at the moment it is sent."""
        self.requests += 1
        self._rule("I22", not self.halted or self.grace > 0, f"{order} left while the account was halted")
        self.grace -= self.halted
        self._rule("I13", order.symbol in SYMBOLS, f"{order} is for a symbol nobody named")
        self._rule("I13", order.quantity.is_finite() and order.quantity > 0, f"{order} has no quantity")
        self._rule(
            "D6",
            not self.disturbances.unknown_orders,
            f"{order} left though {sorted(self.disturbances.unknown_orders)} are unknown",
        )
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

    def watch(self, what: str, venue_order: VenueOrder) -> None:
        """Invariants of the venue's book after it accepted or executed an order."""
        if not venue_order.ours:
            return
        if what == "accepted":
            self.accepted[venue_order.id] += 1
            self._rule("I3", self.accepted[venue_order.id] == 1, f"{venue_order.id} was accepted twice")
            return
        if venue_order.filled > venue_order.asked:
            self.disturbances.changed_outside = True
        self._rule(
            "I5",
            self.disturbances.changed_outside or self.venue.shares[venue_order.symbol] >= 0,
            f"{venue_order.symbol} is held short",
        )
        if venue_order.side == "buy" and not self.disturbances.changed_outside:
            self._rule("I2", self.venue.cash >= 0, f"cash is {self.venue.cash}")

    def reached(self, plan: Plan, held: Mapping[str, Decimal]) -> None:
        """A successful run holds what it planned, except where the owner's limits prevented it."""
        if self.owner is None or not self.owner.has_default_limits or self.disturbances.split_pending:
            return
        if self.loss_of == self.venue.market.session().day:
            return
        full = self._is_full() and not self._was_traded_externally()
        for trade in plan.trades:
            missed = self._missed(trade, plan.investable, held.get(trade.symbol, NONE))
            excused = missed <= 0 or full
            self._rule("T1", excused, f"a success, and {trade.symbol} is {missed} beyond what may be missed: {trade}")

    def _missed(self, trade: Trade, investable: Decimal, held: Decimal) -> Decimal:
        """Dollars missed beyond the tolerance of a success, at the more favourable of planned and current price."""
        assert self.owner
        trading, now = self.owner.trading, self.venue.price(trade.symbol)
        prices = [trade.price.value, now] if trade.price else [now]
        gap = min(abs(trade.target * investable // price - held) * price for price in prices)
        part = max(MAY_MISS, trading.drift_percent / 100)
        return gap - max(max(prices) * (1 + DRIFT), part * investable)

    def _is_full(self) -> bool:
        """No room under the 99 % cap for one more share of every symbol."""
        dearest = max(self.venue.price(name) for name in SYMBOLS)
        return self.venue.long_value() + dearest >= MOST_INVESTED * self.venue.equity() * (1 - DRIFT)

    def _was_traded_externally(self) -> bool:
        return bool(self.traded_externally and self.planned and self.traded_externally >= self.planned)

    def _in_time(self, order: Order) -> None:
        session, now = self.venue.market.session(), self.venue.now
        last = self.venue.closes() - CUTOFF + SKEW
        in_time = session.opens <= now <= last
        self._rule("I10", in_time or self.in_flight > 0, f"{order} left at {now}, the last moment was {last}")
        self.in_flight = 0

    def is_only_repeated(self, order: Order) -> bool:
        """Whether it is a duplicate that the venue rejects: the first one arrived while the machine slept."""
        return self.venue.rules.ids == "for ever" and self.accepted[order.id] > 0

    def _alone(self, order: Order) -> None:
        """No other order of ours for this symbol and side is open or in flight."""
        others = [
            venue_order
            for venue_order in self._live(order.side)
            if venue_order.symbol == order.symbol and venue_order.id != order.id
        ]
        self._rule("I3", not others, f"{order} left while {others} stood")

    def _held(self, order: Order) -> None:
        coming = [
            venue_order
            for venue_order in self._live("sell")
            if venue_order.symbol == order.symbol and venue_order.id != order.id
        ]
        free = self.venue.shares[order.symbol] - sum((venue_order.left for venue_order in coming), NONE)
        self._rule(
            "I5", self.disturbances.changed_outside or order.quantity <= free, f"{order} left, {free} could be sold"
        )
        partial = order.quantity < self.venue.shares[order.symbol]
        price_fault = self.venue.market.price_faults.get(order.symbol)
        allowed = (
            not partial or price_fault not in UNUSABLE or self.disturbances.changed_outside or self.disturbances.others
        )
        self._rule("I11", allowed, f"{order} left as a partial sell though {price_fault}")

    def _sells_are_over(self, order: Order) -> None:
        standing = [venue_order for venue_order in self._live("sell") if not venue_order.overdue]
        self._rule("I6", not standing, f"{order} left before these sells were over: {standing}")

    def _room(self, order: Order) -> None:
        if self.disturbances.split_pending or self.disturbances.changed_outside:
            return
        venue = self.venue
        held = sum((max(NONE, shares) * venue.price(name) for name, shares in venue.shares.items()), NONE)
        buys = [
            venue_order for venue_order in self._live("buy") if venue_order.id != order.id and not venue_order.overdue
        ]
        # The venue may have enlarged an order; nobody can know before it is shown.
        coming = sum(
            (min(venue_order.left, venue_order.asked) * venue.price(venue_order.symbol) for venue_order in buys), NONE
        )
        total = held + coming + order.quantity * venue.price(order.symbol)
        most = MOST_INVESTED * venue.equity() * (1 + DRIFT)
        self._rule("I1", total <= most, f"{order} would make {total} invested of {venue.equity()}")

    def _sane_price(self, order: Order) -> None:
        price_fault = self.venue.market.price_faults.get(order.symbol)
        self._rule("I11", price_fault not in UNUSABLE, f"{order} left though {price_fault}")
        if order.limit is not None:
            ratio = order.limit / self.venue.price(order.symbol)
            sane = Decimal("0.9") < ratio < Decimal("1.1")
            self._rule("I11", sane, f"{order} has a limit of {ratio:.3f} times the price")

    def _within_limits(self, order: Order) -> None:
        """The owner's limits on buys, counted by the orders sent before."""
        if self.owner is None or self.disturbances.split_pending:
            return
        limits, venue = self.owner.limits, self.venue
        price, equity = venue.price(order.symbol) * (1 - DRIFT), venue.equity() * (1 + DRIFT)
        dollars, held = order.quantity * price, venue.shares[order.symbol] * price
        bought = self.bought[self.run]
        bought[order.id] = dollars
        refused = {venue_order.id for venue_order in venue.venue_orders if venue_order.status == "refused"}
        total = sum((each for order_id, each in bought.items() if order_id not in refused), NONE)
        self._rule("I15", dollars <= limits.max_order_dollars, f"{order} is for {dollars}: {limits}")
        self._rule("I15", len(bought) <= limits.max_orders, f"{order} is the {len(bought)}th: {limits}")
        self._rule("I15", total <= limits.max_run_dollars, f"{order} makes {total}: {limits}")
        most = limits.max_turnover_percent / 100 * equity
        self._rule("I15", total <= most, f"{order} makes {total} of {equity}: {limits}")
        if not self.disturbances.changed_outside and self.owner.trading.manage == "account":
            most = limits.max_symbol_percent / 100 * equity
            self._rule("I15", held + dollars <= most, f"{order} makes {held + dollars} of {equity}: {limits}")
        self._rule("I13", order.symbol not in limits.denied, f"{order} is denied")

    def _no_loss(self, order: Order) -> None:
        if self.owner is None or self.disturbances.split_pending:
            return
        limits, venue = self.owner.limits, self.venue
        self._rule("I15", self.loss_of != venue.market.session().day, f"{order} left after the daily loss was hit")
        worth = (venue.equity() - venue.deposits) * (1 + DRIFT)
        least = venue.previous_equity * (1 - limits.max_daily_loss_percent / 100)
        self._rule("I15", worth >= least, f"{order} left at {worth}, after {venue.previous_equity}: {limits}")

    def _live(self, side: str) -> list[VenueOrder]:
        """Our open and in-flight orders of a side."""
        ours = [venue_order for venue_order in self.venue.venue_orders if venue_order.ours and venue_order.side == side]
        answered = {venue_order.id for venue_order in ours if venue_order.status not in {"open", "coming"}}
        return [
            venue_order
            for venue_order in ours
            # Later than the venue guarantees, and already retried: settled as far as the program can know.
            if venue_order.status == "open" or (venue_order.status == "coming" and venue_order.id not in answered)
        ]

    def _rule(self, name: str, holds: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise Violation(f"{name}: {text}")
