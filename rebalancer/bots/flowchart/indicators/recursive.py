"""What the formulas are built from whose value follows from the one before: averages that decay, and running sums.

Each row of an answer depends on rows up to it only, and is the same to the last bit whatever follows, as in `rolling`.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rebalancer.model import Floats


def smoothed(first: Floats, inputs: Floats, rate: float, *, centred: bool = False) -> Floats:
    """y_0 = `first`, then y = rate * input + (1 - rate) * y_before, along the last axis: one value more than `inputs`.

    `centred` smooths the distances from y_0, so that inputs that all equal it give exactly y_0; without it a decay
    towards 0 keeps its relative error.
    """
    out = np.concatenate((first, inputs), axis=-1)
    rows = out.reshape(-1, out.shape[-1])
    half = (len(rows) + 1) // 2
    pairs = np.zeros((half, rows.shape[1]), dtype=np.complex128)
    upper, lower = pairs.real, pairs.imag[: len(rows) - half]
    upper[:], lower[:] = rows[:half], rows[half:]
    _smooth_pairs(pairs, rate, centred=centred)
    rows[:half], rows[half:] = upper, lower
    return out


def _smooth_pairs(pairs: NDArray[np.complex128], rate: float, *, centred: bool = False) -> None:
    """Both parts of complex numbers `smoothed` in place, along the last axis, where y_0 stands first.

    A sum waits for the one before it: in pairs two wait together. It is solved as keep^i (y_0 + rate * cumsum(input /
    keep^i)) in blocks short enough that keep^-i stays below 1e100. The error is a rounding error of the largest recent
    input, as it is in the recursion.
    """
    count = pairs.shape[-1] - 1
    if rate == 1 or count <= 0:
        return
    block = int(-230 / math.log1p(-rate))
    _, twice = _powers(1 - rate, min(block, count))
    for start in range(0, count, block):
        before, part = pairs[..., start : start + 1], pairs[..., start + 1 : start + 1 + block]
        parts = part.view(np.float64)  # by which a real number is divided to the bits of a division of real numbers
        keep = twice[: parts.shape[-1]]
        if centred:
            part -= before
        parts /= keep
        np.cumsum(part, axis=-1, out=part)
        parts *= rate
        if not centred:
            part += before
        parts *= keep
        if centred:
            part += before


@lru_cache(16)
def _powers(keep: float, count: int) -> tuple[Floats, Floats]:
    """The first `count` powers of `keep`, and each of them twice."""
    powers = np.cumprod(np.full(count, keep), dtype=np.float64)
    return powers, np.stack((powers, powers), axis=-1).ravel()


def sum_decaying(pairs: NDArray[np.complex128], rate: float) -> None:
    """Both parts of complex numbers, in place and along the last axis: s = amount + (1 - rate) s_before.

    The sums have a factor above 0 in common, which is another in each column: only their ratio means something. So they
    are plain running sums of amounts that grow by 1 / (1 - rate) from one to the next, in blocks in which that stays
    below 1e100. A sum waits for the one before it: in pairs two wait together.
    """
    count = pairs.shape[-1] - 1
    if rate == 1 or count <= 0:
        return
    block, growing = _growing(rate, count)
    for start in range(0, count, block):
        part = pairs[..., start : start + 1 + block]
        amounts = part.view(np.float64)
        if start:
            amounts[..., :2] /= growing[-1]
        amounts[..., 2:] *= growing[: amounts.shape[-1] - 2]
        np.cumsum(part, axis=-1, out=part)


def decayed_sums_then(sums: NDArray[np.complex128], last: Floats, rate: float) -> Floats:
    """What follows the last of `sums` (T,) for each of the `last` amounts (2, K), to the bits of `sum_decaying`."""
    if rate == 1:
        return last
    before, count = np.array([[sums[-1].real], [sums[-1].imag]]), len(sums) - 1
    block, growing = _growing(rate, count + 1)
    if count and count % block == 0:
        before /= growing[-1]
    after: Floats = before + last * growing[2 * (count % block)]
    return after


def _growing(rate: float, count: int) -> tuple[int, Floats]:
    """The length of a block, and the powers of 1 / (1 - rate) for one or for a shorter `count`, each of them twice."""
    block = int(-230 / math.log1p(-rate))
    return block, _powers(1 / (1 - rate), min(block, count))[1]


def smoothed_then(first: Floats, inputs: Floats, last: Floats, rate: float) -> Floats:
    """The last value of a centred `smoothed` alone, over `inputs` and then one of `last`, for each of them (K,)."""
    if rate == 1:
        return last
    count, block, value = inputs.shape[-1], int(-230 / math.log1p(-rate)), first
    powers, _ = _powers(1 - rate, min(block, count + 1))
    for start in range(0, count + 1, block):
        part = inputs[start : start + block]
        if start + block > count:  # the block of the last input
            ending = (last - value) / powers[part.shape[-1]]
        else:
            part, ending = part[:-1], (part[-1:] - value) / powers[block - 1]
        size = part.shape[-1]
        summed = np.cumsum((part - value) / powers[:size])[-1:] + ending if size else ending
        value = summed * rate * powers[size] + value
    return value


def last_run(values: Floats) -> Floats:
    """Of `values` (T,), those since the last gap."""
    gaps = np.flatnonzero(np.isnan(values))
    return values[gaps[-1] + 1 :] if gaps.size else values


def by_runs(values: Floats, recursion: Callable[[Floats], Floats], *, rowwise: bool = False) -> Floats:
    """`recursion` over each stretch of values without a gap, column by column: after a gap it starts anew.

    A `rowwise` one goes along the last axis of any array, so that columns without any gap go together.
    """
    columns = np.atleast_2d(values.T)
    whole = np.asarray(~np.isnan(columns).any(axis=1))
    if not (rowwise and values.size):
        whole[:] = False
    elif whole.all():
        return np.reshape(recursion(np.ascontiguousarray(columns)), values.T.shape).T
    out = np.full_like(values, np.nan)
    answers = np.atleast_2d(out.T)
    if whole.any():
        # In memory as a column alone would be: the order of a sum depends on it.
        answers[whole] = recursion(np.ascontiguousarray(columns[whole]))
    for place in np.flatnonzero(~whole).tolist():
        column, answer = columns[place], answers[place]
        present = np.concatenate(([False], ~np.isnan(column), [False]))
        edges = np.flatnonzero(present[1:] != present[:-1]).tolist()
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            answer[start:stop] = recursion(column[start:stop])
    return out


def exponential_average(values: Floats, window: int) -> Floats:
    """From e_0, the first value, e = a v + (1 - a) e_before with a = 2 / (window + 1). Defined after `window` values.

    pandas: `ewm(span=window, adjust=False, min_periods=window)`.
    """

    def average(run: Floats) -> Floats:
        averages = smoothed(run[..., :1], run[..., 1:], 2 / (window + 1), centred=True)
        averages[..., : window - 1] = np.nan
        return averages

    return by_runs(values, average, rowwise=True)


def next_exponential_average(before: Floats, last: Floats, window: int) -> Floats:
    """The `exponential_average` of `before` (T,), without a gap, and then each of `last` (K,), to the same bits."""
    return smoothed_then(before[:1], before[1:], last, 2 / (window + 1))


def wilder_average(values: Floats, window: int) -> Floats:
    """The mean of the first `window` values, then a = (a (window - 1) + value) / window."""

    def average(run: Floats) -> Floats:
        out = np.full_like(run, np.nan)
        if run.shape[-1] >= window:
            first = run[..., :window].mean(axis=-1, keepdims=True)
            out[..., window - 1 :] = smoothed(first, run[..., window:], 1 / window)
        return out

    return by_runs(values, average, rowwise=True)
