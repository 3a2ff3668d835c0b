"""Which of two triggers may run. One real run an account and session: that is what keeps orders from doubling."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rebalancer.events import Claim
from rebalancer.model import RunId, RunStatus
from rebalancer.ports import AlreadyRun


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """`orders` counts the orders that were written down, and so may have left."""

    id: RunId
    number: int
    status: RunStatus
    orders: int

    @property
    def uses_up_session(self) -> bool:
        return self.status == "success" or self.orders > 0


def refusal(claim: Claim, earlier: Iterable[EarlierRun]) -> AlreadyRun | None:
    """Why `claim` starts no run after the `earlier` ones of its session, in their order; None where it may."""
    done = [run for run in earlier if run.uses_up_session]
    if not done or claim.force or claim.dry_run:
        return None
    last = done[-1]
    return AlreadyRun(last.id, f"the run of {claim.session} for account {claim.account} {_state(last)}")


def cut_off(run: EarlierRun) -> str:
    """The reason journalled for a run whose process died."""
    if not run.orders:
        return "cut off before its first order"
    return f"cut off after {_counted(run.orders)} had been written down"


def taken_up(at: datetime, *, running: bool) -> str:
    """What is journalled in a run that is ours again: it was cut off, or it ended and left orders."""
    now = f"at {at:%Y-%m-%d %H:%M:%S} UTC"
    if running:
        return f"this run was cut off; it is gone on with {now} by what was recorded when it began"
    return f"the orders that this run left are settled {now}"


def taken_by_another(run: RunId) -> str:
    return (
        f"run {run} was cut off, and another process has gone on with it to its end meanwhile. Nothing was done here; "
        "`rebalance history` shows what became of it."
    )


def _counted(orders: int) -> str:
    return "1 order" if orders == 1 else f"{orders} orders"


def _state(run: EarlierRun) -> str:
    if run.status in {"success", "partial"}:
        told = f"(run {run.id}, {run.status}, {_counted(run.orders)})"
        return f"is done {told}: nothing to do; --force starts another"
    how = f"was {cut_off(run)}" if run.status == "running" else f"{run.status} after {_counted(run.orders)}"
    remedy = "see what came of it with `rebalance orders`, then start another with `rebalance run --force`"
    return f"{how} (run {run.id}): {remedy}"
