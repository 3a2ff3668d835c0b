"""The indicators: one row each, with all of its facts, which the formats, the compiler, screens and schema read.

A formula takes closes or fields of bars, each (T,) or (T, N), oldest day first, and returns the same shape, NaN where
it is undefined (see `rolling`). After a gap the recursive ones start anew, as if history began there. Prices must be
positive. Returns, deviations of returns and drawdowns are in percent.
"""

from collections.abc import Mapping

from rebalancer.bots.flowchart.indicators.averages import AVERAGES, CURRENT_PRICE
from rebalancer.bots.flowchart.indicators.bars import BARS
from rebalancer.bots.flowchart.indicators.momentum import MOMENTUM
from rebalancer.bots.flowchart.indicators.oscillators import OSCILLATORS
from rebalancer.bots.flowchart.indicators.spec import IndicatorSpec, Parameter
from rebalancer.bots.flowchart.indicators.trend import TREND
from rebalancer.bots.flowchart.indicators.volatility import STANDARD_DEVIATION_RETURN, VOLATILITY
from rebalancer.bots.flowchart.indicators.volume import VOLUME

__all__ = (
    "CURRENT_PRICE",
    "INDICATORS",
    "STANDARD_DEVIATION_RETURN",
    "IndicatorSpec",
    "Parameter",
    "prices_advised",
    "prices_needed",
)

INDICATORS: Mapping[str, IndicatorSpec] = {
    spec.name: spec for spec in (*AVERAGES, *MOMENTUM, *VOLATILITY, *OSCILLATORS, *TREND, *BARS, *VOLUME)
}


def prices_needed(name: str, parameters: tuple[float, ...]) -> int:
    """The number of consecutive prices that the first value needs."""
    return INDICATORS[name].prices(*parameters)


def prices_advised(name: str, parameters: tuple[float, ...]) -> int:
    """The number of consecutive prices after which more history no longer changes the value."""
    spec = INDICATORS[name]
    return (spec.settled or spec.prices)(*parameters)
