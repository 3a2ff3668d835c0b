"""Before anything is decided: what earlier runs left behind is settled, and no order of ours is open."""

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.events import OrderAnswered
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.execute import CANCEL_SECONDS, POLL_SECONDS, journal_state, verify
from rebalancer.model import Absent, OrderState
from rebalancer.portfolio.trades import ORDER_PREFIX


def settle_earlier_orders(desk: Desk, diary: Diary) -> None:
    """Look up every order of ours whose end is not journalled.

    Raises SourceError while one of them can't be accounted for: until then nobody knows what is held.
    """
    for order in desk.journal.unsettled(desk.account):
        match desk.broker.find(order.id):
            case OrderState() as state:
                verify(order, state)
                journal_state(desk, diary, state)
            case Absent(conclusive=True):
                reason = "it never reached the broker"
                diary.write(OrderAnswered, order_id=order.id, answer="refused", reason=reason)
            case _:
                raise SourceError(
                    f"an earlier order, {order.side} {order.quantity} {order.symbol} ({order.id}), could not be "
                    "accounted for at the broker. Look at the account; nothing is sent until the broker answers."
                )


def cancel_own_orders(desk: Desk, diary: Diary) -> None:
    """Cancel our own open orders and wait until they are gone. Raises RunFailedError if one stays."""
    ours = [state for state in desk.broker.open_orders() if state.id.startswith(ORDER_PREFIX)]
    for state in ours:
        diary.note(f"{state.symbol}: cancelling our open {state.side} of {state.quantity} ({state.id})")
        desk.broker.cancel(state.id)
    waiting = {state.id for state in ours}
    deadline = desk.clock.now().timestamp() + CANCEL_SECONDS
    while waiting:
        for state in desk.broker.orders(sorted(waiting)).values():
            if state.terminal:
                journal_state(desk, diary, state)
                waiting.discard(state.id)
        if waiting and desk.clock.now().timestamp() >= deadline:
            raise RunFailedError(
                f"our open orders {', '.join(sorted(waiting))} were still there {CANCEL_SECONDS} s after their cancel. "
                "Nothing was sent; look at the account."
            )
        if waiting:
            desk.clock.sleep(POLL_SECONDS)
