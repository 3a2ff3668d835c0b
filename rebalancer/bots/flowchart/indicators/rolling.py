"""What the formulas are built from: a value for each day from the days up to it, in plain elementwise steps.

Each takes (T,) or (T, N) float64, oldest day first. Row t of an answer depends on rows up to t only, and is the same to
the last bit whatever follows. NaN means undefined: there are too few values so far, or one that is needed is missing.
Sums over days are built from elementwise steps, because NumPy picks the order of a `sum` by the array's shape.
"""

from collections.abc import Callable

import numpy as np

from rebalancer.model import Floats

Parts = tuple[Floats, ...]
Join = Callable[[Parts, Parts, int, int], Parts]


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
    if window > len(parts[0]):
        return tuple([np.full_like(part, np.nan) for part in parts])
    span, size = parts, 1  # for each row, a stretch as long as the binary digits of `window` read so far
    for digit in f"{window:b}"[1:]:
        span = join(_rows(span, None, -size), _rows(span, size, None), size, size)
        size *= 2
        if digit == "1":
            span = join(_rows(span, None, -1), _rows(parts, size, None), size, 1)
            size += 1
    return tuple([_from_row(window - 1, windows, parts[0]) for windows in span])


def _from_row(first: int, values: Floats, like: Floats) -> Floats:
    """`values` below `first` rows of NaN, in memory like another array of that shape."""
    out = np.empty_like(like)
    out[:first], out[first:] = np.nan, values
    return out


def _rows(parts: Parts, first: int | None, last: int | None) -> Parts:
    return tuple([part[first:last] for part in parts])


def total(values: Floats, window: int) -> Floats:
    """The sum of the last `window` values: `over_windows` for the join that is asked for most."""
    if window > len(values):
        return np.full_like(values, np.nan)
    span, size = values, 1
    for digit in f"{window:b}"[1:]:
        span, size = span[:-size] + span[size:], 2 * size
        if digit == "1":
            span, size = span[:-1] + values[size:], size + 1
    return _from_row(window - 1, span, values)


def highest(values: Floats, window: int) -> Floats:
    (most,) = over_windows((values,), window, lambda older, newer, *_sizes: (np.maximum(older[0], newer[0]),))
    return most


def lowest(values: Floats, window: int) -> Floats:
    (least,) = over_windows((values,), window, lambda older, newer, *_sizes: (np.minimum(older[0], newer[0]),))
    return least


def squared_distances(values: Floats, window: int) -> Floats:
    """The sum of the squared distances of the last `window` values from their mean; NaN if one of them is infinite.

    By the pairwise update of Chan, Golub and LeVeque (1979): exactly 0 for values that are all equal.
    """
    if np.isinf(values).any():
        values = np.where(np.isinf(values), np.nan, values)

    def join(older: Parts, newer: Parts, older_size: int, newer_size: int) -> Parts:
        (mean, *squares), (newer_mean, *newer_squares) = older, newer
        size, step = older_size + newer_size, newer_mean - mean
        joined = step * step
        joined *= older_size * newer_size / size
        if known := [*squares, *newer_squares]:  # a single row has none
            joined += known[0] + known[1] if len(known) > 1 else known[0]
        if size < window:  # the last mean is not needed
            step *= newer_size / size
            step += mean
        return step, joined

    if window == 1:
        return values - values
    return over_windows((values,), window, join)[-1]


def without_gaps(values: Floats, prices: Floats, window: int) -> Floats:
    """`values` themselves, with NaN where one of the last `window` `prices` is missing; both (T,) or (T, N)."""
    values[: window - 1] = np.nan
    missing = np.isnan(prices)
    if not missing.any():
        return values
    columns, missing = np.atleast_2d(values.T), np.atleast_2d(missing.T)
    for column in np.flatnonzero(missing.any(axis=1)):
        rows = np.arange(1, len(prices) + 1)
        last_gap = np.maximum.accumulate(np.where(missing[column], rows, 0))
        columns[column, rows - last_gap < window] = np.nan
    return values


def earlier(values: Floats, sessions: int) -> Floats:
    """The value `sessions` rows before; NaN where history is shorter."""
    out = np.empty_like(values)
    out[:sessions], out[sessions:] = np.nan, values[:-sessions] if sessions else values
    return out


def changes(values: Floats) -> Floats:
    """The difference from the row before; NaN in the first row."""
    return values - earlier(values, 1)


def returns(prices: Floats) -> Floats:
    """The simple return from the row before, as a fraction; NaN in the first row."""
    return growth(prices, 1)


def growth(prices: Floats, sessions: int) -> Floats:
    """The simple return from `sessions` rows before, as a fraction; NaN where history is shorter."""
    out = np.empty_like(prices)
    out[:sessions] = np.nan
    grown = np.divide(prices[sessions:], prices[:-sessions], out=out[sessions:])
    grown -= 1
    return out


def ratio(dividend: Floats, divisor: Floats) -> Floats:
    """`dividend` / `divisor`; NaN where the divisor is 0."""
    return np.divide(dividend, divisor, out=np.full_like(dividend, np.nan), where=divisor != 0)
