"""What came of the orders that left. Only the broker says so, and every word of it is written down."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.errors import SourceError, StoppedError
from rebalancer.events import FillSeen, OrderAbsent, OrderLost, OrderSeen
from rebalancer.model import Absent, Found, Order, OrderId, OrderState, Outcome, Unknown
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog

POLL_SECONDS = 1.0
CANCEL_SECONDS = 30
ABSENCES = 2
"""So many times an order must not be there before its absence is believed."""
LAST_LOOKS_SECONDS = 10


@dataclass(slots=True)
class Watch:
    """Follows orders by one list call a poll and journals every change, each with the fills behind it."""

    context: RunContext
    log: RunLog
    orders: Mapping[OrderId, Order]
    states: dict[OrderId, OrderState] = field(default_factory=dict)
    blind: bool = False

    def until_terminal(self, seconds: float, poll: float = POLL_SECONDS) -> bool:
        """Look every `poll` seconds until every order is terminal; False when `seconds` have passed first."""
        for _ in looks(self.context, seconds, poll):
            self._look()
            if not self._pending():
                return True
            if self._left_to_the_auction():
                return False
        return False

    def cancel_open(self) -> None:
        if self._left_to_the_auction():
            self.log.note("the program was told to end: the next run counts what the closing auction fills", "warning")
            return
        for order_id in self._pending():
            order = self.orders[order_id]
            self.log.note(f"{order.symbol}: the {order.side} was not done in time; asking for its cancel")
            self.context.broker.cancel(order_id)

    def outcome(self, order: Order) -> Outcome:
        if state := self.states.get(order.id):
            return came_of(order, state)
        match look_up(self.context, [order.id])[order.id]:
            case OrderState() as state:
                trouble = self._seen(state)
                return came_of(order, state) if trouble is None else untold(order, trouble)
            case Absent():
                return gone(self.log, order, "it never reached the broker")
            case Unknown(reason):
                return untold(order, reason)

    def _pending(self) -> list[OrderId]:
        return [order_id for order_id in self.orders if not self._over(order_id)]

    def _left_to_the_auction(self) -> bool:
        """Told to end, nobody waits minutes for the close; what stands for its auction can't be cancelled then."""
        return self.context.shutdown_requested() and all(
            self.orders[order_id].kind == "moc" for order_id in self._pending()
        )

    def _over(self, order_id: OrderId) -> bool:
        return order_id in self.states and self.states[order_id].terminal

    def _look(self) -> None:
        """A failed look decides nothing: the orders stay pending until the deadline, and the journal says why, once."""
        trouble = None
        try:
            for state in self.context.broker.orders(self._pending()).values():
                trouble = self._seen(state) or trouble
        except SourceError as error:
            trouble = str(error)
        if trouble and not self.blind:
            self.log.note(f"the orders could not be read: {trouble}", "warning")
        self.blind = trouble is not None

    def _seen(self, state: OrderState) -> str | None:
        """Take a state in; or why not yet: the fills behind it are not all known."""
        verify(self.orders[state.id], state)
        before = self.states.get(state.id)
        if state == before:
            return None
        if state.filled < (before.filled if before else 0) or state.filled > state.quantity:
            raise StoppedError(
                f"order {state.id} ({state.symbol}): the broker says {state.filled} of {state.quantity} filled, "
                f"after {before.filled if before else 0}. {vouch(self.orders[state.id])}"
            )
        try:
            journal_state(self.context, self.log, state)
        except SourceError as error:
            return str(error)
        self.states[state.id] = state
        return None


def looks(context: RunContext, seconds: float, pause: float = POLL_SECONDS) -> Iterator[None]:
    """Now, and then every `pause` seconds, until `seconds` have passed, whatever the clock is set to meanwhile."""
    began = context.clock.elapsed()
    while True:
        yield
        if context.clock.elapsed() - began >= seconds:
            return
        context.clock.sleep(pause)


def look_up(context: RunContext, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState | Absent | Unknown]:
    """What the broker knows of each order: Absent only what was not there twice after the venue's quiet time.

    The time is counted by what is slept here, so that a clock that is set meanwhile does not shorten it.
    """
    quiet, waited, pause = context.broker.venue.quiet_seconds, 0.0, POLL_SECONDS
    found: dict[OrderId, Found] = {}
    absences: Counter[OrderId] = Counter()
    pending = list(ids)
    while True:
        late = waited >= quiet
        found |= {order_id: context.broker.find(order_id) for order_id in pending}
        absences.update(order_id for order_id in pending if late and isinstance(found[order_id], Absent))
        pending = [order_id for order_id in pending if not _decided(found[order_id], absences[order_id])]
        if not pending or waited >= quiet + LAST_LOOKS_SECONDS:
            break
        pause = POLL_SECONDS if late else min(pause, quiet - waited)
        context.clock.sleep(pause)
        waited, pause = waited + pause, 2 * pause
    return found | {order_id: _undecided(found[order_id]) for order_id in pending}


def _decided(found: Found, absences: int) -> bool:
    return isinstance(found, OrderState) or absences >= ABSENCES


def _undecided(found: Found) -> Unknown:
    return found if isinstance(found, Unknown) else Unknown("the broker did not say for sure whether it stands")


def verify(order: Order, state: OrderState) -> None:
    """Raises StoppedError unless `state` is this very order: same id, symbol, side, quantity, kind and limit."""
    if (other := mismatch(order, state)) is not None:
        raise StoppedError(other)


def mismatch(order: Order, state: OrderState) -> str | None:
    """How `state` is not this very order; None where it is."""
    if order.same_as(state):
        return None
    return (
        f"order {order.id} stands at the broker as {_terms(state)}, but was written down as {_terms(order)}. "
        f"{vouch(order)}"
    )


def _terms(order: Order | OrderState) -> str:
    limit = "" if order.limit is None else f" {order.limit}"
    return f"{order.side} {order.quantity} {order.symbol} {order.kind}{limit}"


def vouch(order: Order) -> str:
    """The way out where a person can explain what this program can't."""
    return (
        "Look at the account before the next run; if it is right as it is, say so with "
        f"`rebalance recover --account-for {order.id} --reason TEXT`."
    )


def journal_state(context: RunContext, log: RunLog, state: OrderState) -> None:
    """Write down an order's state and every fill behind it; a fill that is known already is ignored by the journal.

    Raises SourceError, and writes nothing, while the broker does not show every fill.
    """
    fills = context.broker.fills(state.id) if state.filled else ()
    log.write(OrderSeen(at=log.now(), state=state))
    for fill in fills:
        log.write(FillSeen(at=log.now(), fill=fill))


def gone(log: RunLog, order: Order, reason: str) -> Outcome:
    """Write down that an order was looked for and is not there, and is not sent again."""
    log.write(OrderAbsent(at=log.now(), order_id=order.id))
    log.write(OrderLost(at=log.now(), order_id=order.id, reason=reason))
    return Outcome(order, "lost", Decimal(0), None, reason)


def earlier_outcome(sent: OrderRecord) -> Outcome | None:
    """What came of an order that left before its run was cut off; None while it stands at the broker."""
    match sent.phase:
        case "filled" | "canceled" | "expired" | "rejected" | "refused" | "lost":
            return Outcome(sent.order, sent.phase, sent.filled, sent.average_price, sent.reason)
        case _:
            return None


def came_of(order: Order, state: OrderState) -> Outcome:
    return Outcome(order, state.status, state.filled, state.average_price, state.reason)


def untold(order: Order, reason: str) -> Outcome:
    return Outcome(order, "unknown", Decimal(0), None, reason)
