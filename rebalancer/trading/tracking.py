"""Order tracking: asks the broker for the state of sent orders, and journals every change."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rebalancer.errors import SourceError, StoppedError
from rebalancer.events import FillSeen, OrderAbsent, OrderLost, OrderSeen
from rebalancer.model import (
    Absent,
    Accepted,
    Found,
    Order,
    OrderId,
    OrderState,
    Outcome,
    Refused,
    Submitted,
    Symbol,
    Unknown,
)
from rebalancer.model.text import listed, shares
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog

POLL_SECONDS = 1.0
CANCEL_SECONDS = 30
"""How long to wait for a cancel."""
ABSENCES = 2
"""The number of look-ups without a result after which an order is absent."""
LOOK_UP_SECONDS = 10
"""How long to look up after the venue's quiet time."""
MIN_BUSY_PAUSE, MAX_BUSY_PAUSE, MAX_BUSY_SECONDS = 1.0, 60.0, 120.0
ZERO = Decimal(0)


@dataclass(slots=True)
class OrderTracker:
    """Polls `orders` by one list call, and journals every change together with the fills behind it.

    `states` are the last known ones; `unreadable`: the last poll failed.
    """

    context: RunContext
    log: RunLog
    orders: Mapping[OrderId, Order]
    states: dict[OrderId, OrderState] = field(default_factory=dict)
    unreadable: bool = False

    def until_terminal(self, seconds: float, poll: float = POLL_SECONDS) -> bool:
        """Poll every `poll` seconds until every order is terminal; False when `seconds` have passed first."""
        for left in polls(self.context, seconds, poll):
            self._poll()
            if not (pending := self._pending()):
                return True
            if self._only_auction_orders_left():
                return False
            orders = listed(
                [f"{order.side} of {order.symbol}" for order in map(self.orders.__getitem__, pending)], most=3
            )
            waiting(self.context, f"the {orders}", left, len(self.orders) - len(pending), len(self.orders))
        return False

    def cancel_open(self) -> None:
        if self._only_auction_orders_left():
            self.log.note("a shutdown was requested: the next run counts what the closing auction fills", "warning")
            return
        for order_id in self._pending():
            order = self.orders[order_id]
            self.log.note(f"{order.symbol}: the {order.side} was not done in time; asking for its cancel")
            self.context.broker.cancel(order_id)

    def outcome(self, order: Order) -> Outcome:
        if state := self.states.get(order.id):
            return outcome_of(order, state)
        match look_up(self.context, [order.id])[order.id]:
            case OrderState() as state:
                unread = self._record(state)
                return outcome_of(order, state) if unread is None else unknown_outcome(order, unread)
            case Absent():
                return record_lost(self.log, order, "it never reached the broker")
            case Unknown(reason):
                return unknown_outcome(order, reason)

    def _pending(self) -> list[OrderId]:
        over = {order_id for order_id, state in self.states.items() if state.terminal}
        return [order_id for order_id in self.orders if order_id not in over]

    def _only_auction_orders_left(self) -> bool:
        """After a shutdown request auction orders are not awaited: they can't be cancelled shortly before the close."""
        return self.context.shutdown_requested() and all(
            self.orders[order_id].kind == "moc" for order_id in self._pending()
        )

    def _poll(self) -> None:
        """After a failed poll the orders stay pending; only the first failure in a row is noted."""
        trouble = None
        try:
            for state in self.context.broker.orders(self._pending()).values():
                trouble = self._record(state) or trouble
        except SourceError as error:
            trouble = str(error)
        if trouble and not self.unreadable:
            self.log.note(f"the orders could not be read: {trouble}", "warning")
        self.unreadable = trouble is not None

    def _record(self, state: OrderState) -> str | None:
        """Journal a new state; or return why that must wait: not all fills behind it are known."""
        require_same_order(self.orders[state.id], state)
        before = self.states.get(state.id)
        if state == before:
            return None
        filled_before = before.filled if before else 0
        if state.filled < filled_before or state.filled > state.quantity:
            raise StoppedError(
                f"order {state.id} ({state.symbol}): the broker says {state.filled} of {state.quantity} filled, "
                f"after {filled_before}. {how_to_resolve(self.orders[state.id])}"
            )
        try:
            record_state(self.context, self.log, state)
        except SourceError as error:
            return str(error)
        self.states[state.id] = state
        return None


# --------------------------------------------------------------------------------------------- asking the broker


def polls(context: RunContext, seconds: float, pause: float = POLL_SECONDS) -> Iterator[float]:
    """Yields at once and then every `pause` seconds, until `seconds` have elapsed by the monotonic clock; the seconds
    that are left then.
    """
    began, left = context.clock.elapsed(), seconds
    while True:
        yield left
        spent = context.clock.elapsed() - began
        if spent >= seconds:
            return
        context.clock.sleep(pause)
        left = max(0.0, seconds - spent - pause)


def waiting(context: RunContext, what: str, seconds: float, done: int = 0, total: int = 0) -> None:
    context.progress(f"Waiting at most {seconds:.0f} s for {what}", done, total)


def look_up(context: RunContext, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState | Absent | Unknown]:
    """The broker's answer about each order. Absent: not found by ABSENCES look-ups after the venue's quiet time.

    Time is counted in seconds slept here, so that setting the clock does not shorten it.
    """
    quiet, waited, pause = context.broker.venue.quiet_seconds, 0.0, POLL_SECONDS
    found: dict[OrderId, Found] = {}
    absences: Counter[OrderId] = Counter()
    pending = list(ids)
    while True:
        after_quiet = waited >= quiet
        found |= {order_id: context.broker.find(order_id) for order_id in pending}
        absences.update(order_id for order_id in pending if after_quiet and isinstance(found[order_id], Absent))
        uncertain = (order_id for order_id in pending if not isinstance(found[order_id], OrderState))
        pending = [order_id for order_id in uncertain if absences[order_id] < ABSENCES]
        if not pending or waited >= quiet + LOOK_UP_SECONDS:
            break
        waiting(context, f"word of {listed(pending, most=2)}", quiet + LOOK_UP_SECONDS - waited)
        pause = POLL_SECONDS if after_quiet else min(pause, quiet - waited)
        context.clock.sleep(pause)
        waited, pause = waited + pause, 2 * pause
    return found | {order_id: _uncertain(found[order_id]) for order_id in pending}


