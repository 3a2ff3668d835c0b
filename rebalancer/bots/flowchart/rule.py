"""When a chart trades to its targets."""

from typing import Literal, NamedTuple

Period = Literal["daily", "weekly", "monthly", "quarterly", "yearly"]
"""On the first session of each."""


class Threshold(NamedTuple):
    """Once the tickers change, or one is off its target by more than `width`, a fraction of the whole."""

    width: float


Rebalance = Period | Threshold
