"""What one bot decides for a session, and how near it was to deciding otherwise."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rebalancer.model.names import Symbol, Weights


@dataclass(frozen=True, slots=True)
class Flip:
    """How near a gate is to deciding otherwise; line `step` of the path, counted from 0, begins to describe the gate.

    `flips_at` is the price nearest to `price`, that of the decision, at which `symbol` alone would flip it. All three
    are None where there is no such price, and `why` says so.
    """

    step: int
    symbol: Symbol | None = None
    price: Decimal | None = None
    flips_at: Decimal | None = None
    why: str = ""

    @property
    def move(self) -> Decimal | None:
        """From `price` to `flips_at`, as a fraction of `price`; None where no price flips the gate."""
        return None if self.price is None or self.flips_at is None else self.flips_at / self.price - 1


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
    flips: tuple[Flip, ...] = ()
    since: date | None = None


@dataclass(frozen=True, slots=True)
class BotFailure:
    """A bot that could not decide, with the reason."""

    bot: str
    reason: str


Decision = Allocation | BotFailure
