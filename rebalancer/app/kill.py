"""Kill switch: cancel every open order at the broker, at any hour, without prices, plan or run."""

from dataclasses import dataclass
from itertools import chain, repeat

from rebalancer.model import OrderId, OrderState
from rebalancer.portfolio.order_ids import is_ours, is_trials
from rebalancer.ports import Broker, Clock
from rebalancer.trading.authorization import require_account_number
from rebalancer.trading.tracking import CANCEL_SECONDS

FIRST_PAUSES, LATER_PAUSES = (0.0, 1.0, 2.0, 4.0), 8.0
"""Seconds between two polls: a cancel that takes effect at once is seen at once."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """`found` are the orders that were open, each as it was first seen; those in `left` still are."""

    found: tuple[OrderState, ...]
    left: tuple[OrderState, ...]


def kill(
    broker: Broker, clock: Clock, *, pinned: str | None = None, everyones: bool = False, watch: int = 0
) -> Cancelled:
    """Request the cancel of every open order of ours, or of everyone's, until none is open; CANCEL_SECONDS at most.

    For the first `watch` seconds it keeps polling although none is open: one may still arrive at the broker. Fills are
    counted by the next run. Raises SourceError where the broker does not answer, RunFailedError where it is another
    account than the `pinned` one.
    """
    if pinned is not None:
        require_account_number(broker.account(), pinned)
    found: dict[OrderId, OrderState] = {}
    waited, pauses = 0.0, chain(FIRST_PAUSES, repeat(LATER_PAUSES))
    while True:
        shown = broker.open_orders()
        standing = {each.id: each for each in shown if everyones or is_ours(each.id) or is_trials(each.id)}
        found = standing | found
        if waited >= watch + (CANCEL_SECONDS if standing else 0):
            return Cancelled(tuple(found.values()), tuple(standing.values()))
        for order_id in standing:
            broker.cancel(order_id)
        pause = next(pauses)
        clock.sleep(pause)
        waited += pause