def _uncertain(found: Found) -> Unknown:
    return found if isinstance(found, Unknown) else Unknown("the broker did not say for sure whether it stands")


def retry_while_busy(
    context: RunContext,
    order: Order,
    answer: Submitted,
    submit: Callable[[Order], Submitted],
    recheck: Callable[[Order], Refused | None],
) -> Submitted:
    """`answer`, unless the broker asked for a pause (too many requests): then look the order up after each pause, and
    submit it again under its id only if it is absent and passes `recheck`.

    Refused after MAX_BUSY_SECONDS: an absent order was never taken.
    """
    waited = 0.0
    while isinstance(answer, Unknown) and answer.pause is not None:
        pause = min(max(answer.pause, MIN_BUSY_PAUSE), MAX_BUSY_PAUSE)
        waiting(context, f"the broker, which is busy, before the {order.side} of {order.symbol}", pause)
        context.clock.sleep(pause)
        waited += pause
        match context.broker.find(order.id):
            case OrderState() as state:
                return Accepted(state)
            case Unknown(reason) if waited >= MAX_BUSY_SECONDS:
                return Unknown(reason)
            case Absent() if waited >= MAX_BUSY_SECONDS:
                return Refused(f"the broker took no orders for {waited:g} s: {answer.reason}")
            case Absent() if (refused := recheck(order)) is not None:
                return refused
            case Absent():
                answer = submit(order)
    return answer


def wait_until_released(context: RunContext, log: RunLog, symbols: Collection[Symbol]) -> None:
    """Wait until the broker has released the shares of `symbols` held for closed orders; warn of those still held."""
    if not symbols:
        return
    held: dict[Symbol, Decimal] = {}
    for left in polls(context, CANCEL_SECONDS):
        if not (held := _held_without_order(context, symbols)):
            return
        waiting(context, f"the shares of {listed(sorted(held))}", left)
    for symbol, quantity in sorted(held.items()):
        reason = f"{shares(quantity)} are still held {CANCEL_SECONDS} s after no open order holds them"
        log.note(f"{symbol}: {reason}; only what is available is sold", "warning")


def _held_without_order(context: RunContext, symbols: Collection[Symbol]) -> dict[Symbol, Decimal]:
    """Shares that the broker holds back beyond its open sells. An open sell by amount may hold any number of them."""
    held = {
        position.symbol: position.quantity - position.available
        for position in context.broker.positions()
        if position.symbol in symbols and position.available is not None
    }
    for state in context.broker.open_orders():
        if state.side == "sell" and state.symbol in held:
            held[state.symbol] -= held[state.symbol] if state.by_amount else state.remaining
    return {symbol: quantity for symbol, quantity in held.items() if quantity > ZERO}


# --------------------------------------------------------------------------------------------- one order


def require_same_order(order: Order, state: OrderState) -> None:
    """Raises StoppedError unless `state` has the id, symbol, side, quantity, kind and limit of `order`."""
    if (mismatch := order_mismatch(order, state)) is not None:
        raise StoppedError(mismatch)


def order_mismatch(order: Order, state: OrderState) -> str | None:
    """How `state` differs from `order`; None where it is the same order."""
    if order.same_as(state):
        return None
    return (
        f"order {order.id} stands at the broker as {_terms(state)}, but was written down as {_terms(order)}. "
        f"{how_to_resolve(order)}"
    )


def _terms(order: Order | OrderState) -> str:
    limit = "" if order.limit is None else f" {order.limit}"
    return f"{order.side} {order.quantity} {order.symbol} {order.kind}{limit}"


def how_to_resolve(order: Order) -> str:
    return (
        "Look at the account before the next run; if it is right as it is, say so with "
        f"`rebalance recover --account-for {order.id} --reason TEXT`."
    )


def record_state(context: RunContext, log: RunLog, state: OrderState) -> None:
    """Journal an order's state and every fill behind it; the journal ignores fills that it has already.

    Raises SourceError, and journals nothing, while the broker does not show every fill.
    """
    fills = context.broker.fills(state.id) if state.filled else ()
    log.write(OrderSeen(at=log.now(), state=state))
    for fill in fills:
        log.write(FillSeen(at=log.now(), fill=fill))


def record_lost(log: RunLog, order: Order, reason: str) -> Outcome:
    """Journal that an order is absent and will not be sent again."""
    log.write(OrderAbsent(at=log.now(), order_id=order.id))
    log.write(OrderLost(at=log.now(), order_id=order.id, reason=reason))
    return Outcome(order, "lost", ZERO, None, reason)


def recorded_outcome(sent: OrderRecord) -> Outcome | None:
    """The outcome of an order by the journal; None while it is open or unknown."""
    match sent.phase:
        case "filled" | "canceled" | "expired" | "rejected" | "refused" | "lost":
            return Outcome(sent.order, sent.phase, sent.filled, sent.average_price, sent.reason)
        case _:
            return None


def outcome_of(order: Order, state: OrderState) -> Outcome:
    return Outcome(order, state.status, state.filled, state.average_price, state.reason)


def unknown_outcome(order: Order, reason: str) -> Outcome:
    return Outcome(order, "unknown", ZERO, None, reason)
