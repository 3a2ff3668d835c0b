"""What can be done with values beside indicators: arithmetic, earlier values, and ranks among a value's own past.

Arrays are (T,), oldest day first. Row t of an answer depends on rows up to t only, and is the same to the last bit
whatever follows. NaN means undefined.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from rebalancer.bots.flowchart.indicators.rolling import over_windows, runs
from rebalancer.bots.flowchart.tree import Operation, RankKind
from rebalancer.model import Floats


class OperationSpec(NamedTuple):
    """`sign` is what stands between the operands, "" where the operation's name stands before them."""

    apply: Callable[..., Floats]
    sign: str = ""
    least: int = 2
    most: int | None = None
    """How many operands it takes; no `most` means any number."""


class RankSpec(NamedTuple):
    """`formula` takes the values and the window."""

    short: str
    meaning: str
    formula: Callable[[Floats, int], Floats]


OPERATIONS: Mapping[Operation, OperationSpec] = {
    "add": OperationSpec(np.add, "+"),
    "subtract": OperationSpec(np.subtract, "-", most=2),
    "multiply": OperationSpec(np.multiply, "*"),
    "divide": OperationSpec(np.divide, "/", most=2),
    "min": OperationSpec(np.minimum),
    "max": OperationSpec(np.maximum),
    "abs": OperationSpec(np.abs, least=1, most=1),
}


def calculated(operation: Operation, operands: Sequence[Floats]) -> Floats:
    """NaN where an operand is, and where the result is no finite number, as after a division by 0."""
    apply = OPERATIONS[operation].apply
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        result = reduce(apply, operands) if len(operands) > 1 else apply(*operands)
    return np.where(np.isfinite(result), result, np.nan)


def earlier(values: Floats, days: int) -> Floats:
    """The value of `days` sessions before; NaN in the first `days` rows."""
    out = np.full_like(values, np.nan)
    out[days:] = values[: max(len(values) - days, 0)]
    return out


def percentile(values: Floats, window: int) -> Floats:
    """How many percent of the last `window` values are at most the newest, itself included: above 0, up to 100."""
    count = np.zeros_like(values)
    for days in range(min(window, len(values))):
        count += earlier(values, days) <= values
    return np.where(runs(values) >= window, 100 * count / window, np.nan)


def stochastic(values: Floats, window: int) -> Floats:
    """100 (newest - lowest) / (highest - lowest) of the last `window` values; NaN where these are all equal.

    G. Lane's %K, of any value instead of the close, and of that value's own highs and lows.
    """
    lowest, highest = over_windows(
        (values, values),
        window,
        lambda older, newer, *_sizes: (np.minimum(older[0], newer[0]), np.maximum(older[1], newer[1])),
    )
    rank = calculated("divide", (100 * (values - lowest), highest - lowest))
    return np.minimum(rank, 100)  # which rounding may exceed


RANKS: Mapping[RankKind, RankSpec] = {
    "percentile": RankSpec("Percentile", "How many percent of its last `window` values are at most it.", percentile),
    "stochastic": RankSpec("Stochastic", "Its place between the lowest, 0, and the highest, 100.", stochastic),
}
