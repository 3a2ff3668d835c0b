"""Averages of prices, as prices: of tickers only."""

import math

import numpy as np

from rebalancer.bots.flowchart.indicators.recursive import (
    by_runs,
    exponential_average,
    next_exponential_average,
    wilder_average,
)
from rebalancer.bots.flowchart.indicators.rolling import Parts, changes, earlier, over_windows, total
from rebalancer.bots.flowchart.indicators.spec import TWO_OR_MORE, IndicatorSpec, ten_windows
from rebalancer.model import Floats

CURRENT_PRICE = "current-price"


def moving_average(prices: Floats, window: int) -> Floats:
    return total(prices, window) / window


def weighted_average(prices: Floats, window: int) -> Floats:
    """Weights 1, 2, … `window`, the last price having the most."""

    def join(older: Parts, newer: Parts, older_size: int, _newer_size: int) -> Parts:
        (plain, weighted), (newer_plain, newer_weighted) = older, newer
        return plain + newer_plain, weighted + newer_weighted + older_size * newer_plain

    weighted = over_windows((prices, prices), window, join)[1]
    return weighted / (window * (window + 1) / 2)


def hull_average(prices: Floats, window: int) -> Floats:
    """WMA of 2 WMA(window / 2) - WMA(window) over the square root of window, both rounded down."""
    ahead = 2 * weighted_average(prices, window // 2) - weighted_average(prices, window)
    return weighted_average(ahead, math.isqrt(window))


def double_exponential_average(prices: Floats, window: int) -> Floats:
    """2 EMA - EMA of EMA."""
    once = exponential_average(prices, window)
    return 2 * once - exponential_average(once, window)


def triple_exponential_average(prices: Floats, window: int) -> Floats:
    """3 EMA - 3 EMA of EMA + EMA of EMA of EMA."""
    once = exponential_average(prices, window)
    twice = exponential_average(once, window)
    return 3 * once - 3 * twice + exponential_average(twice, window)


def kaufman_average(prices: Floats, window: int) -> Floats:
    """Starts from the price before; then a += c (P - a), where c = (E (2/3 - 2/31) + 2/31)^2.

    The efficiency E is the change over `window` sessions / the sum of all daily changes; 1 where no price changed.
    """

    def average(run: Floats) -> Floats:
        way = total(np.abs(changes(run)), window)[window:]
        direct = np.abs(run - earlier(run, window))[window:]
        efficiency = np.minimum(np.divide(direct, way, out=np.ones_like(way), where=way > 0), 1)
        rates = (efficiency * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        values = [math.nan] * min(window, len(run))
        average = float(run[window - 1]) if len(rates) else math.nan
        for price, rate in zip(run[window:].tolist(), rates.tolist(), strict=True):
            average += rate * (price - average)
            values.append(average)
        return np.array(values)

    return by_runs(prices, average)


def ultimate_smoother(prices: Floats, window: int) -> Floats:
    """Ehlers' filter of two poles; its first three values are the prices themselves."""
    decay = math.exp(-1.414 * math.pi / window)
    c2, c3 = 2 * decay * math.cos(1.414 * math.pi / window), -decay * decay
    c1 = (1 + c2 - c3) / 4

    def smooth(run: Floats) -> Floats:
        values = run.tolist()
        for day in range(3, len(values)):
            price, before, third = run[day], run[day - 1], run[day - 2]
            filtered = (1 - c1) * price + (2 * c1 - c2) * before - (c1 + c3) * third
            values[day] = float(filtered + c2 * values[day - 1] + c3 * values[day - 2])
        out = np.array(values)
        out[: window - 1] = np.nan
        return out

    return by_runs(prices, smooth)


AVERAGES = (
    IndicatorSpec(
        name=CURRENT_PRICE,
        short="Price",
        meaning="The price itself. Of tickers only.",
        unit="price",
        parameters=(),
        prices=lambda: 1,
        formula=lambda prices: prices,
        source="the adjusted close",
    ),
    IndicatorSpec(
        name="moving-average-price",
        short="SMA",
        meaning="The mean of the last `window` prices, as a price. Of tickers only.",
        unit="price",
        formula=moving_average,
        source="TA-Lib SMA",
    ),
    IndicatorSpec(
        name="exponential-moving-average-price",
        short="EMA",
        meaning="The exponential mean of prices with factor 2/(window+1), as a price. Of tickers only.",
        unit="price",
        settled=ten_windows,
        formula=exponential_average,
        following=next_exponential_average,
        source="pandas ewm(span=window, adjust=False, min_periods=window)",
    ),
    IndicatorSpec(
        name="weighted-moving-average",
        short="WMA",
        meaning="The mean of the last `window` prices, weighted 1 to `window`, as a price. Of tickers only.",
        unit="price",
        formula=weighted_average,
        source="TA-Lib WMA",
    ),
    IndicatorSpec(
        name="hull-moving-average",
        short="HMA",
        meaning="Hull's weighted average without lag, as a price. Of tickers only.",
        unit="price",
        parameters=TWO_OR_MORE,
        prices=lambda window: window + math.isqrt(window) - 1,
        formula=hull_average,
        source="A. Hull, Hull Moving Average, 2005; Tulip Indicators hma",
    ),
    IndicatorSpec(
        name="wilder-moving-average",
        short="WilderMA",
        meaning="Wilder's exponential mean of prices with factor 1/window, as a price. Of tickers only.",
        unit="price",
        settled=ten_windows,
        formula=wilder_average,
        source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978; Tulip Indicators wilders",
    ),
    IndicatorSpec(
        name="double-exponential-moving-average",
        short="DEMA",
        meaning="Mulloy's double exponential average, 2 EMA - EMA(EMA), as a price. Of tickers only.",
        unit="price",
        prices=lambda window: 2 * window - 1,
        settled=lambda window: ten_windows(2 * window),
        formula=double_exponential_average,
        source="P. Mulloy, Smoothing Data with Faster Moving Averages, Stocks & Commodities 12(1), 1994",
    ),
    IndicatorSpec(
        name="triple-exponential-moving-average",
        short="TEMA",
        meaning="Mulloy's triple exponential average, 3 EMA - 3 EMA(EMA) + EMA(EMA(EMA)), as a price. Of tickers only.",
        unit="price",
        prices=lambda window: 3 * window - 2,
        settled=lambda window: ten_windows(3 * window),
        formula=triple_exponential_average,
        source="P. Mulloy, Smoothing Data with Less Lag, Stocks & Commodities 12(2), 1994",
    ),
    IndicatorSpec(
        name="kaufman-adaptive-moving-average",
        short="KAMA",
        meaning="Kaufman's average, faster the straighter prices move, as a price. Of tickers only.",
        unit="price",
        prices=lambda window: window + 1,
        settled=lambda window: window + 1_000,
        formula=kaufman_average,
        source="P. Kaufman, Trading Systems and Methods, 1998; TA-Lib KAMA",
    ),
    IndicatorSpec(
        name="ultimate-smoother",
        short="UltimateSmoother",
        meaning="Ehlers' smooth average without lag, as a price. Of tickers only.",
        unit="price",
        parameters=TWO_OR_MORE,
        settled=ten_windows,
        formula=ultimate_smoother,
        source="J. Ehlers, The Ultimate Smoother, Stocks & Commodities 42(4), 2024",
    ),
)
