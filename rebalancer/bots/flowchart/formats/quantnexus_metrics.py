"""QuantNexus' metrics, and ours for each.

Its engines differ in units and signs of some, so these are read where neither matters: in rankings, and against 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rebalancer.bots.flowchart.formats.assembly import names_of_parameters, parameters
from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, STANDARD_DEVIATION_RETURN


@dataclass(frozen=True, slots=True)
class Metric:
    """Ours for one of theirs: `scale` of a threshold, None where it is not known; `shorter` is taken off its window."""

    function: str
    scale: float | None = 1
    shorter: int = 0


_PRICE, _SMA = Metric(CURRENT_PRICE), Metric("moving-average-price")
_EMA, _RSI = Metric("exponential-moving-average-price"), Metric("relative-strength-index")
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
}
_LATER = frozenset(
    {
        *("Hull Moving Average", "Weighted Moving Average", "Wilder Moving Average", "DEMA", "TEMA", "KAMA"),
        *("RSI (SMA)", "RSI (EMA)", "Stochastic RSI", "Laguerre RSI", "Momentum (Weighted)", "Momentum (Unweighted)"),
        *("Momentum (12-Month SMA)", "Williams %R", "CCI", "Stochastic %K", "Stochastic %D", "ADX", "Max Drawdown"),
        *("Standard Deviation of Price", "Drawdown", "Bollinger %B", "Bollinger Bandwidth", "ATR", "ATR %"),
        *("Average True Range", "Historical Volatility", "Ulcer Index", "Ultimate Smoother", "Trend Clarity"),
        *("Linear Reg Slope", "Linear Reg Value", "Price vs SMA", "Aroon Up", "Aroon Down", "Aroon Oscillator"),
        *("MACD Histogram", "PPO Histogram", "Money Flow Index", "OBV Rate of Change", "VWAP Ratio"),
    }
)


def metric_of(name: Element, window: Element) -> tuple[Metric, tuple[int, ...]]:
    """The metric and its parameters; those of a metric that was refused are not looked at."""
    metric = METRICS[name.choice(tuple(METRICS), _LATER)]
    if name.value not in tuple(METRICS) or not names_of_parameters(metric.function):
        return metric, ()
    (days,) = parameters(metric.function, lambda _name: window.numeric)
    if metric.shorter and days < 2:
        window.refuse(f"{days} is too short: the first of its days is where the return begins")
    return metric, (max(days - metric.shorter, 1),)
