"""Orders out, outcomes back. An order's intent is committed before it leaves; only the broker says what came of it."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from rebalancer.events import OrderAbsent
from rebalancer.model import Absent, Order, OrderId, Outcome, Refused, Submitted, Unknown
from rebalancer.portfolio.order_ids import another_attempt
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.freed import wait_until_free
from rebalancer.trading.gate import Gate
from rebalancer.trading.tracking import CANCEL_SECONDS, POLL_SECONDS, Watch, earlier_outcome, gone, look_up, looks
from rebalancer.trading.whole import whole_lots

ORDERS_A_SECOND = 6
"""Looks are so much rarer with more orders: orders and looks of a minute stay under half of what a venue may allow."""
IN_THE_WAY = frozenset({"held", "wash"})
"""What a broker refuses only as long as other orders are open."""


def execute(
    context: RunContext,
    log: RunLog,
    orders: Sequence[Order],
    gate: Gate,
    timeout: int,
    poll: float = POLL_SECONDS,
    *,
    again: Callable[[], Gate],
) -> tuple[Outcome, ...]:
    """Send each order, look every `poll` seconds until all are terminal, cancel what is left after `timeout` seconds.

    What got no clear answer is looked up before anything else, and sent once more only if it surely did not arrive.
    What another open order stood in the way of is sent once more, under an id of its own, when that order is gone; and
    of what is traded in whole shares only, those. They pass a gate that is opened `again`, by a fresh reading of the
    account: the other order may have sold the shares, or spent the cash.
    Raises StoppedError if the broker shows an order of ours with other parameters, or a filled quantity that fell.
    """
    outcomes = send_and_follow(context, log, orders, gate, timeout, poll)
    blocked = [outcome.order for outcome in outcomes if outcome.refusal in IN_THE_WAY]
    due = [*(blocked if blocked and _way_is_clear(context, log, blocked) else ()), *whole_lots(context, log, outcomes)]
    if not due:
        return outcomes
    retried = {(order.symbol, order.side) for order in due}
    rest = tuple(outcome for outcome in outcomes if (outcome.order.symbol, outcome.order.side) not in retried)
    renamed = [_renamed(context, log, order) for order in due]
    return rest + send_and_follow(context, log, renamed, again(), timeout, poll)


def send_and_follow(
    context: RunContext, log: RunLog, orders: Sequence[Order], gate: Gate, timeout: int, poll: float
) -> tuple[Outcome, ...]:
    """One round. Once the broker says that the account can't trade, nothing more is sent."""
    over: dict[OrderId, Outcome] = {}
    unclear: list[Order] = []
    for order in orders:
        if barred := next((outcome for outcome in over.values() if outcome.refusal == "account"), None):
            reason = f"not sent after the broker refused {barred.order.symbol}: {barred.reason}"
            log.note(f"{order.symbol}: the {order.side} was {reason}", "warning")
            over[order.id] = Outcome(order, "refused", Decimal(0), None, reason, "account")
            continue
        match _send(log, order, gate):
            case Outcome() as outcome:
                over[order.id] = outcome
            case Unknown():
                unclear.append(order)
    over |= _cleared_up(context, log, unclear, gate)
    watch = Watch(context, log, {order.id: order for order in orders if order.id not in over})
    if not watch.until_terminal(timeout, max(poll, len(watch.orders) / ORDERS_A_SECOND)):
        watch.cancel_open()
        watch.until_terminal(CANCEL_SECONDS)
    return tuple(over.get(order.id) or watch.outcome(order) for order in orders)


def _send(log: RunLog, order: Order, gate: Gate) -> Submitted | Outcome | None:
    """What is known of `order` at once: an Outcome where it is over, Unknown where it may stand at the broker."""
    known = log.earlier.get(order.id)
    if known is not None and known.phase != "absent":
        return earlier_outcome(known)
    if known is None:
        answer = gate.send(order)
        return _refused(order, answer) if isinstance(answer, Refused) else answer
    answer = gate.send_again(order)
    return _lost(order, answer) if isinstance(answer, Refused) else answer


def _cleared_up(context: RunContext, log: RunLog, unclear: Sequence[Order], gate: Gate) -> dict[OrderId, Outcome]:
    """Look up what got no clear answer, and send what surely is not there once more, the same under the same id.

    The outcomes of those that are over; the others stand at the broker, or may.
    """
    over: dict[OrderId, Outcome] = {}
    again: list[Order] = []
    found = look_up(context, [order.id for order in unclear])
    for order in unclear:
        if not isinstance(found[order.id], Absent):
            continue
        if not context.broker.venue.idempotent_ids:
            over[order.id] = gone(log, order, "it never reached the broker, which may take an id twice")
            continue
        log.write(OrderAbsent(at=log.now(), order_id=order.id))
        match gate.send_again(order):
            case Refused() as answer:
                over[order.id] = _lost(order, answer)
            case Unknown():
                again.append(order)
    missing = look_up(context, [order.id for order in again])
    twice = [order for order in again if isinstance(missing[order.id], Absent)]
    return over | {order.id: gone(log, order, "it was sent twice and never reached the broker") for order in twice}


def _renamed(context: RunContext, log: RunLog, order: Order) -> Order:
    attempt = log.attempt(order.symbol, order.side)
    return another_attempt(order, context.account, log.session.day, log.number, attempt)


def _refused(order: Order, answer: Refused) -> Outcome:
    return Outcome(order, "refused", Decimal(0), None, answer.reason, answer.kind, answer.buying_power)


def _lost(order: Order, answer: Refused) -> Outcome:
    """What is not taken when it is sent once more may still arrive from the first time: it gets no second order."""
    barred = answer.kind if answer.kind == "account" else None
    return Outcome(order, "lost", Decimal(0), None, answer.reason, barred)


def _way_is_clear(context: RunContext, log: RunLog, blocked: Sequence[Order]) -> bool:
    """Wait until no order is open in these symbols; False where one stays."""
    symbols = {order.symbol for order in blocked}
    log.note(f"{', '.join(sorted(symbols))}: waiting for other open orders to be gone, then sending once more")
    for _ in looks(context, CANCEL_SECONDS):
        if not any(state.symbol in symbols for state in context.broker.open_orders()):
            wait_until_free(context, log, {order.symbol for order in blocked if order.side == "sell"})
            return True
    return False
