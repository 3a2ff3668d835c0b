"""Taking back what is open at the broker, at any hour: no prices, no plan, no run."""

from dataclasses import dataclass
from itertools import chain, repeat

from rebalancer.model import OrderId, OrderState
from rebalancer.portfolio.order_ids import is_ours, is_trials
from rebalancer.ports import Broker, Clock
from rebalancer.trading.armed import require_pinned
from rebalancer.trading.tracking import CANCEL_SECONDS

FIRST_PAUSES, LATER_PAUSES = (0.0, 1.0, 2.0, 4.0), 8.0
"""Seconds between two looks; what goes at once is seen at once."""


@dataclass(frozen=True, slots=True)
class Killed:
    """`found` were open, each as it was first seen; those of them in `left` still are."""

    found: tuple[OrderState, ...]
    left: tuple[OrderState, ...]


def kill(broker: Broker, clock: Clock, *, pinned: str | None = None, everyones: bool = False, watch: int = 0) -> Killed:
    """Ask for the cancel of every open order of ours, or of everyone's, until none is open; CANCEL_SECONDS at most.

    For the first `watch` seconds it looks on although none is open: one may have been on its way. What was done before
    an order was cancelled, the next run counts. Raises SourceError where the broker does not answer, RunFailedError
    where it is another account than the `pinned` one.
    """
    if pinned is not None:
        require_pinned(broker.account(), pinned)
    found: dict[OrderId, OrderState] = {}
    waited, pauses = 0.0, chain(FIRST_PAUSES, repeat(LATER_PAUSES))
    while True:
        shown = broker.open_orders()
        standing = {each.id: each for each in shown if everyones or is_ours(each.id) or is_trials(each.id)}
        found = standing | found
        if waited >= watch + (CANCEL_SECONDS if standing else 0):
            return Killed(tuple(found.values()), tuple(standing.values()))
        for order_id in standing:
            broker.cancel(order_id)
        pause = next(pauses)
        clock.sleep(pause)
        waited += pause
