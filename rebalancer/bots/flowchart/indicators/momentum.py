"""Returns and drawdowns, in percent, and differences of averages."""

from functools import partial

import numpy as np

from rebalancer.bots.flowchart.indicators.averages import moving_average
from rebalancer.bots.flowchart.indicators.recursive import by_runs, exponential_average
from rebalancer.bots.flowchart.indicators.rolling import Parts, earlier, growth, over_windows, returns, without_gaps
from rebalancer.bots.flowchart.indicators.spec import IndicatorSpec, Parameter, ten_windows
from rebalancer.model import Floats

MONTH = 21
"""A month in sessions."""


def cumulative_return(prices: Floats, window: int) -> Floats:
    """100 (P / P `window` sessions ago - 1). A missing price between the two makes it undefined too."""
    percent = growth(prices, window)
    percent *= 100
    return without_gaps(percent, prices, window + 1)


def moving_average_return(prices: Floats, window: int) -> Floats:
    """Mean of the last `window` simple daily returns (not compounded), in percent."""
    return 100 * moving_average(returns(prices), window)


def weighted_momentum(prices: Floats) -> Floats:
    """(12 r_1 + 4 r_3 + 2 r_6 + r_12) / 19 of the returns over 1, 3, 6 and 12 months."""
    return _months(prices, 12, 4, 2, 1) / 19


def unweighted_momentum(prices: Floats) -> Floats:
    """The mean of the returns over 1, 3, 6 and 12 months."""
    return _months(prices, 1, 1, 1, 1) / 4


def _months(prices: Floats, first: int, third: int, sixth: int, twelfth: int) -> Floats:
    return (
        first * cumulative_return(prices, MONTH)
        + third * cumulative_return(prices, 3 * MONTH)
        + sixth * cumulative_return(prices, 6 * MONTH)
        + twelfth * cumulative_return(prices, 12 * MONTH)
    )


def average_momentum(prices: Floats) -> Floats:
    """100 (P / mean of the prices 0, 1, … 12 months ago - 1)."""
    total = prices.copy()
    for month in range(1, 13):
        total += earlier(prices, month * MONTH)
    out = 100 * (13 * prices / total - 1)
    return without_gaps(out, prices, 12 * MONTH + 1)


def price_to_average(prices: Floats, window: int) -> Floats:
    """100 (P / SMA - 1)."""
    return 100 * (prices / moving_average(prices, window) - 1)


def max_drawdown(prices: Floats, window: int) -> Floats:
    """The deepest fall from a peak within the last `window` prices, as a positive percentage of the peak."""

    def join(older: Parts, newer: Parts, _older_size: int, _newer_size: int) -> Parts:
        (high, low, left), (newer_high, newer_low, newer_left) = older, newer
        lowest_left = np.minimum(np.minimum(left, newer_left), newer_low / high)
        return np.maximum(high, newer_high), np.minimum(low, newer_low), lowest_left

    left_of_peak = over_windows((prices, prices, prices / prices), window, join)[2]
    return 100 * (1 - left_of_peak)


def drawdown(prices: Floats) -> Floats:
    """The fall from the highest price since the history began, as a positive percentage of that price."""
    return 100 * (1 - prices / by_runs(prices, partial(np.maximum.accumulate, axis=-1), rowwise=True))


def macd(prices: Floats, short: int, long: int) -> Floats:
    """EMA(short) - EMA(long)."""
    return exponential_average(prices, short) - exponential_average(prices, long)


def macd_signal(prices: Floats, short: int, long: int, smooth: int) -> Floats:
    """The exponential average of the MACD, from its first value on."""
    return exponential_average(macd(prices, short, long), smooth)


def macd_histogram(prices: Floats, short: int, long: int, smooth: int) -> Floats:
    return macd(prices, short, long) - macd_signal(prices, short, long, smooth)


def ppo(prices: Floats, short: int, long: int) -> Floats:
    """100 (EMA(short) - EMA(long)) / EMA(long)."""
    return 100 * macd(prices, short, long) / exponential_average(prices, long)


def ppo_signal(prices: Floats, short: int, long: int, smooth: int) -> Floats:
    """The exponential average of the PPO, from its first value on."""
    return exponential_average(ppo(prices, short, long), smooth)


def ppo_histogram(prices: Floats, short: int, long: int, smooth: int) -> Floats:
    return ppo(prices, short, long) - ppo_signal(prices, short, long, smooth)


_TWO_WINDOWS = (Parameter("short-window"), Parameter("long-window"))
_THREE_WINDOWS = (*_TWO_WINDOWS, Parameter("smooth-window"))
_MACD = "moving-average-convergence-divergence"
_PPO = "percentage-price-oscillator"
_APPEL = "G. Appel, The Moving Average Convergence-Divergence Trading Method, 1979; ta (Python), MACD"


def _needed(short: int, long: int, smooth: int = 1) -> int:
    return max(short, long) + smooth - 1


def _settled(short: int, long: int, smooth: int = 0) -> int:
    return ten_windows(max(short, long) + smooth)


