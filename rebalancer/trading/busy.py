"""A broker that is too busy takes nothing: the same order is sent again, under its own id, once it takes orders."""

from collections.abc import Callable

from rebalancer.model import Absent, Accepted, Order, OrderState, Refused, Submitted, Unknown
from rebalancer.trading.context import RunContext

SHORTEST_SECONDS, LONGEST_SECONDS, PATIENCE_SECONDS = 1.0, 60.0, 120.0


def until_taken(
    context: RunContext,
    order: Order,
    answer: Submitted,
    send: Callable[[Order], Submitted],
    held_back: Callable[[Order], Refused | None],
) -> Submitted:
    """`answer`, unless the broker asks for a pause: after each the order is looked up, and sent only if not there.

    `held_back` says why it may not leave any more. A broker that stays busy has taken nothing: then it is refused.
    """
    waited = 0.0
    while isinstance(answer, Unknown) and answer.pause is not None:
        pause = min(max(answer.pause, SHORTEST_SECONDS), LONGEST_SECONDS)
        context.clock.sleep(pause)
        waited += pause
        match context.broker.find(order.id):
            case OrderState() as state:
                return Accepted(state)
            case Unknown(reason) if waited >= PATIENCE_SECONDS:
                return Unknown(reason)
            case Absent() if waited >= PATIENCE_SECONDS:
                return Refused(f"the broker took no orders for {waited:g} s: {answer.reason}")
            case Absent() if (stopped := held_back(order)) is not None:
                return stopped
            case Absent():
                answer = send(order)
    return answer
