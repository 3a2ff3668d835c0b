"""Write-ahead invariants: an order is journalled before it is sent, and looked up twice before it is called absent."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lab.clock import LabClock
from lab.faulty_broker import OrderListener
from lab.order_checks import OrderChecker, Violation
from lab.reading_checks import ReadingChecker
from rebalancer.events import (
    DailyLossHit,
    Event,
    Halted,
    HaltLifted,
    HoldingsRead,
    OrderAbsent,
    OrderIntended,
    OrderResent,
    PlanMade,
    RunEnded,
)
from rebalancer.model import Order, Plan


@dataclass(slots=True)
class WriteAheadChecker(OrderListener):
    clock: LabClock
    checker: OrderChecker
    reading_checker: ReadingChecker
    success: Callable[[Plan], None]
    plan: Plan | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    allowed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    last: dict[str, datetime] = field(default_factory=dict)
    absences: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def journalled(self, event: Event) -> None:
        """`event` was committed."""
        match event:
            case OrderIntended(order=order):
                self.orders[order.id] = order
                self._may_be_sent(order.id)
            case OrderResent(order_id=order_id):
                self._may_be_sent(order_id)
            case OrderAbsent(order_id=order_id):
                self._was_looked_up_twice(order_id)
            case HoldingsRead():
                self.reading_checker.mark_recorded()
            case PlanMade(plan=plan):
                self.plan = plan
                self.checker.planned = self.clock.true
            case RunEnded(status="success") if self.plan:
                self.success(self.plan)
            case DailyLossHit():
                self.checker.loss_of = self.checker.venue.market.session().day
            case Halted(by=by):
                self.checker.halted = True
                on_its_way = self.allowed.total() > self.left.total()
                self.checker.grace = int(on_its_way and by != "rebalance")
            case HaltLifted():
                self.checker.halted = False

    def sending(self, order: Order) -> None:
        self.left[order.id] += 1
        self.last[order.id] = self.clock.true
        if self.left[order.id] > self.allowed[order.id] or self.orders[order.id] != order:
            raise Violation(f"I7: {order} left and was not written down like this before")
        self.checker.sending(order)
        self.reading_checker.sending(order, again=self.left[order.id] > 1)

    def looked_up(self, order_id: str, *, found: bool) -> None:
        if not found:
            self.absences[order_id].append(self.clock.true)

    def _may_be_sent(self, order_id: str) -> None:
        self.allowed[order_id] += 1
        self.last[order_id] = self.clock.true

    def _was_looked_up_twice(self, order_id: str) -> None:
        believable = self.last[order_id] + timedelta(seconds=self.checker.venue.rules.quiet)
        looks = [moment for moment in self.absences[order_id] if moment >= believable]
        if len(looks) < 2:
            raise Violation(f"I21: {order_id} was called absent after {len(looks)} looks past the quiet time")
