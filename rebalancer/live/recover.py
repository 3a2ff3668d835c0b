"""Before anything is decided: what earlier runs left behind is settled, and no order of ours is open."""

from collections.abc import Mapping

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.follow import CANCEL_SECONDS, POLL_SECONDS, journal_state, look_up, never_arrived, verify
from rebalancer.model import Absent, OrderId, OrderState, Symbol
from rebalancer.portfolio.trades import ORDER_PREFIX
from rebalancer.portfolio.wording import shares


def settle_earlier_orders(desk: Desk, diary: Diary) -> None:
    """Look up every order of ours whose end is not journalled.

    Raises SourceError while one of them can't be accounted for: until then nobody knows what is held.
    """
    for order in desk.journal.unsettled(desk.account):
        match look_up(desk, order.id):
            case OrderState() as state:
                verify(order, state)
                journal_state(desk, diary, state)
            case Absent(conclusive=True):
                never_arrived(diary, order)
            case _:
                raise SourceError(
                    f"an earlier order, {order.side} {order.quantity} {order.symbol} ({order.id}), could not be "
                    "accounted for at the broker. Look at the account; nothing is sent until the broker answers."
                )


def cancel_open_orders(desk: Desk, diary: Diary) -> None:
    """Cancel our own open orders, or all with `cancel_scope` "all", and wait until they are gone.

    Raises RunFailedError if one stays.
    """
    everyones = desk.trading.cancel_scope == "all"
    doomed = [state for state in desk.broker.open_orders() if everyones or is_ours(state.id)]
    for state in doomed:
        whose = "our" if is_ours(state.id) else "the"
        diary.note(f"{state.symbol}: cancelling {whose} open {state.side} of {shares(state.quantity)} ({state.id})")
        desk.broker.cancel(state.id)
    waiting = {state.id for state in doomed}
    deadline = desk.clock.now().timestamp() + CANCEL_SECONDS
    while waiting:
        for state in desk.broker.orders(sorted(waiting)).values():
            if state.terminal:
                _take_down(desk, diary, state)
                waiting.discard(state.id)
        if waiting and desk.clock.now().timestamp() >= deadline:
            raise RunFailedError(
                f"the open orders {', '.join(sorted(waiting))} were still there {CANCEL_SECONDS} s after their cancel. "
                "Nothing was sent; look at the account."
            )
        if waiting:
            desk.clock.sleep(POLL_SECONDS)


def others_orders(desk: Desk, diary: Diary) -> Mapping[Symbol, str]:
    """The symbols that orders of other hands are open in, with why they are left alone tonight.

    An order of ours could trade against one of theirs, which brokers refuse as a wash trade; and theirs hold shares.
    """
    found = {state.symbol: _in_the_way(state) for state in desk.broker.open_orders() if not is_ours(state.id)}
    for symbol, reason in sorted(found.items()):
        diary.note(f"{symbol}: {reason}", "warning")
    return found


def is_ours(order_id: OrderId) -> bool:
    return order_id.startswith(ORDER_PREFIX)


def _take_down(desk: Desk, diary: Diary, state: OrderState) -> None:
    """The journal keeps our own orders only."""
    if is_ours(state.id):
        journal_state(desk, diary, state)


def _in_the_way(state: OrderState) -> str:
    left = shares(state.quantity - state.filled)
    return (
        f"left alone, since a {state.side} of {left} that is not ours is open ({state.id}). Cancel it, or set "
        'cancel_scope = "all"'
    )
