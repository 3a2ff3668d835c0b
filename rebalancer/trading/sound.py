"""What must hold before every order, by the journal's record of the run: where it does not, this program is wrong."""

from collections.abc import Sequence

from rebalancer.errors import StoppedError
from rebalancer.model import Order
from rebalancer.model.states import OVER
from rebalancer.ports import OrderRecord

DONE_WITH = frozenset({*OVER, "refused"})


def may_still_stand(sent: OrderRecord) -> bool:
    """Whether nobody can tell that it stands at the broker, nor that it does not."""
    return sent.phase in {"intended", "unknown", "absent", "lost"}


def require_sound(order: Order, sent: Sequence[OrderRecord]) -> None:
    """Raises StoppedError unless `order` may follow all that its run has `sent`, as far as the journal knows.

    Nothing filled more than it was for, no other order of its symbol and side is alive, and a buy finds every sell
    over: what was lost counts as over for a buy, and as alive for its symbol.
    """
    for each in sent:
        if not each.filled <= each.order.quantity:
            raise _never(f"{_named(each.order)} has {each.filled} filled, of {each.order.quantity}", order)
    others = [each for each in sent if each.order.id != order.id and each.phase not in DONE_WITH]
    for each in others:
        if (each.order.symbol, each.order.side) == (order.symbol, order.side):
            raise _never(f"{_named(each.order)} is {each.phase}, and this would be a second one", order)
        if order.side == "buy" and each.order.side == "sell" and each.phase != "lost":
            raise _never(f"{_named(each.order)} is {each.phase}, and buys wait for the end of every sell", order)


def require_written(order: Order, sent: Sequence[OrderRecord]) -> None:
    """Raises StoppedError unless the journal has this very order as about to leave."""
    found = [each for each in sent if each.order.id == order.id]
    if not [(each.order, each.phase) for each in found] == [(order, "intended")]:
        raise _never("the journal does not have it as it is", order)


def _never(what: str, order: Order) -> StoppedError:
    return StoppedError(
        f"{_named(order)} was about to leave, but {what}. This must never happen, and it was not sent: look at the "
        "account, and please report it with the journal of this run."
    )


def _named(order: Order) -> str:
    return f"the {order.side} of {order.quantity} {order.symbol} ({order.id})"
