"""The conditions of QuantNexus' flowcharts, line by line, and its metrics.

Its engines differ in units and signs of some metrics, so these are read where neither matters: in rankings, and
against 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import names_of_parameters, parameters
from rebalancer.bots.flowchart.formats.elements import MAX_BESIDE, Element
from rebalancer.bots.flowchart.indicators import CURRENT_PRICE, STANDARD_DEVIATION_RETURN

MAX_DAYS = 10_000


@dataclass(frozen=True, slots=True)
class Metric:
    """Ours for one of theirs: `scale` of a threshold, None where it is not known; `shorter` is taken off its window."""

    function: str
    scale: float | None = 1
    shorter: int = 0


_PRICE, _SMA = Metric(CURRENT_PRICE), Metric("moving-average-price")
_EMA, _RSI = Metric("exponential-moving-average-price"), Metric("relative-strength-index")
_METRICS: Mapping[str, Metric] = {
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
        *("crossAbove", "crossBelow", "Date"),
        *("Hull Moving Average", "Weighted Moving Average", "Wilder Moving Average", "DEMA", "TEMA", "KAMA"),
        *("RSI (SMA)", "RSI (EMA)", "Stochastic RSI", "Laguerre RSI", "Momentum (Weighted)", "Momentum (Unweighted)"),
        *("Momentum (12-Month SMA)", "Williams %R", "CCI", "Stochastic %K", "Stochastic %D", "ADX", "Max Drawdown"),
        *("Standard Deviation of Price", "Drawdown", "Bollinger %B", "Bollinger Bandwidth", "ATR", "ATR %"),
        *("Average True Range", "Historical Volatility", "Ulcer Index", "Ultimate Smoother", "Trend Clarity"),
        *("Linear Reg Slope", "Linear Reg Value", "Price vs SMA", "Aroon Up", "Aroon Down", "Aroon Oscillator"),
        *("MACD Histogram", "PPO Histogram", "Money Flow Index", "OBV Rate of Change", "VWAP Ratio"),
    }
)
_CONDITION = (
    "id",
    "type",
    "ticker",
    "metric",
    "window",
    "comparator",
    "comparison",
    "threshold",
    "expanded",
    "forDays",
)
_RIGHT = ("rightTicker", "rightMetric", "rightWindow")
_COMPARATORS: Mapping[str, tree.Comparator] = {"gt": "gt", "lt": "lt", "Greater Than": "gt", "Less Than": "lt"}


def conditions(listed: Element) -> tree.Condition | None:
    """All of the lines, where "and" binds tighter than "or"."""
    groups: list[list[tree.Condition]] = []
    before = len(listed.refusals)
    for number, line in enumerate(listed.items(MAX_BESIDE)):
        line.only(*_CONDITION, *_RIGHT)
        kind = line["type"].choice(("if", "and", "or")) if line["type"].given else "and"
        if number == 0 or kind != "and":
            groups.append([])
        compared = _compared(line)
        if compared:
            groups[-1].append(compared)
    if len(listed.refusals) > before:
        return None
    alternatives = [lines[0] if len(lines) == 1 else tree.AllOf(tuple(lines), listed.here) for lines in groups]
    return alternatives[0] if len(alternatives) == 1 else tree.AnyOf(tuple(alternatives), listed.here)


def _compared(line: Element) -> tree.Compare | None:
    older = line["comparison"]
    written = older if older.given and not line["comparator"].given else line["comparator"]
    comparator = _COMPARATORS[written.choice(tuple(_COMPARATORS), _LATER)]
    days = line["forDays"].whole(1, MAX_DAYS) if line["forDays"].given else 1
    metric, numbers = metric_of(line["metric"], line["window"])
    left = tree.Indicator(metric.function, numbers, line["ticker"].ticker(), line["metric"].here)
    if line["metric"].value not in tuple(_METRICS):
        return None
    right = _right(line, metric) if line["expanded"].value is True else _threshold(line["threshold"], metric)
    return tree.Compare(left, comparator, right, days, line.here)


def _threshold(element: Element, metric: Metric) -> tree.Constant:
    value = element.numeric.number()
    if metric.scale is None and value != 0:
        element.refuse(f"{value:g} is not read yet: the unit of this metric is not known; what is read: 0")
    return tree.Constant(value * (metric.scale or 1), element.here)


def _right(line: Element, left: Metric) -> tree.Indicator:
    """The right side; what is not written there is as on the left."""
    ticker, name, window = (
        line[right] if line[right].given else line[own]
        for right, own in (("rightTicker", "ticker"), ("rightMetric", "metric"), ("rightWindow", "window"))
    )
    metric, numbers = metric_of(name, window)
    alike = metric == left if left.scale is None else metric.scale == left.scale
    if not alike or (left.scale is None and line["window"].value != window.value):
        name.refuse("is not read yet beside the left side's metric: their units differ or are not known")
    return tree.Indicator(metric.function, numbers, ticker.ticker(), name.here)


def metric_of(name: Element, window: Element) -> tuple[Metric, tuple[int, ...]]:
    """The metric and its parameters; those of a metric that was refused are not looked at."""
    metric = _METRICS[name.choice(tuple(_METRICS), _LATER)]
    if name.value not in tuple(_METRICS) or not names_of_parameters(metric.function):
        return metric, ()
    (days,) = parameters(metric.function, lambda _name: window.numeric)
    if metric.shorter and days < 2:
        window.refuse(f"{days} is too short: the first of its days is where the return begins")
    return metric, (max(days - metric.shorter, 1),)
