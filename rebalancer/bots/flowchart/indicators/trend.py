"""The straight line of least squares through the last prices."""

import numpy as np

from rebalancer.bots.flowchart.indicators.rolling import Parts, over_windows, ratio
from rebalancer.bots.flowchart.indicators.spec import TWO_OR_MORE, IndicatorSpec, Parameter
from rebalancer.model import Floats


def regression_slope(prices: Floats, window: int) -> Floats:
    """The slope of the line, in percent of the mean of the last `window` prices a session."""
    mean, _, with_time = _moments(prices, window)
    return 100 * with_time / _time_squares(window) / mean


def regression_value(prices: Floats, window: int) -> Floats:
    """Where the line is on the last day, as a price."""
    mean, _, with_time = _moments(prices, window)
    return mean + with_time / _time_squares(window) * ((window - 1) / 2)


def trend_clarity(prices: Floats, window: int) -> Floats:
    """100 R^2, the part of the prices' variance that the line explains."""
    _, squares, with_time = _moments(prices, window)
    return 100 * np.minimum(ratio(with_time * with_time, squares * _time_squares(window)), 1)


def _moments(prices: Floats, window: int) -> Parts:
    """The mean, the sum of squares about it, and the sum of products of price and day about their means.

    Each joined pairwise, as in `squared_distances`.
    """

    def join(older: Parts, newer: Parts, older_size: int, newer_size: int) -> Parts:
        (mean, squares, products), (newer_mean, newer_squares, newer_products) = older, newer
        step, size = newer_mean - mean, older_size + newer_size
        return (
            mean + step * (newer_size / size),
            squares + newer_squares + step * step * (older_size * newer_size / size),
            products + newer_products + step * (older_size * newer_size / 2),
        )

    return over_windows((prices, prices - prices, prices - prices), window, join)


def _time_squares(window: int) -> float:
    """The sum of squares of the days 1, 2, … `window` about their mean."""
    return window * (window * window - 1) / 12


TREND = (
    IndicatorSpec(
        name="linear-regression-slope",
        short="Slope",
        meaning="The slope of the line through the last `window` prices, in percent of their mean a session.",
        unit="percent",
        parameters=TWO_OR_MORE,
        formula=regression_slope,
        source="TA-Lib LINEARREG_SLOPE / SMA",
    ),
    IndicatorSpec(
        name="linear-regression-value",
        short="LineValue",
        meaning="The line through the last `window` prices on the last day, as a price. Of tickers only.",
        unit="price",
        parameters=TWO_OR_MORE,
        formula=regression_value,
        source="TA-Lib LINEARREG",
    ),
    IndicatorSpec(
        name="trend-clarity",
        short="TrendClarity",
        meaning="R squared of the line through the last `window` prices: 100 if they are on it, 0 without a trend.",
        unit="points",
        parameters=(Parameter("window", least=3),),
        formula=trend_clarity,
        source="TA-Lib CORREL of prices and days, squared",
        undefined="no price of the window differs from the others",
    ),
)
