"""Recovery outside a run: settle orders of earlier runs, and accept a restored journal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rebalancer.app.account import open_for_a_run, opening
from rebalancer.app.evening import Evening, request_of
from rebalancer.app.reasons import require_reason
from rebalancer.app.views import Restored
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import StoppedError
from rebalancer.events import Halted, OrderAccounted, OrderLost, RunEnded
from rebalancer.journal import read
from rebalancer.journal.chain import GENESIS, Head
from rebalancer.journal.connection import head, load_high_water_mark, save_high_water_mark
from rebalancer.journal.lease import run_lock
from rebalancer.journal.read import RunRecord
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import NO_RUN, RunId, RunRequest, Session
from rebalancer.ports import OrderRecord, Progress, unwatched
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.recovery import cancel_open_orders, refuse_unknown_orders, settle_earlier_orders
from rebalancer.venues.plugin import SimulatedBroker


@contextmanager
def recovery(
    config: Config, account: AccountConfig, progress: Progress = unwatched, *, unhurried: bool = False
) -> Iterator[Evening]:
    """Open the account at any time, without its bots; `unhurried` as in `opening`.

    The session is the current or last one; for a simulated account that replays past prices, their last session, from
    its run window on. Raises as `evening` does.
    """
    with opening(config, account, progress=progress, unhurried=unhurried) as opened:
        moment = opened.latest()
        with open_for_a_run(opened, moment) as (context, holder):
            request = request_of(config, account, moment, {}, dry_run=False, force=False)
            own_orders = replace(context, trading=replace(account.trading, cancel_scope="own"))
            yield Evening(own_orders, request, moment.session, holder)


@contextmanager
def simulated(
    config: Config, account: AccountConfig, progress: Progress = unwatched
) -> Iterator[tuple[Evening, SimulatedBroker]]:
    """`recovery` for a simulated account, with its broker. Raises as `recovery` does, TypeError for others."""
    with recovery(config, account, progress) as now:
        broker = now.context.broker
        if not isinstance(broker, SimulatedBroker):
            raise TypeError(f"account {account.name} is at {broker.venue.name}")
        yield now, broker


def recovered(
    config: Config, account: AccountConfig, progress: Progress = unwatched, *, unhurried: bool = False
) -> RunRecord | None:
    """Settle the account's orders; the run this was journalled in, None if there were none. Raises as `recover`."""
    with recovery(config, account, progress, unhurried=unhurried) as now:
        run = recover(now.context, now.request, now.session)
    return None if run is None else read.run(config.journal(), run)


def vouch(config: Config, account: AccountConfig, ids: Sequence[str], reason: str, by: str) -> None:
    """Journal that the user confirms these unknown orders. Raises BadInputError for an unusable reason."""
    require_reason(reason)
    now = SystemClock().now()
    with SqliteJournal.open(config.journal()) as journal:
        journal.record(NO_RUN, *(OrderAccounted(now, account.name, order_id, by, reason) for order_id in ids))


def recover(context: RunContext, request: RunRequest, session: Session) -> RunId | None:
    """Fetch the outcome of our unsettled orders and cancel open ones; sends no orders.

    Returns the run this was journalled in: the interrupted one, which it ends, else the last one with an unsettled
    order; None if there were none. Raises StoppedError, and halts the account, if an order can't be reconciled;
    RunFailedError if the broker can't be read.
    """
    interrupted, unsettled = context.journal.interrupted(context.account), context.journal.unsettled(context.account)
    if interrupted is None and not unsettled:
        return None
    run = interrupted.run if interrupted else unsettled[-1].run
    context.journal.resume(run, request, running=interrupted is not None)
    log = RunLog(context, run, session)
    try:
        _settle(context, log)
    except StoppedError as error:
        log.write(Halted(at=log.now(), account=context.account, by="rebalance", reason=str(error)))
        raise
    if interrupted:
        orders = context.journal.orders(run)
        log.write(RunEnded(at=log.now(), status="partial" if orders else "failed", reason=outcome_sentence(orders)))
    return run


def _settle(context: RunContext, log: RunLog) -> None:
    settle_earlier_orders(context, log)
    refuse_unknown_orders(context, log)
    log.earlier = {}
    cancel_open_orders(context, log)
    for sent in context.journal.orders(log.run):
        if sent.phase == "absent":
            log.write(OrderLost(at=log.now(), order_id=sent.order.id, reason="it never reached the broker"))


def outcome_sentence(orders: Sequence[OrderRecord]) -> str:
    """The journalled reason of an interrupted run."""
    if not orders:
        return "cut off before its first order"
    return f"cut off and settled later: {'; '.join(map(_done, orders))}"


def _done(sent: OrderRecord) -> str:
    verb = "sold" if sent.order.side == "sell" else "bought"
    return f"{sent.order.symbol}: {verb} {sent.filled} of {sent.order.quantity}, {sent.phase}"


def accept_restored(path: Path, confirm: Callable[[Restored], None]) -> Restored:
    """Reset the high-water mark to the last line of the journal at `path`, under the run lock.

    `confirm` gets what was lost, and raises to cancel. Raises BusyError while a run is in progress.
    """
    with run_lock(path):
        found = Restored(load_high_water_mark(path), head(path) or Head(0, GENESIS))
        confirm(found)
        save_high_water_mark(path, found.head)
    return found
