"""How far prices move: deviations, Bollinger's bands, the Ulcer Index."""

import math

import numpy as np

from rebalancer.bots.flowchart.indicators.averages import moving_average
from rebalancer.bots.flowchart.indicators.rolling import earlier, ratio, returns, squared_distances
from rebalancer.bots.flowchart.indicators.spec import TWO_OR_MORE, IndicatorSpec, Parameter
from rebalancer.model import Floats

STANDARD_DEVIATION_RETURN = "standard-deviation-return"
SESSIONS_OF_A_YEAR = 252


def standard_deviation_price(prices: Floats, window: int) -> Floats:
    """Sample standard deviation (n - 1) of the last `window` prices, as a price."""
    if window < 2:
        return np.full_like(prices, np.nan)
    return np.sqrt(squared_distances(prices, window) / (window - 1))


def standard_deviation_return(prices: Floats, window: int) -> Floats:
    """Sample standard deviation (n - 1) of the last `window` daily returns, in percent, not annualised."""
    return 100 * standard_deviation_price(returns(prices), window)


def historical_volatility(prices: Floats, window: int) -> Floats:
    """100 sqrt(252) times the sample deviation of the last `window` daily changes of log(P)."""
    ratios = prices / earlier(prices, 1)
    # One by one: NumPy's logarithm may differ in the last bit with the place of a number in its array.
    logarithms = np.array([math.log(each) for each in ratios.ravel().tolist()]).reshape(ratios.shape)
    return 100 * math.sqrt(SESSIONS_OF_A_YEAR) * standard_deviation_price(logarithms, window)


def bollinger_band(prices: Floats, window: int, deviations: float) -> Floats:
    """SMA + `deviations` population deviations (n) of the last `window` prices, as a price."""
    return moving_average(prices, window) + deviations * _population_deviation(prices, window)


def percent_b(prices: Floats, window: int, deviations: float) -> Floats:
    """100 (P - lower band) / (upper band - lower band)."""
    half = deviations * _population_deviation(prices, window)
    return 50 + 50 * ratio(prices - moving_average(prices, window), half)


def bandwidth(prices: Floats, window: int, deviations: float) -> Floats:
    """100 (upper band - lower band) / SMA."""
    return 200 * deviations * _population_deviation(prices, window) / moving_average(prices, window)


def _population_deviation(prices: Floats, window: int) -> Floats:
    return np.sqrt(squared_distances(prices, window) / window)


def ulcer_index(prices: Floats, window: int) -> Floats:
    """The root of the mean square of the falls from the highest price so far within the last `window`, in percent."""
    out = np.full_like(prices, np.nan)
    if (count := len(prices) - window + 1) > 0:
        highest, squares = prices[:count], np.zeros_like(prices[:count])
        for day in range(window):
            price = prices[day : day + count]
            highest = np.maximum(highest, price)
            fall = 100 * (1 - price / highest)
            squares = squares + fall * fall
        out[window - 1 :] = np.sqrt(squares / window)
    return out


_BANDS = (*TWO_OR_MORE, Parameter("deviations", least=0, most=100, fraction=True))
_WIDE_BANDS = (*TWO_OR_MORE, Parameter("deviations", least=0.01, most=100, fraction=True))
_BOLLINGER = "J. Bollinger, Bollinger on Bollinger Bands, 2001; TA-Lib BBANDS"


def _window(window: int, _deviations: float) -> int:
    return window


VOLATILITY = (
    IndicatorSpec(
        name=STANDARD_DEVIATION_RETURN,
        short="StdReturn",
        meaning="The sample deviation of the last `window` daily returns, in percent, not annualised.",
        unit="percent",
        parameters=TWO_OR_MORE,
        prices=lambda window: window + 1,
        formula=standard_deviation_return,
        source="pandas pct_change().rolling(window).std()",
    ),
    IndicatorSpec(
        name="standard-deviation-price",
        short="StdPrice",
        meaning="The sample deviation of the last `window` prices, as a price. Of tickers only.",
        unit="price",
        parameters=TWO_OR_MORE,
        formula=standard_deviation_price,
        source="pandas rolling(window).std()",
    ),
    IndicatorSpec(
        name="historical-volatility",
        short="HistVol",
        meaning="The sample deviation of the last `window` daily log returns, annualised by 252 sessions, in percent.",
        unit="percent",
        parameters=TWO_OR_MORE,
        prices=lambda window: window + 1,
        formula=historical_volatility,
        source="J. Hull, Options, Futures, and Other Derivatives, chapter on volatility from historical data",
    ),
    IndicatorSpec(
        name="upper-bollinger",
        short="UpperBand",
        meaning="The mean of the last `window` prices plus `deviations` deviations, as a price. Of tickers only.",
        unit="price",
        parameters=_BANDS,
        prices=_window,
        formula=bollinger_band,
        source=_BOLLINGER,
    ),
    IndicatorSpec(
        name="lower-bollinger",
        short="LowerBand",
        meaning="The mean of the last `window` prices less `deviations` deviations, as a price. Of tickers only.",
        unit="price",
        parameters=_BANDS,
        prices=_window,
        formula=lambda prices, window, deviations: bollinger_band(prices, window, -deviations),
        source=_BOLLINGER,
    ),
    IndicatorSpec(
        name="bollinger-percent-b",
        short="PercentB",
        meaning="Where the price is between the lower Bollinger band, 0, and the upper one, 100.",
        unit="points",
        parameters=_WIDE_BANDS,
        prices=_window,
        formula=percent_b,
        source=_BOLLINGER,
        undefined="no price of the window differs from the others",
    ),
    IndicatorSpec(
        name="bollinger-bandwidth",
        short="Bandwidth",
        meaning="The distance of the Bollinger bands, in percent of the mean.",
        unit="percent",
        parameters=_BANDS,
        prices=_window,
        formula=bandwidth,
        source=_BOLLINGER,
    ),
    IndicatorSpec(
        name="ulcer-index",
        short="UlcerIndex",
        meaning="The root mean square of the falls from the highest of the last `window` prices so far, in percent.",
        unit="percent",
        formula=ulcer_index,
        source="P. Martin, B. McCann, The Investor's Guide to Fidelity Funds, 1989",
    ),
)
