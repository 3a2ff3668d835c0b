"""What a careful user writes in pandas, on which the other libraries build too."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from workloads import Chart, Value, Workload, parts_of, prices, tickers_of, workload

Array = NDArray[Any]
Weights = tuple[list[str], Array]
"""Tickers, and their weights (T, N)."""


def work_and_prices(name: str) -> tuple[Workload, pd.DataFrame]:
    """A workload, and the closes of the tickers in it."""
    work = workload(name)
    if work.missing:
        raise ValueError("pandas has other rules for missing prices: compare on complete ones")
    sessions, tickers, closes = prices()
    used = set().union(*map(tickers_of, work.charts))
    frame = pd.DataFrame(closes, index=pd.DatetimeIndex(sessions), columns=tickers)
    return work, frame[[ticker for ticker in tickers if ticker in used]].copy()


def wilder(amounts: pd.DataFrame, window: int) -> pd.DataFrame:
    """Wilder's average, which begins with the mean of the first `window` amounts."""
    seeded = amounts.iloc[window:].copy()
    seeded.iloc[0] = amounts.iloc[1 : window + 1].mean()
    return seeded.ewm(alpha=1 / window, adjust=False).mean().reindex(amounts.index)


class Indicators:
    """Of a frame of prices, each computed for all tickers at once, and once."""

    def __init__(self, closes: pd.DataFrame) -> None:
        self.closes = closes
        self.kept: dict[tuple[str, int], pd.DataFrame] = {}

    def __call__(self, function: str, window: int) -> pd.DataFrame:
        if (function, window) not in self.kept:
            self.kept[function, window] = getattr(self, function)(window)
        return self.kept[function, window]

    def column(self, value: Value) -> Array:
        function, ticker, window = value
        if function == "drawdown":  # pandas has none: by windows, of the tickers that are asked for
            windows = np.lib.stride_tricks.sliding_window_view(self.closes[ticker].to_numpy(), window)
            deepest = 1 - (windows / np.maximum.accumulate(windows, axis=1)).min(axis=1)
            return np.concatenate([np.full(window - 1, np.nan), deepest])
        return self(function, window)[ticker].to_numpy()

    def price(self, _window: int) -> pd.DataFrame:
        return self.closes

    def sma(self, window: int) -> pd.DataFrame:
        return self.closes.rolling(window).mean()

    def ema(self, window: int) -> pd.DataFrame:
        return self.closes.ewm(span=window, adjust=False, min_periods=window).mean()

    def ret(self, window: int) -> pd.DataFrame:
        return self.closes.pct_change(window)

    def mean(self, window: int) -> pd.DataFrame:
        return self.closes.pct_change().rolling(window).mean()

    def std(self, window: int) -> pd.DataFrame:
        return self.closes.pct_change().rolling(window).std()

    def rsi(self, window: int) -> pd.DataFrame:
        change = self.closes.diff()
        up, down = wilder(change.clip(lower=0), window), wilder((-change).clip(lower=0), window)
        return 100 * up / (up + down)


def small_by_hand(closes: pd.DataFrame) -> Weights:
    """Workload S, written out with masks."""
    rsi = Indicators(closes).rsi(10)
    spy, tqqq = closes["SPY"], closes["TQQQ"]
    bull = (spy > spy.rolling(200).mean()).to_numpy()
    above = (tqqq > tqqq.rolling(20).mean()).to_numpy()
    strength = {ticker: rsi[ticker].to_numpy() for ticker in ("TQQQ", "SPXL", "SPY", "UVXY", "SQQQ", "TLT")}
    held = {ticker: np.zeros(len(closes)) for ticker in ("TQQQ", "UVXY", "TECL", "UPRO", "BIL", "SQQQ", "TLT")}
    hot = bull & ((strength["TQQQ"] > 79) | (strength["SPXL"] > 80))
    held["UVXY"] += hot
    held["TQQQ"] += bull & ~hot
    held["TECL"] += ~bull & (strength["TQQQ"] < 31)
    left = ~bull & ~(strength["TQQQ"] < 31)
    held["UPRO"] += left & (strength["SPY"] < 30)
    left &= ~(strength["SPY"] < 30)
    fear, panic = left & (strength["UVXY"] > 74), left & (strength["UVXY"] > 84)
    held["TQQQ"] += 0.5 * panic
    held["BIL"] += 0.5 * panic
    held["UVXY"] += fear & ~panic
    left &= ~fear
    low = strength["SQQQ"] < 31
    held["SQQQ"] += left & above & low
    held["TQQQ"] += left & above & ~low
    stronger = strength["SQQQ"] >= strength["TLT"]
    held["SQQQ"] += left & ~above & stronger
    held["TLT"] += left & ~above & ~stronger
    return list(held), np.stack(list(held.values()), axis=1)


