"""How near a bot was to deciding otherwise."""

from dataclasses import dataclass
from decimal import Decimal

from rebalancer.model.names import Symbol


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
