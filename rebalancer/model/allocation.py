"""What one bot decides for a session."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rebalancer.model.names import Weights

if TYPE_CHECKING:  # to decide takes none
    from rebalancer.model.flip import Flip


@dataclass(frozen=True, slots=True)
class Allocation:
    """One bot's target weights for `session`; they sum to at most 1, the rest is cash.

    `path` explains the decision, one line per step; `warnings` are data gaps that did not affect it. `flips` has each
    gate on the path. `since` is the first day of the simulation of a bot that does not rebalance on every session, None
    for others.
    """

    bot: str
    session: date
    weights: Weights
    path: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    flips: "tuple[Flip, ...]" = ()
    since: date | None = None


@dataclass(frozen=True, slots=True)
class BotFailure:
    """A bot that could not decide, with the reason."""

    bot: str
    reason: str


Decision = Allocation | BotFailure
