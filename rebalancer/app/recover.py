"""Start-up without an evening: what earlier runs left is settled, and a run that was cut off gets its end."""

from collections.abc import Sequence

from rebalancer.errors import StoppedError
from rebalancer.events import Claim, Halted, OrderLost, RunEnded
from rebalancer.model import RunId, Session
from rebalancer.ports import OrderRecord
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.recovery import cancel_open_orders, refuse_strangers, settle_earlier_orders


def recover(context: RunContext, claim: Claim, session: Session) -> RunId | None:
    """Settle every order of ours against the broker, and cancel those that are open. Nothing is sent.

    The run that it is written down in: the one that was cut off, which ends with it, else the last one that left an
    order unsettled; None where nothing was left. Raises what settling raises, and then the account may be halted.
    """
    interrupted, left = context.journal.interrupted(context.account), context.journal.unsettled(context.account)
    if interrupted is None and not left:
        return None
    run = interrupted.run if interrupted else left[-1].run
    context.journal.resume(run, claim, running=interrupted is not None)
    log = RunLog(context, run, session)
    try:
        _settle(context, log)
    except StoppedError as error:
        log.write(Halted(at=log.now(), account=context.account, by="rebalance", reason=str(error)))
        raise
    if interrupted:
        orders = context.journal.orders(run)
        log.write(RunEnded(at=log.now(), status="partial" if orders else "failed", reason=came_of_it(orders)))
    return run


def _settle(context: RunContext, log: RunLog) -> None:
    settle_earlier_orders(context, log)
    refuse_strangers(context, log)
    log.earlier = {}
    cancel_open_orders(context, log)
    for sent in context.journal.orders(log.run):
        if sent.phase == "absent":
            log.write(OrderLost(at=log.now(), order_id=sent.order.id, reason="it never reached the broker"))


def came_of_it(orders: Sequence[OrderRecord]) -> str:
    """The sentence a run ends with that was cut off."""
    if not orders:
        return "cut off before its first order"
    return f"cut off and settled later: {'; '.join(map(_done, orders))}"


def _done(sent: OrderRecord) -> str:
    verb = "sold" if sent.order.side == "sell" else "bought"
    return f"{sent.order.symbol}: {verb} {sent.filled} of {sent.order.quantity}, {sent.phase}"
