"""The formulas of the indicators: daily closes or bars in, one value a day out.

Each takes (T,) or (T, N) float64, oldest day first, and returns the same shape. Row t of the answer depends on rows up
to t only, and is the same to the last bit whatever follows. NaN means undefined: there are too few prices so far, or
one that is needed is missing. After a gap the recursive ones (RSI and EMA) start anew, as if history began there.
Prices must be positive. Returns, deviations of returns and drawdowns are in percent.

Sums over days are built from elementwise steps, because NumPy picks the order of a `sum` by the array's shape.
"""

import math
from collections.abc import Callable

import numpy as np

from rebalancer.model import Floats

Parts = tuple[Floats, ...]
Join = Callable[[Parts, Parts, int, int], Parts]


def moving_average_price(prices: Floats, window: int) -> Floats:
    """Mean of the last `window` prices."""
    (total,) = over_windows((prices,), window, lambda older, newer, *_sizes: (older[0] + newer[0],))
    return total / window


def exponential_moving_average_price(prices: Floats, window: int) -> Floats:
    """From e_0, the first price, e = a P + (1 - a) e_before with a = 2 / (window + 1). Defined after `window` prices.

    pandas: `ewm(span=window, adjust=False, min_periods=window)`.
    """

    def average(run: Floats) -> Floats:
        averages = _smoothed(run[:1], run[1:], 2 / (window + 1))
        averages[: window - 1] = np.nan
        return averages

    return _by_runs(prices, average)


def cumulative_return(prices: Floats, window: int) -> Floats:
    """100 (P / P `window` sessions ago - 1). A missing price between the two makes it undefined too."""
    out = np.full_like(prices, np.nan)
    out[window:] = 100 * (prices[window:] / prices[:-window] - 1)
    out[runs(prices) <= window] = np.nan
    return out


def moving_average_return(prices: Floats, window: int) -> Floats:
    """Mean of the last `window` simple daily returns (not compounded), in percent."""
    return 100 * moving_average_price(returns(prices), window)


def relative_strength_index(prices: Floats, window: int) -> Floats:
    """Wilder's RSI, 0 to 100 (New Concepts in Technical Trading Systems, 1978).

    The mean gain G and the mean loss L start as plain means of the first `window` changes; from then on
    G = (G (window - 1) + gain) / window, L alike. RSI = 100 - 100 / (1 + G / L), and 100 where L = 0: so a price that
    never moved has an RSI of 100 (TA-Lib says 0).
    """

    def strength(run: Floats) -> Floats:
        out = np.full_like(run, np.nan)
        if len(run) > window:
            change = np.diff(run)
            amounts = np.stack((np.maximum(change, 0), np.maximum(-change, 0)))
            gain, loss = _smoothed(amounts[:, :window].mean(axis=1, keepdims=True), amounts[:, window:], 1 / window)
            ratio = np.divide(gain, loss, out=np.full_like(gain, np.inf), where=loss > 0)
            out[window:] = 100 - 100 / (1 + ratio)
        return out

    return _by_runs(prices, strength)


def standard_deviation_return(prices: Floats, window: int) -> Floats:
    """Sample standard deviation (n - 1) of the last `window` daily returns, in percent, not annualised."""
    return 100 * standard_deviation_price(returns(prices), window)


def standard_deviation_price(prices: Floats, window: int) -> Floats:
    """Sample standard deviation (n - 1) of the last `window` prices, as a price.

    By the pairwise update of Chan, Golub and LeVeque (1979): exactly 0 for prices that are all equal.
    """

    def join(older: Parts, newer: Parts, older_size: int, newer_size: int) -> Parts:
        (mean, squares), (newer_mean, newer_squares) = older, newer
        step, size = newer_mean - mean, older_size + newer_size
        return (
            mean + step * (newer_size / size),
            squares + newer_squares + step * step * (older_size * newer_size / size),
        )

    if window < 2:
        return np.full_like(prices, np.nan)
    squares = over_windows((prices, prices - prices), window, join)[1]
    return np.sqrt(squares / (window - 1))


