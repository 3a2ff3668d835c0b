"""Indicators of daily ranges: they read highs and lows, and are of tickers only."""

from typing import Literal

import numpy as np

from rebalancer.bots.flowchart.indicators.averages import moving_average
from rebalancer.bots.flowchart.indicators.recursive import wilder_average
from rebalancer.bots.flowchart.indicators.rolling import Parts, changes, earlier, highest, lowest, over_windows, ratio
from rebalancer.bots.flowchart.indicators.spec import TWO_OR_MORE, IndicatorSpec, Parameter, ten_windows
from rebalancer.model import BarField, Floats


def true_range(highs: Floats, lows: Floats, closes: Floats) -> Floats:
    """The range of a day with the close before it: max(high, close before) - min(low, close before)."""
    before = earlier(closes, 1)
    return np.maximum(highs, before) - np.minimum(lows, before)


def average_true_range(highs: Floats, lows: Floats, closes: Floats, window: int) -> Floats:
    """The mean of the first `window` true ranges, then (ATR_before (window - 1) + true range) / window."""
    return wilder_average(true_range(highs, lows, closes), window)


def average_true_range_percent(highs: Floats, lows: Floats, closes: Floats, window: int) -> Floats:
    return 100 * average_true_range(highs, lows, closes, window) / closes


def average_directional_index(highs: Floats, lows: Floats, window: int) -> Floats:
    """Wilder's average of DX = 100 |up - down| / (up + down), where both are his averages of directional movement.

    A day's movement is up, the rise of the high, or down, the fall of the low: the larger of the two, if it is above 0.
    The true range, by which both are divided, cancels. DX is 0 where nothing moved so far.
    """
    rise, fall = changes(highs), -changes(lows)
    moved = np.where(np.isnan(rise), np.nan, 0.0)
    up = wilder_average(np.where((rise > fall) & (rise > 0), rise, moved), window)
    down = wilder_average(np.where((fall > rise) & (fall > 0), fall, moved), window)
    both = up + down
    index = 100 * np.divide(np.abs(up - down), both, out=both.copy(), where=both != 0)
    return wilder_average(index, window)


def stochastic_k(highs: Floats, lows: Floats, closes: Floats, window: int) -> Floats:
    """100 (close - lowest low) / (highest high - lowest low) of the last `window` days."""
    bottom = lowest(lows, window)
    return 100 * ratio(closes - bottom, highest(highs, window) - bottom)


def stochastic_d(highs: Floats, lows: Floats, closes: Floats, window: int, smooth: int) -> Floats:
    """The mean of the last `smooth` values of %K."""
    return moving_average(stochastic_k(highs, lows, closes, window), smooth)


def williams_percent_r(highs: Floats, lows: Floats, closes: Floats, window: int) -> Floats:
    """-100 (highest high - close) / (highest high - lowest low) of the last `window` days."""
    top = highest(highs, window)
    return -100 * ratio(top - closes, top - lowest(lows, window))


def commodity_channel_index(highs: Floats, lows: Floats, closes: Floats, window: int) -> Floats:
    """(typical price - its mean) / (0.015 mean absolute deviation from that mean), of the last `window` days."""
    typical = (highs + lows + closes) / 3
    mean = moving_average(typical, window)
    deviation = np.zeros_like(typical)
    for days in range(window):
        deviation = deviation + np.abs(earlier(typical, days) - mean)
    # Prices that stand still deviate by rounding errors alone.
    spread = np.where(highest(typical, window) > lowest(typical, window), deviation / window, 0 * deviation)
    return ratio(typical - mean, 0.015 * spread)


def aroon_up(highs: Floats, window: int) -> Floats:
    """100 (window - days since the highest high of window + 1 days) / window; the last of equal ones counts."""
    return 100 * (window - _age_of_highest(highs, window + 1)) / window


def aroon_down(lows: Floats, window: int) -> Floats:
    """100 (window - days since the lowest low of window + 1 days) / window; the last of equal ones counts."""
    return 100 * (window - _age_of_highest(-lows, window + 1)) / window


def aroon_oscillator(highs: Floats, lows: Floats, window: int) -> Floats:
    return aroon_up(highs, window) - aroon_down(lows, window)


def _age_of_highest(values: Floats, window: int) -> Floats:
    """The number of days since the highest of the last `window` values, the last one of equal ones."""

    def join(older: Parts, newer: Parts, _older_size: int, newer_size: int) -> Parts:
        (top, age), (newer_top, newer_age) = older, newer
        kept = np.where(newer_top >= top, newer_age, age + newer_size)
        return np.maximum(top, newer_top), kept

    top, age = over_windows((values, np.zeros_like(values)), window, join)
    return np.where(np.isnan(top), np.nan, age)


