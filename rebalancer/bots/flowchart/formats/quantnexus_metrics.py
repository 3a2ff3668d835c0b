"""QuantNexus' metrics, and ours for each.

Its engines differ in units and signs of some, so these are read where neither matters: in rankings, and against 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rebalancer.bots.flowchart.formats.assembly import names_of_parameters, number_of
from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, STANDARD_DEVIATION_RETURN


@dataclass(frozen=True, slots=True)
class Metric:
    """Ours for one of theirs: `scale` of a threshold, None where it is not known; `shorter` is taken off its window.

    `fixed` are our parameters after the window, or in its place, which theirs always has.
    """

    function: str
    scale: float | None = 1
    shorter: int = 0
    fixed: tuple[float, ...] = ()


_PRICE, _SMA = Metric(CURRENT_PRICE), Metric("moving-average-price")
_EMA, _RSI = Metric("exponential-moving-average-price"), Metric("relative-strength-index")
_ATR = Metric("average-true-range")
METRICS: Mapping[str, Metric] = {
    "Current Price": _PRICE,
    "Simple Moving Average": _SMA,
    "SMA": _SMA,
    "Exponential Moving Average": _EMA,
    "EMA": _EMA,
    "Relative Strength Index": _RSI,
    "RSI": _RSI,
    "Cumulative Return": Metric("cumulative-return", scale=100, shorter=1),
    "SMA of Returns": Metric("moving-average-return", scale=100),
    "Rate of Change": Metric("cumulative-return", scale=None),
    "Standard Deviation": Metric(STANDARD_DEVIATION_RETURN, scale=None),
    "Hull Moving Average": Metric("hull-moving-average"),
    "Weighted Moving Average": Metric("weighted-moving-average"),
    "Wilder Moving Average": Metric("wilder-moving-average"),
    "DEMA": Metric("double-exponential-moving-average"),
    "TEMA": Metric("triple-exponential-moving-average"),
    "KAMA": Metric("kaufman-adaptive-moving-average"),
    "RSI (SMA)": Metric("relative-strength-index-sma"),
    "RSI (EMA)": Metric("relative-strength-index-ema"),
    "Stochastic RSI": Metric("stochastic-relative-strength-index", scale=None),
    "Laguerre RSI": Metric("laguerre-relative-strength-index", scale=None, fixed=(0.8,)),
    "Momentum (Weighted)": Metric("13612w-momentum", scale=None),
    "Momentum (Unweighted)": Metric("13612u-momentum", scale=None),
    "Momentum (12-Month SMA)": Metric("sma12-momentum", scale=None),
    "Standard Deviation of Price": Metric("standard-deviation-price", scale=None),
    "Bollinger %B": Metric("bollinger-percent-b", scale=None, fixed=(2,)),
    "Bollinger Bandwidth": Metric("bollinger-bandwidth", scale=None, fixed=(2,)),
    "Historical Volatility": Metric("historical-volatility", scale=None),
    "Ulcer Index": Metric("ulcer-index", scale=None),
    "Trend Clarity": Metric("trend-clarity", scale=None),
    "Linear Reg Slope": Metric("linear-regression-slope", scale=None),
    "Linear Reg Value": Metric("linear-regression-value"),
    "ADX": Metric("average-directional-index"),
    "ATR": _ATR,
    "Average True Range": _ATR,
    "ATR %": Metric("average-true-range-percent", scale=None),
    "Aroon Up": Metric("aroon-up"),
    "Aroon Down": Metric("aroon-down"),
    "Aroon Oscillator": Metric("aroon-oscillator"),
    "CCI": Metric("commodity-channel-index"),
    "Williams %R": Metric("williams-percent-r", scale=None),
    "Stochastic %K": Metric("stochastic-k", scale=None),
    "Money Flow Index": Metric("money-flow-index"),
    "OBV Rate of Change": Metric("on-balance-volume-change", scale=None),
    "VWAP Ratio": Metric("price-to-volume-weighted-average", scale=None),
    "Price vs SMA": Metric("price-to-moving-average", scale=None),
    "MACD Histogram": Metric("moving-average-convergence-divergence-histogram", fixed=(12, 26, 9)),
    "PPO Histogram": Metric("percentage-price-oscillator-histogram", scale=None, fixed=(12, 26, 9)),
}
_LATER = frozenset({"Max Drawdown", "Drawdown", "Ultimate Smoother", "Stochastic %D"})


def metric_of(name: Element, window: Element) -> tuple[Metric, tuple[float, ...]]:
    """The metric and its parameters; those of a metric that was refused are not looked at."""
    metric = METRICS[name.choice(tuple(METRICS), _LATER)]
    names = names_of_parameters(metric.function)
    if name.value not in tuple(METRICS) or "window" not in names:
        return metric, metric.fixed
    days = number_of(metric.function, "window", window.numeric)
    if metric.shorter and days < 2:
        window.refuse(f"{days:g} is too short: the first of its days is where the return begins")
    return metric, (max(days - metric.shorter, 1), *metric.fixed)