def max_drawdown(prices: Floats, window: int) -> Floats:
    """The deepest fall from a peak within the last `window` prices, as a positive percentage of the peak."""

    def join(older: Parts, newer: Parts, _older_size: int, _newer_size: int) -> Parts:
        (high, low, left), (newer_high, newer_low, newer_left) = older, newer
        lowest_left = np.minimum(np.minimum(left, newer_left), newer_low / high)
        return np.maximum(high, newer_high), np.minimum(low, newer_low), lowest_left

    left_of_peak = over_windows((prices, prices, prices / prices), window, join)[2]
    return 100 * (1 - left_of_peak)


def true_range(highs: Floats, lows: Floats, closes: Floats) -> Floats:
    """The range of a day with the close before it: max(high, close before) - min(low, close before)."""
    out = np.full_like(closes, np.nan)
    out[1:] = np.maximum(highs[1:], closes[:-1]) - np.minimum(lows[1:], closes[:-1])
    return out


def average_true_range(highs: Floats, lows: Floats, closes: Floats, window: int) -> Floats:
    """The mean of the first `window` true ranges, then (ATR_before (window - 1) + true range) / window."""

    def average(run: Floats) -> Floats:
        out = np.full_like(run, np.nan)
        if len(run) >= window:
            out[window - 1 :] = _smoothed(run[:window].mean(keepdims=True), run[window:], 1 / window)
        return out

    return _by_runs(true_range(highs, lows, closes), average)


def runs(values: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """The number of consecutive values that end at each row, none of them NaN; 0 where the row's own value is NaN."""
    rows = np.arange(1, len(values) + 1).reshape(-1, *[1] * (values.ndim - 1))
    last_gap = np.maximum.accumulate(np.where(np.isnan(values), rows, 0), axis=0)
    count: np.ndarray[tuple[int, ...], np.dtype[np.int64]] = rows - last_gap
    return count


def over_windows(parts: Parts, window: int, join: Join) -> Parts:
    """`join` applied over each `window` consecutive rows; NaN where there are fewer.

    `parts` describe single rows. `join(older, newer, older_size, newer_size)` describes two adjacent stretches as one.
    Stretches double in size, so that a window takes about log2(window) joins and nothing is ever subtracted.
    """
    out = tuple(np.full_like(part, np.nan) for part in parts)
    if window > len(parts[0]):
        return out
    span, size = parts, 1  # for each row, a stretch as long as the binary digits of `window` read so far
    for digit in f"{window:b}"[1:]:
        span = join(_rows(span, None, -size), _rows(span, size, None), size, size)
        size *= 2
        if digit == "1":
            span = join(_rows(span, None, -1), _rows(parts, size, None), size, 1)
            size += 1
    for whole, windows in zip(out, span, strict=True):
        whole[window - 1 :] = windows
    return out


def _rows(parts: Parts, first: int | None, last: int | None) -> Parts:
    return tuple(part[first:last] for part in parts)


def returns(prices: Floats) -> Floats:
    """The simple return from the row before, as a fraction; NaN in the first row."""
    out = np.full_like(prices, np.nan)
    out[1:] = prices[1:] / prices[:-1] - 1
    return out


def _smoothed(first: Floats, inputs: Floats, rate: float) -> Floats:
    """y_0 = `first`, then y = rate * input + (1 - rate) * y_before, along the last axis: one value more than `inputs`.

    Solved as keep^i (y_0 + rate * cumsum(input / keep^i)) in blocks short enough that keep^-i stays below 1e100.
    Inputs are never negative, so nothing cancels.
    """
    out = np.concatenate((first, inputs), axis=-1)
    if rate == 1:
        return out
    block = int(-230 / math.log1p(-rate))
    for start in range(0, inputs.shape[-1], block):
        part = inputs[..., start : start + block]
        keep = np.cumprod(np.full(part.shape[-1], 1 - rate))
        smooth = keep * (out[..., start : start + 1] + rate * np.cumsum(part / keep, axis=-1))
        out[..., start + 1 : start + 1 + block] = smooth
    return out


def _by_runs(prices: Floats, recursion: Callable[[Floats], Floats]) -> Floats:
    """`recursion` over each stretch of prices without a gap, column by column."""
    out = np.full_like(prices, np.nan)
    for column, answer in zip(np.atleast_2d(prices.T), np.atleast_2d(out.T), strict=True):
        present = np.concatenate(([False], ~np.isnan(column), [False]))
        edges = np.flatnonzero(present[1:] != present[:-1]).tolist()
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            answer[start:stop] = recursion(column[start:stop])
    return out
