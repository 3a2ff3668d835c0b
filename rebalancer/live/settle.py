"""Start-up without an evening: what earlier runs left is settled, and a run that was cut off gets its end."""

from collections.abc import Sequence

from rebalancer.errors import StoppedError
from rebalancer.events import Claim, Halted, OrderLost, RunEnded
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.recover import cancel_open_orders, refuse_strangers, settle_earlier_orders
from rebalancer.model import RunId, Session
from rebalancer.ports import Sent


def recover(desk: Desk, claim: Claim, session: Session) -> RunId | None:
    """Settle every order of ours against the broker, and cancel those that are open. Nothing is sent.

    The run that it is written down in: the one that was cut off, which ends with it, else the last one that left an
    order unsettled; None where nothing was left. Raises what settling raises, and then the account may be halted.
    """
    interrupted, left = desk.journal.interrupted(desk.account), desk.journal.unsettled(desk.account)
    if interrupted is None and not left:
        return None
    run = interrupted.run if interrupted else left[-1].run
    desk.journal.take_up(run, claim, running=interrupted is not None)
    diary = Diary(desk, run, session)
    try:
        _settle(desk, diary)
    except StoppedError as error:
        diary.write(Halted, account=desk.account, by="rebalance", reason=str(error))
        raise
    if interrupted:
        orders = desk.journal.sent(run)
        diary.write(RunEnded, status="partial" if orders else "failed", reason=came_of_it(orders))
    return run


def _settle(desk: Desk, diary: Diary) -> None:
    settle_earlier_orders(desk, diary)
    refuse_strangers(desk, diary)
    diary.earlier = {}
    cancel_open_orders(desk, diary)
    for sent in desk.journal.sent(diary.run):
        if sent.phase == "absent":
            diary.write(OrderLost, order_id=sent.order.id, reason="it never reached the broker")


def came_of_it(orders: Sequence[Sent]) -> str:
    """The sentence a run ends with that was cut off."""
    if not orders:
        return "cut off before its first order"
    return f"cut off and settled later: {'; '.join(map(_done, orders))}"


def _done(sent: Sent) -> str:
    verb = "sold" if sent.order.side == "sell" else "bought"
    return f"{sent.order.symbol}: {verb} {sent.filled} of {sent.order.quantity}, {sent.phase}"
