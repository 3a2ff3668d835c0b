"""The indicators of a workload alone, in numpy: what any engine in numpy has to compute before it decides anything.

Tickers of the same function and window go together, eight in a call, which fits a processor's cache. Windows are summed
by doubling; recursions are solved by scaled cumulative sums. `prepare` checks them against the program's own formulas.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from ours import FUNCTIONS, IN_PERCENT
from worker import Run, serve
from workloads import Chart, parts_of, prices, workload

from rebalancer.bots.flowchart.indicators import INDICATORS

Array = NDArray[np.float64]
Wanted = dict[tuple[str, int], list[str]]
"""Tickers by function and window."""
TOGETHER = 8


def doubled(rows: Array, window: int, join: Callable[[Array, Array], Array]) -> Array:
    """`join` over each `window` values of the last axis."""
    span, size = rows, 1
    for digit in f"{window:b}"[1:]:
        span, size = join(span[..., :-size], span[..., size:]), 2 * size
        if digit == "1":
            span, size = join(span[..., :-1], rows[..., size:]), size + 1
    return span


def recursive(first: Array, inputs: Array, rate: float) -> Array:
    """Y = rate * input + (1 - rate) * y before, from `first`."""
    out = np.concatenate((first, inputs), axis=-1)
    block = int(-230 / np.log1p(-rate))
    for start in range(0, inputs.shape[-1], block):
        part = inputs[..., start : start + block]
        keep = np.cumprod(np.full(part.shape[-1], 1 - rate))
        out[..., start + 1 : start + 1 + block] = keep * (
            out[..., start : start + 1] + np.cumsum(rate * part / keep, -1)
        )
    return out


def returns(closes: Array) -> Array:
    return closes[:, 1:] / closes[:, :-1] - 1


def sma(closes: Array, window: int) -> Array:
    return doubled(closes, window, np.add) / window


def ema(closes: Array, window: int) -> Array:
    return recursive(closes[:, :1], closes[:, 1:], 2 / (window + 1))[:, window - 1 :]


def ret(closes: Array, window: int) -> Array:
    return closes[:, window:] / closes[:, :-window] - 1


def mean(closes: Array, window: int) -> Array:
    return doubled(returns(closes), window, np.add) / window


def std(closes: Array, window: int) -> Array:
    earned = returns(closes)
    sums = doubled(np.stack((earned, earned * earned)), window, np.add)
    return np.sqrt((sums[1] - sums[0] * sums[0] / window) / (window - 1))


def drawdown(closes: Array, window: int) -> Array:
    def join(older: Array, newer: Array) -> Array:
        (left, high, low), (newer_left, newer_high, newer_low) = older, newer
        left = np.minimum(np.minimum(left, newer_left), newer_low / high)
        return np.stack((left, np.maximum(high, newer_high), np.minimum(low, newer_low)))

    return 1 - doubled(np.stack((np.ones_like(closes), closes, closes)), window, join)[0]


def rsi(closes: Array, window: int) -> Array:
    change = np.diff(closes)
    amounts = np.stack((np.maximum(change, 0), np.maximum(-change, 0)))
    up, down = recursive(amounts[..., :window].mean(axis=-1, keepdims=True), amounts[..., window:], 1 / window)
    return 100 * up / (up + down)


KERNELS = {"sma": sma, "ema": ema, "ret": ret, "mean": mean, "std": std, "drawdown": drawdown, "rsi": rsi}


def scores_of(part: Chart) -> list[tuple[str, int]]:
    """The functions and windows that are computed of each child."""
    match part["t"]:
        case "invvol":
            return [("std", part["win"])]
        case "filter":
            return [(part["fn"], part["win"]), *([("std", part["vol"])] if part["vol"] else [])]
        case _:
            return []


def wanted(charts: list[Chart]) -> Wanted:
    """Every indicator of the charts once."""
    found: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for part in (each for chart in charts for each in parts_of(chart)):
        values = [part["lhs"], part["rhs"]] if part["t"] == "if" else []
        for function, ticker, window in (value for value in values if isinstance(value, list)):
            found[function, window].add(ticker)
        for function, window in scores_of(part):
            found[function, window].update(child["ticker"] for child in part["ch"])
    return {key: sorted(tickers) for key, tickers in found.items() if key[0] != "price"}


def computed(wanted: Wanted, rows: dict[str, Array]) -> Iterator[tuple[str, int, list[str], Array]]:
    """Values (tickers, T - those before the first), some tickers of one function and window at a time."""
    for (function, window), tickers in wanted.items():
        for start in range(0, len(tickers), TOGETHER):
            some = tickers[start : start + TOGETHER]
            yield function, window, some, KERNELS[function](np.stack([rows[ticker] for ticker in some]), window)


def check(wanted: Wanted, rows: dict[str, Array]) -> None:
    """Raises AssertionError where a value is not that of the program."""
    for function, window, tickers, values in computed(wanted, rows):
        for ticker, mine in zip(tickers, values, strict=True):
            theirs = INDICATORS[FUNCTIONS[function]].formula(rows[ticker], window)[-len(mine) :]
            np.testing.assert_allclose(mine * (100 if function in IN_PERCENT else 1), theirs, rtol=1e-9, atol=1e-9)


def prepare(name: str) -> Run:
    _, tickers, closes = prices()
    rows = dict(zip(tickers, np.ascontiguousarray(closes.T), strict=True))
    needed = wanted(workload(name).charts)
    check(needed, rows)

    def run() -> Array:
        return np.array([[values[-1, -1] for *_, values in computed(needed, rows)]])

    return run


if __name__ == "__main__":
    serve(prepare)
