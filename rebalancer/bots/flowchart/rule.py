"""When a chart trades to its targets."""

from dataclasses import dataclass
from typing import Literal

Period = Literal["daily", "weekly", "monthly", "quarterly", "yearly"]
"""On the first session of each."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Once the tickers change, or one is off its target by more than `width`, a fraction of the whole."""

    width: float


Rebalance = Period | Threshold
