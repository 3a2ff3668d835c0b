"""Orders out, outcomes back. An order's intent is committed before it leaves; only the broker says what came of it."""

from collections.abc import Sequence
from decimal import Decimal

from rebalancer.events import OrderAnswered, OrderIntended
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.follow import CANCEL_SECONDS, POLL_SECONDS, Watch, verify
from rebalancer.live.gate import Gate
from rebalancer.model import Accepted, Order, Outcome, Refused
from rebalancer.portfolio.trades import second_attempt

IN_THE_WAY = frozenset({"held", "wash"})
"""What a broker refuses only as long as other orders are open."""


def execute(
    desk: Desk, diary: Diary, orders: Sequence[Order], gate: Gate, timeout: int, poll: float = POLL_SECONDS
) -> tuple[Outcome, ...]:
    """Send each order, look every `poll` seconds until all are terminal, cancel what is left after `timeout` seconds.

    What another open order stood in the way of is sent once more, under an id of its own, when that order is gone.
    Raises StoppedError if the broker shows an order of ours with other parameters, or a filled quantity that fell.
    """
    outcomes = send_and_follow(desk, diary, orders, gate, timeout, poll)
    blocked = [outcome.order for outcome in outcomes if outcome.refusal in IN_THE_WAY]
    if not blocked or not _way_is_clear(desk, diary, blocked):
        return outcomes
    again = [second_attempt(order, desk.account, diary.session.day, diary.number) for order in blocked]
    rest = tuple(outcome for outcome in outcomes if outcome.refusal not in IN_THE_WAY)
    return rest + send_and_follow(desk, diary, again, gate, timeout, poll)


def send_and_follow(
    desk: Desk, diary: Diary, orders: Sequence[Order], gate: Gate, timeout: int, poll: float
) -> tuple[Outcome, ...]:
    """One round. Once the broker says that the account can't trade, nothing more is sent."""
    refused: dict[str, Outcome] = {}
    for order in orders:
        if barred := next((outcome for outcome in refused.values() if outcome.refusal == "account"), None):
            reason = f"not sent after the broker refused {barred.order.symbol}: {barred.reason}"
            diary.note(f"{order.symbol}: the {order.side} was {reason}", "warning")
            refused[order.id] = Outcome(order, "refused", Decimal(0), None, reason, "account")
        elif refusal := _send(desk, diary, order, gate):
            refused[order.id] = refusal
    watch = Watch(desk, diary, {order.id: order for order in orders if order.id not in refused})
    if not watch.until_terminal(timeout, poll):
        watch.cancel_open()
        watch.until_terminal(CANCEL_SECONDS)
    return tuple(refused.get(order.id) or watch.outcome(order) for order in orders)


def _send(desk: Desk, diary: Diary, order: Order, gate: Gate) -> Outcome | None:
    """The refusal, where the order does not stand at the broker; None where it does or may."""
    if (stopped := gate(order)) is not None:
        diary.note(stopped, "warning")
        return Outcome(order, "refused", Decimal(0), None, stopped, "other")
    diary.write(OrderIntended, order=order)
    match desk.broker.submit(order):
        case Accepted(state):
            verify(order, state)
            diary.write(OrderAnswered, order_id=order.id, answer="accepted")
        case Refused(reason, kind):
            gate.release(order)
            diary.write(OrderAnswered, order_id=order.id, answer="refused", reason=reason)
            return Outcome(order, "refused", Decimal(0), None, reason, kind)
        case unknown:
            diary.write(OrderAnswered, order_id=order.id, answer="unknown", reason=unknown.reason)
    return None


def _way_is_clear(desk: Desk, diary: Diary, blocked: Sequence[Order]) -> bool:
    """Wait until no order is open in these symbols; False where one stays."""
    symbols = {order.symbol for order in blocked}
    diary.note(f"{', '.join(sorted(symbols))}: waiting for other open orders to be gone, then sending once more")
    deadline = desk.clock.now().timestamp() + CANCEL_SECONDS
    while any(state.symbol in symbols for state in desk.broker.open_orders()):
        if desk.clock.now().timestamp() >= deadline:
            return False
        desk.clock.sleep(POLL_SECONDS)
    return True
