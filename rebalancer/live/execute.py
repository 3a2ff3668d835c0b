"""Orders out, outcomes back. An order's intent is committed before it leaves; only the broker says what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.errors import SourceError, StoppedError
from rebalancer.events import FillSeen, OrderAnswered, OrderIntended, OrderSeen
from rebalancer.live.desk import Desk, Diary
from rebalancer.model import Absent, Accepted, Order, OrderId, OrderState, Outcome, Refused

POLL_SECONDS = 1.0
CANCEL_SECONDS = 30

Gate = Callable[[Order], str | None]
"""None lets an order pass; otherwise the sentence that says which limit it breaks."""


def execute(desk: Desk, diary: Diary, orders: Sequence[Order], gate: Gate, timeout: int) -> tuple[Outcome, ...]:
    """Send each order once, wait until all are terminal, cancel what is left after `timeout` seconds.

    Raises StoppedError if the broker shows an order of ours with other parameters, or a filled quantity that fell.
    """
    refused = {order.id: reason for order in orders if (reason := _send(desk, diary, order, gate)) is not None}
    watch = Watch(desk, diary, {order.id: order for order in orders if order.id not in refused})
    if not watch.until_terminal(timeout):
        watch.cancel_open()
        watch.until_terminal(CANCEL_SECONDS)
    outcomes = (watch.outcome(order) if order.id not in refused else _refusal(order, refused) for order in orders)
    return tuple(outcomes)


def _send(desk: Desk, diary: Diary, order: Order, gate: Gate) -> str | None:
    """The reason why the order does not stand at the broker; None where it does or may."""
    if (refusal := gate(order)) is not None:
        diary.note(refusal, "warning")
        return refusal
    diary.write(OrderIntended, order=order)
    match desk.broker.submit(order):
        case Accepted(state):
            verify(order, state)
            diary.write(OrderAnswered, order_id=order.id, answer="accepted")
        case Refused(reason):
            diary.write(OrderAnswered, order_id=order.id, answer="refused", reason=reason)
            return reason
        case unknown:
            diary.write(OrderAnswered, order_id=order.id, answer="unknown", reason=unknown.reason)
    return None


def _refusal(order: Order, refused: Mapping[OrderId, str]) -> Outcome:
    return Outcome(order, "refused", Decimal(0), None, refused[order.id])


def verify(order: Order, state: OrderState) -> None:
    """Raises StoppedError unless `state` is this very order: same id, symbol, side, quantity, kind and limit."""
    if not order.same_as(state):
        raise StoppedError(
            f"order {order.id} stands at the broker as {state.side} {state.quantity} {state.symbol} {state.kind} "
            f"{state.limit or ''}, but was written down as {order.side} {order.quantity} {order.symbol} {order.kind} "
            f"{order.limit or ''}. Look at the account before the next run."
        )


@dataclass(slots=True)
class Watch:
    """Follows orders by one list call a poll and journals every change: states first, then the fills behind them."""

    desk: Desk
    diary: Diary
    orders: Mapping[OrderId, Order]
    states: dict[OrderId, OrderState] = field(default_factory=dict)
    blind: bool = False

    def until_terminal(self, seconds: float) -> bool:
        """Poll until every order is terminal; False when `seconds` have passed first."""
        clock = self.desk.clock
        began = clock.now()
        while True:
            self._look()
            if all(order_id in self.states and self.states[order_id].terminal for order_id in self.orders):
                return True
            if (clock.now() - began).total_seconds() >= seconds:
                return False
            clock.sleep(POLL_SECONDS)

    def cancel_open(self) -> None:
        for order_id, order in self.orders.items():
            if order_id not in self.states or not self.states[order_id].terminal:
                self.diary.note(f"{order.symbol}: the {order.side} was not done in time; asking for its cancel")
                self.desk.broker.cancel(order_id)

    def outcome(self, order: Order) -> Outcome:
        if state := self.states.get(order.id):
            return Outcome(order, state.status, state.filled, state.average_price, state.reason)
        match self.desk.broker.find(order.id):
            case OrderState() as state:
                self._see(state)
                return Outcome(order, state.status, state.filled, state.average_price, state.reason)
            case Absent(conclusive=True):
                reason = "it never reached the broker"
                self.diary.write(OrderAnswered, order_id=order.id, answer="refused", reason=reason)
                return Outcome(order, "refused", Decimal(0), None, reason)
            case _:
                return Outcome(order, "unknown", Decimal(0), None, "the broker did not say whether it stands")

    def _look(self) -> None:
        pending = [order_id for order_id in self.orders if order_id not in self.states or self._moves(order_id)]
        try:
            seen = self.desk.broker.orders(pending) if pending else {}
        except SourceError as error:
            # A failed look decides nothing: the orders stay pending until the deadline, and the journal says why, once.
            if not self.blind:
                self.diary.note(f"the orders could not be read: {error}", "warning")
            self.blind = True
            return
        self.blind = False
        for state in seen.values():
            self._see(state)

    def _moves(self, order_id: OrderId) -> bool:
        return not self.states[order_id].terminal

    def _see(self, state: OrderState) -> None:
        verify(self.orders[state.id], state)
        before = self.states.get(state.id)
        if state == before:
            return
        if state.filled < (before.filled if before else 0) or state.filled > state.quantity:
            raise StoppedError(
                f"order {state.id} ({state.symbol}): the broker says {state.filled} of {state.quantity} filled, "
                f"after {before.filled if before else 0}. Look at the account before the next run."
            )
        self.states[state.id] = state
        journal_state(self.desk, self.diary, state)


def journal_state(desk: Desk, diary: Diary, state: OrderState) -> None:
    """Write down an order's state and every fill behind it; a fill that is known already is ignored by the journal."""
    diary.write(OrderSeen, state=state)
    if state.filled:
        for fill in desk.broker.fills(state.id):
            diary.write(FillSeen, fill=fill)