MOMENTUM = (
    IndicatorSpec(
        name="cumulative-return",
        short="Return",
        meaning="The return over `window` sessions, in percent.",
        unit="percent",
        prices=lambda window: window + 1,
        formula=cumulative_return,
        source="TA-Lib ROC",
    ),
    IndicatorSpec(
        name="moving-average-return",
        short="MeanReturn",
        meaning="The mean of the last `window` daily returns, in percent.",
        unit="percent",
        prices=lambda window: window + 1,
        formula=moving_average_return,
        source="pandas pct_change().rolling(window).mean()",
    ),
    IndicatorSpec(
        name="13612w-momentum",
        short="13612W",
        meaning="The mean of the returns over 1, 3, 6 and 12 months of 21 sessions, weighted 12, 4, 2, 1, in percent.",
        unit="percent",
        parameters=(),
        prices=lambda: 12 * MONTH + 1,
        formula=weighted_momentum,
        source="W. Keller, J. Keuning, Breadth Momentum and Vigilant Asset Allocation, 2017",
    ),
    IndicatorSpec(
        name="13612u-momentum",
        short="13612U",
        meaning="The mean of the returns over 1, 3, 6 and 12 months of 21 sessions, in percent.",
        unit="percent",
        parameters=(),
        prices=lambda: 12 * MONTH + 1,
        formula=unweighted_momentum,
        source="W. Keller, J. Keuning, Breadth Momentum and Vigilant Asset Allocation, 2017",
    ),
    IndicatorSpec(
        name="sma12-momentum",
        short="SMA12",
        meaning="The price above the mean of today's and those 1 to 12 months of 21 sessions ago, in percent.",
        unit="percent",
        parameters=(),
        prices=lambda: 12 * MONTH + 1,
        formula=average_momentum,
        source="W. Keller, J. Keuning, Protective Asset Allocation, 2016",
    ),
    IndicatorSpec(
        name="price-to-moving-average",
        short="PriceToSMA",
        meaning="The price above the mean of the last `window` prices, in percent of that mean.",
        unit="percent",
        formula=price_to_average,
        source="TA-Lib SMA",
    ),
    IndicatorSpec(
        name="max-drawdown",
        short="MaxDrawdown",
        meaning="The deepest fall from a peak within the last `window` prices, in percent, positive.",
        unit="percent",
        formula=max_drawdown,
        source="M. Magdon-Ismail, A. Atiya: Maximum Drawdown, Risk 17(10), 2004",
    ),
    IndicatorSpec(
        name="drawdown",
        short="Drawdown",
        meaning="The fall from the highest price since the history began or had a gap, in percent, positive.",
        unit="percent",
        parameters=(),
        prices=lambda: 1,
        formula=drawdown,
        whole_history=True,
        source="pandas 1 - prices / prices.cummax()",
    ),
    IndicatorSpec(
        name=_MACD,
        short="MACD",
        meaning="The exponential mean over `short-window` less that over `long-window`, as a price. Of tickers only.",
        unit="price",
        parameters=_TWO_WINDOWS,
        prices=_needed,
        settled=_settled,
        formula=macd,
        source=_APPEL,
    ),
    IndicatorSpec(
        name=f"{_MACD}-signal",
        short="MACDSignal",
        meaning="The exponential mean of the MACD over `smooth-window`, as a price. Of tickers only.",
        unit="price",
        parameters=_THREE_WINDOWS,
        prices=_needed,
        settled=_settled,
        formula=macd_signal,
        source=_APPEL,
    ),
    IndicatorSpec(
        name=f"{_MACD}-histogram",
        short="MACDHistogram",
        meaning="The MACD less its signal, as a price. Of tickers only.",
        unit="price",
        parameters=_THREE_WINDOWS,
        prices=_needed,
        settled=_settled,
        formula=macd_histogram,
        source=_APPEL,
    ),
    IndicatorSpec(
        name=_PPO,
        short="PPO",
        meaning="The MACD in percent of the exponential mean over `long-window`.",
        unit="percent",
        parameters=_TWO_WINDOWS,
        prices=_needed,
        settled=_settled,
        formula=ppo,
        source="ta (Python), PercentagePriceOscillator",
    ),
    IndicatorSpec(
        name=f"{_PPO}-signal",
        short="PPOSignal",
        meaning="The exponential mean of the PPO over `smooth-window`, in percent.",
        unit="percent",
        parameters=_THREE_WINDOWS,
        prices=_needed,
        settled=_settled,
        formula=ppo_signal,
        source="ta (Python), PercentagePriceOscillator",
    ),
    IndicatorSpec(
        name=f"{_PPO}-histogram",
        short="PPOHistogram",
        meaning="The PPO less its signal, in percent.",
        unit="percent",
        parameters=_THREE_WINDOWS,
        prices=_needed,
        settled=_settled,
        formula=ppo_histogram,
        source="ta (Python), PercentagePriceOscillator",
    ),
)