_RANGE: tuple[Literal["close"] | BarField, ...] = ("high", "low", "close")
_STANDS_STILL = "no high or low of the window differs from the others"
_WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978"
_LANE = "G. Lane, Lane's Stochastics, Stocks & Commodities 2(3), 1984; TA-Lib STOCHF"
_CHANDE = "T. Chande, A Time Price Oscillator, Stocks & Commodities 13(9), 1995; TA-Lib AROON"

BARS = (
    IndicatorSpec(
        name="average-true-range",
        short="ATR",
        meaning="Wilder's mean of the true range, as a price. Of tickers only, by their highs and lows.",
        unit="price",
        prices=lambda window: window + 1,
        settled=ten_windows,
        formula=average_true_range,
        source=_WILDER,
        reads=_RANGE,
    ),
    IndicatorSpec(
        name="average-true-range-percent",
        short="ATRPercent",
        meaning="Wilder's mean of the true range, in percent of the close. Of tickers only, by their highs and lows.",
        unit="percent",
        prices=lambda window: window + 1,
        settled=ten_windows,
        formula=average_true_range_percent,
        source=_WILDER,
        reads=_RANGE,
    ),
    IndicatorSpec(
        name="average-directional-index",
        short="ADX",
        meaning="Wilder's strength of a trend, up or down, 0 to 100. Of tickers only, by their highs and lows.",
        unit="points",
        prices=lambda window: 2 * window,
        settled=lambda window: ten_windows(2 * window),
        formula=average_directional_index,
        source=_WILDER,
        reads=("high", "low"),
    ),
    IndicatorSpec(
        name="stochastic-k",
        short="StochK",
        meaning="Where the close is between lowest low, 0, and highest high, 100, of `window` days. Of tickers only.",
        unit="points",
        formula=stochastic_k,
        source=_LANE,
        undefined=_STANDS_STILL,
        reads=_RANGE,
    ),
    IndicatorSpec(
        name="stochastic-d",
        short="StochD",
        meaning="The mean of the last `smooth-window` values of the stochastic %K, 0 to 100. Of tickers only.",
        unit="points",
        parameters=(Parameter("window"), Parameter("smooth-window")),
        prices=lambda window, smooth: window + smooth - 1,
        formula=stochastic_d,
        source=_LANE,
        undefined=_STANDS_STILL,
        reads=_RANGE,
    ),
    IndicatorSpec(
        name="williams-percent-r",
        short="WilliamsR",
        meaning="Where the close is between lowest low, -100, and highest high, 0, of `window` days. Of tickers only.",
        unit="points",
        formula=williams_percent_r,
        source="L. R. Williams, 1979; TA-Lib WILLR",
        undefined=_STANDS_STILL,
        reads=_RANGE,
    ),
    IndicatorSpec(
        name="commodity-channel-index",
        short="CCI",
        meaning="The typical price above its mean, in units of 0.015 mean deviations. Of tickers only.",
        unit="points",
        parameters=TWO_OR_MORE,
        formula=commodity_channel_index,
        source="D. Lambert, Commodity Channel Index, Commodities 9(10), 1980; TA-Lib CCI",
        undefined="no typical price of the window differs from the others",
        reads=_RANGE,
    ),
    IndicatorSpec(
        name="aroon-up",
        short="AroonUp",
        meaning="How recent the highest high of `window` sessions is: 100 today, 0 as long ago. Of tickers only.",
        unit="points",
        prices=lambda window: window + 1,
        formula=aroon_up,
        source=_CHANDE,
        reads=("high",),
    ),
    IndicatorSpec(
        name="aroon-down",
        short="AroonDown",
        meaning="How recent the lowest low of `window` sessions is: 100 today, 0 as long ago. Of tickers only.",
        unit="points",
        prices=lambda window: window + 1,
        formula=aroon_down,
        source=_CHANDE,
        reads=("low",),
    ),
    IndicatorSpec(
        name="aroon-oscillator",
        short="Aroon",
        meaning="Aroon up less Aroon down, -100 to 100. Of tickers only, by their highs and lows.",
        unit="points",
        prices=lambda window: window + 1,
        formula=aroon_oscillator,
        source=_CHANDE,
        reads=("high", "low"),
    ),
)
