"""Who watches the journal's border and the line's together: what was written before what left, and seen before said."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lab.checker import Checker, Violation
from lab.clock import LabClock
from lab.line import Told
from lab.readings import Readings
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
class Witness(Told):
    clock: LabClock
    checker: Checker
    readings: Readings
    success: Callable[[Plan], None]
    plan: Plan | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    allowed: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    last: dict[str, datetime] = field(default_factory=dict)
    absences: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def wrote(self, event: Event) -> None:
        """`event` is on disk."""
        match event:
            case OrderIntended(order=order):
                self.orders[order.id] = order
                self._may_leave(order.id)
            case OrderResent(order_id=order_id):
                self._may_leave(order_id)
            case OrderAbsent(order_id=order_id):
                self._looked_twice(order_id)
            case HoldingsRead():
                self.readings.written()
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

    def leaving(self, order: Order) -> None:
        self.left[order.id] += 1
        self.last[order.id] = self.clock.true
        if self.left[order.id] > self.allowed[order.id] or self.orders[order.id] != order:
            raise Violation(f"I7: {order} left and was not written down like this before")
        self.checker.leaving(order)
        self.readings.leaving(order, again=self.left[order.id] > 1)

    def looked(self, order_id: str, *, there: bool) -> None:
        if not there:
            self.absences[order_id].append(self.clock.true)

    def _may_leave(self, order_id: str) -> None:
        self.allowed[order_id] += 1
        self.last[order_id] = self.clock.true

    def _looked_twice(self, order_id: str) -> None:
        believable = self.last[order_id] + timedelta(seconds=self.checker.venue.rules.quiet)
        looks = [moment for moment in self.absences[order_id] if moment >= believable]
        if len(looks) < 2:
            raise Violation(f"I21: {order_id} was called absent after {len(looks)} looks past the quiet time")
