"""Sending orders and collecting their outcomes: submit, resolve unknown answers, track, cancel, retry once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from rebalancer.events import OrderAbsent
from rebalancer.model import Absent, Order, OrderId, Outcome, Refused, Submitted, Unknown
from rebalancer.model.text import digits, listed, shares
from rebalancer.portfolio.order_ids import another_attempt
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.gate import Gate
from rebalancer.trading.tracking import (
    CANCEL_SECONDS,
    POLL_SECONDS,
    OrderTracker,
    look_up,
    polls,
    record_lost,
    recorded_outcome,
    wait_until_released,
    waiting,
)

ORDERS_PER_SECOND = 6
"""Many orders are polled less often: sends and polls of a minute stay under half of what a venue may allow."""
TEMPORARY_REFUSALS = frozenset({"held", "wash"})
"""Refusals that last only as long as other orders are open."""


def execute(
    orders: Sequence[Order], gate: Gate, timeout: int, poll: float = POLL_SECONDS, *, reopen_gate: Callable[[], Gate]
) -> tuple[Outcome, ...]:
    """Send the orders and track them until they are terminal: cancelled after `timeout` seconds, polled every `poll`
    seconds.

    Orders refused because of other open orders are retried once with a new id when those are closed; orders refused for
    a fractional lot are retried as whole lots. Retries pass a gate from `reopen_gate`, which reads the account again:
    the other orders may have changed shares or cash.

    Raises StoppedError if the broker shows one of our orders with other parameters, or a filled quantity that
    decreased.
    """
    context, log = gate.context, gate.log
    outcomes = send_and_track(orders, gate, timeout, poll)
    refused = [outcome.order for outcome in outcomes if outcome.refusal in TEMPORARY_REFUSALS]
    unblocked = refused if refused and _wait_for_blocking_orders(context, log, refused) else []
    retries = [*unblocked, *whole_lots(context, log, outcomes)]
    if not retries:
        return outcomes
    retried = {(order.symbol, order.side) for order in retries}
    rest = tuple(outcome for outcome in outcomes if (outcome.order.symbol, outcome.order.side) not in retried)
    day, number = log.session.day, log.number
    renumbered = [
        another_attempt(order, context.account, day, number, log.next_attempt(order.symbol, order.side))
        for order in retries
    ]
    return rest + send_and_track(renumbered, reopen_gate(), timeout, poll)


def send_and_track(orders: Sequence[Order], gate: Gate, timeout: int, poll: float) -> tuple[Outcome, ...]:
    """One round, without retries. After a refusal of the whole account nothing more is sent."""
    done: dict[OrderId, Outcome] = {}
    unknown: list[Order] = []
    for order in orders:
        if barred := next((outcome for outcome in done.values() if outcome.refusal == "account"), None):
            done[order.id] = _not_sent_after(gate.log, order, barred)
            continue
        match _send(order, gate):
            case Outcome() as outcome:
                done[order.id] = outcome
            case Unknown():
                unknown.append(order)
    done |= _resolve_unknown(unknown, gate)
    tracker = OrderTracker(gate.context, gate.log, {order.id: order for order in orders if order.id not in done})
    if not tracker.until_terminal(timeout, max(poll, len(tracker.orders) / ORDERS_PER_SECOND)):
        tracker.cancel_open()
        tracker.until_terminal(CANCEL_SECONDS)
    return tuple(done.get(order.id) or tracker.outcome(order) for order in orders)


def _not_sent_after(log: RunLog, order: Order, barred: Outcome) -> Outcome:
    reason = f"not sent after the broker refused {barred.order.symbol}: {barred.reason}"
    log.note(f"{order.symbol}: the {order.side} was {reason}", "warning")
    return Outcome(order, "refused", Decimal(0), None, reason, "account")


def _send(order: Order, gate: Gate) -> Submitted | Outcome | None:
    """The outcome where it is known at once, Unknown where the order may be at the broker, else None or Accepted.

    An order that was sent before an interruption is not sent again unless it is absent.
    """
    earlier = gate.log.earlier.get(order.id)
    if earlier is not None and earlier.phase != "absent":
        return recorded_outcome(earlier)
    if earlier is None:
        answer = gate.send(order)
        return _refused(order, answer) if isinstance(answer, Refused) else answer
    answer = gate.resend(order)
    return _lost(order, answer) if isinstance(answer, Refused) else answer


def _resolve_unknown(unknown: Sequence[Order], gate: Gate) -> dict[OrderId, Outcome]:
    """Look up orders without a clear answer, and send absent ones once more: the venue rejects a duplicate id.

    Returns the outcomes of the terminal ones; the others are, or may be, at the broker.
    """
    context, log = gate.context, gate.log
    done: dict[OrderId, Outcome] = {}
    unknown_again: list[Order] = []
    found = look_up(context, [order.id for order in unknown])
    for order in unknown:
        if not isinstance(found[order.id], Absent):
            continue
        if not context.broker.venue.idempotent_ids:
            done[order.id] = record_lost(log, order, "it never reached the broker, which may take an id twice")
            continue
        log.write(OrderAbsent(at=log.now(), order_id=order.id))
        match gate.resend(order):
            case Refused() as answer:
                done[order.id] = _lost(order, answer)
            case Unknown():
                unknown_again.append(order)
    found = look_up(context, [order.id for order in unknown_again])
    absent = [order for order in unknown_again if isinstance(found[order.id], Absent)]
    reason = "it was sent twice and never reached the broker"
    return done | {order.id: record_lost(log, order, reason) for order in absent}


def _refused(order: Order, answer: Refused) -> Outcome:
    return Outcome(order, "refused", Decimal(0), None, answer.reason, answer.kind, answer.buying_power)


def _lost(order: Order, answer: Refused) -> Outcome:
    """A refused resend: the first attempt may still arrive, so that its symbol gets no second order."""
    barred = answer.kind if answer.kind == "account" else None
    return Outcome(order, "lost", Decimal(0), None, answer.reason, barred)


# --------------------------------------------------------------------------------------------- retries


def _wait_for_blocking_orders(context: RunContext, log: RunLog, refused: Sequence[Order]) -> bool:
    """Wait until no order is open in the symbols of `refused`; False where one stays open."""
    symbols = {order.symbol for order in refused}
    log.note(f"{', '.join(sorted(symbols))}: waiting for other open orders to be gone, then sending once more")
    for left in polls(context, CANCEL_SECONDS):
        if not any(state.symbol in symbols for state in context.broker.open_orders()):
            wait_until_released(context, log, {order.symbol for order in refused if order.side == "sell"})
            return True
        waiting(context, f"other open orders of {listed(sorted(symbols))}", left)
    return False


def whole_lots(context: RunContext, log: RunLog, outcomes: Sequence[Outcome]) -> list[Order]:
    """Each order that was refused for a fractional lot, reduced to whole lots; a warning names the fraction."""
    refused = [outcome.order for outcome in outcomes if outcome.refusal == "whole"]
    whole: list[Order] = []
    for order in refused:
        instrument = context.instrument(order.symbol)
        quantity = instrument.round_down(order.quantity)
        lots = "whole shares" if instrument.lot == 1 else f"lots of {digits(instrument.lot)}"
        fraction = shares(order.quantity - quantity)
        log.warn_about(order.symbol, f"{fraction} can't be sold here, where it trades in {lots} only, and stays")
        whole.append(replace(order, quantity=quantity))
    return [order for order in whole if order.quantity > 0]