class NodeByNode:
    """The weights of any chart: each node gives an array (T, N), an if takes one or the other by `np.where`."""

    def __init__(self, closes: pd.DataFrame) -> None:
        self.closes, self.indicators = closes, Indicators(closes)
        self.column = {ticker: column for column, ticker in enumerate(closes.columns)}
        self.earned = closes.pct_change().shift(-1).fillna(0).to_numpy()

    def weights(self, chart: Chart) -> Array:
        out = np.zeros(self.closes.shape)
        match chart["t"]:
            case "asset":
                out[:, self.column[chart["ticker"]]] = 1
            case "if":
                return np.where(self.truth(chart)[:, None], self.weights(chart["then"]), self.weights(chart["else"]))
            case "equal" | "fixed":
                fractions = chart.get("w") or [1 / len(chart["ch"])] * len(chart["ch"])
                for fraction, child in zip(fractions, chart["ch"], strict=True):
                    out += fraction * self.weights(child)
            case _:
                for fractions, child in zip(self.fractions(chart).T, chart["ch"], strict=True):
                    if child["t"] == "asset":
                        out[:, self.column[child["ticker"]]] += fractions
                    else:
                        out += fractions[:, None] * self.weights(child)
        return out

    def operands(self, chart: Chart) -> tuple[Array, Array | float]:
        left, right = self.indicators.column(chart["lhs"]), chart["rhs"]
        return left, self.indicators.column(right) if isinstance(right, list) else right

    def truth(self, chart: Chart) -> Array:
        left, right = self.operands(chart)
        return left > right if chart["op"] == ">" else left < right

    def fractions(self, chart: Chart) -> Array:
        """What the children of a filter or of inverse volatility get, (T, K)."""
        if chart["t"] == "invvol":
            shares = 1 / self.scores("std", chart["win"], chart["ch"])
        else:
            scores = self.scores(chart["fn"], chart["win"], chart["ch"])
            ranks = np.argsort(np.argsort(-scores if chart["side"] == "top" else scores, axis=1, kind="stable"), axis=1)
            shares = (ranks < chart["n"]).astype(float)
            if chart["vol"]:
                shares /= self.scores("std", chart["vol"], chart["ch"])
        return shares / shares.sum(axis=1, keepdims=True)

    def scores(self, function: str, window: int, children: list[Chart]) -> Array:
        if all(child["t"] == "asset" for child in children):
            return self.indicators(function, window)[[child["ticker"] for child in children]].to_numpy()
        histories = pd.concat([self.history(child) for child in children], axis=1)
        return np.asarray(getattr(Indicators(histories), function)(window).to_numpy())

    def history(self, chart: Chart) -> pd.Series:
        """The value of a part of a chart on its own, from the first day on which all of its conditions are known."""
        read = [self.operands(part) for part in parts_of(chart) if part["t"] == "if"]
        known = ~np.isnan([left + right for left, right in read]).any(axis=0)
        first = int(known.argmax())
        growth = 1 + (self.weights(chart) * self.earned).sum(axis=1)
        value = np.full(len(growth), np.nan)
        value[first:] = np.cumprod([1, *growth[first:-1]])
        return pd.Series(value, index=self.closes.index)


def all_weights(name: str, work: Workload, closes: pd.DataFrame) -> list[Weights]:
    """The weights of every chart of a workload, from its first day on."""
    if name == "S":
        tickers, weights = small_by_hand(closes)
        return [(tickers, weights[work.first :])]
    by_node, tickers = NodeByNode(closes), list(closes.columns)
    found = (by_node.weights(chart)[work.first :] for chart in work.charts)
    return [(tickers, np.minimum(weights, work.cap) if work.cap else weights) for weights in found]


class DayByDay:
    """A chart of tickers walked once a day over columns of indicators, as an algorithm does that is called daily."""

    def __init__(self, closes: pd.DataFrame, chart: Chart, cap: float | None) -> None:
        self.indicators, self.chart, self.cap = Indicators(closes), chart, cap
        self.columns: dict[tuple[str, str, int], list[float]] = {}

    def value(self, function: str, ticker: str, window: int, row: int) -> float:
        key = function, ticker, window
        if key not in self.columns:
            self.columns[key] = self.indicators.column(list(key)).tolist()
        return self.columns[key][row]

    def weights(self, row: int) -> dict[str, float]:
        out: dict[str, float] = {}
        self._walk(self.chart, 1.0, row, out)
        return {ticker: min(weight, self.cap) for ticker, weight in out.items()} if self.cap else out

    def _walk(self, chart: Chart, amount: float, row: int, out: dict[str, float]) -> None:
        if chart["t"] == "asset":
            out[chart["ticker"]] = out.get(chart["ticker"], 0.0) + amount
        elif chart["t"] == "if":
            left, right = self.value(*chart["lhs"], row), chart["rhs"]
            level = self.value(*right, row) if isinstance(right, list) else right
            taken = left > level if chart["op"] == ">" else left < level
            self._walk(chart["then" if taken else "else"], amount, row, out)
        else:
            for fraction, child in self._fractions(chart, row):
                self._walk(child, amount * fraction, row, out)

    def _fractions(self, chart: Chart, row: int) -> list[tuple[float, Chart]]:
        children = chart["ch"]
        if chart["t"] in {"equal", "fixed"}:
            fractions = chart.get("w") or [1 / len(children)] * len(children)
            return list(zip(fractions, children, strict=True))
        volatility = chart.get("vol")
        if chart["t"] == "invvol":
            volatility = chart["win"]
        else:
            sign = -1 if chart["side"] == "top" else 1
            children = sorted(children, key=lambda c: sign * self.value(chart["fn"], c["ticker"], chart["win"], row))
            children = children[: chart["n"]]
        if not volatility:
            return [(1 / len(children), child) for child in children]
        shares = [1 / self.value("std", child["ticker"], volatility, row) for child in children]
        return [(share / sum(shares), child) for share, child in zip(shares, children, strict=True)]
