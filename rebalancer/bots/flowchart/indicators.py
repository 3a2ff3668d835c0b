"""The indicators: one row each, with all of its facts, which the formats, the compiler, screens and schema read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from rebalancer.bots.flowchart import formulas
from rebalancer.model import BarField, Floats


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number that an indicator takes, from `least` to `most`."""

    name: str
    least: int = 1
    most: int = 10_000


_WINDOW = (Parameter("window"),)
_SAMPLE = (Parameter("window", least=2),)
"""A sample deviation needs two values."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class IndicatorSpec:
    """`formula` takes an array for each of `reads`, then the parameters; it returns an array of the same shape.

    Where it reads several fields of the bars, they are NaN in the same rows: a session that lacks one of them counts as
    missing. Such an indicator is of tickers only.

    `name` is used in both formats, `short` on screens. `prices` is the number of consecutive prices that the first
    value needs: the window, where nothing else is said. `settled`, of a recursive formula only, is the number of prices
    after which its initial value no longer affects the result. `source` is the reference for the formula.
    """

    name: str
    short: str
    meaning: str
    unit: Literal["price", "percent", "points"]
    parameters: tuple[Parameter, ...] = _WINDOW
    prices: Callable[..., int] = lambda window: window
    formula: Callable[..., Floats]
    source: str
    settled: Callable[..., int] | None = None
    reads: tuple[Literal["close"] | BarField, ...] = ("close",)

    @property
    def bars(self) -> tuple[BarField, ...]:
        """What it reads besides closes."""
        return tuple(field for field in self.reads if field != "close")

    @property
    def of_tickers_only(self) -> bool:
        """Whether it applies to tickers only: a simulated portfolio has returns, but no price and no bars."""
        return self.unit == "price" or self.bars != ()


CURRENT_PRICE = "current-price"
STANDARD_DEVIATION_RETURN = "standard-deviation-return"

_ALL = (
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
        formula=formulas.moving_average_price,
        source="TA-Lib SMA",
    ),
    IndicatorSpec(
        name="exponential-moving-average-price",
        short="EMA",
        meaning="The exponential mean of prices with factor 2/(window+1), as a price. Of tickers only.",
        unit="price",
        settled=lambda window: max(10 * window, 250),
        formula=formulas.exponential_moving_average_price,
        source="pandas ewm(span=window, adjust=False, min_periods=window)",
    ),
    IndicatorSpec(
        name="cumulative-return",
        short="Return",
        meaning="The return over `window` sessions, in percent.",
        unit="percent",
        prices=lambda window: window + 1,
        formula=formulas.cumulative_return,
        source="TA-Lib ROC",
    ),
    IndicatorSpec(
        name="moving-average-return",
        short="MeanReturn",
        meaning="The mean of the last `window` daily returns, in percent.",
        unit="percent",
        prices=lambda window: window + 1,
        formula=formulas.moving_average_return,
        source="pandas pct_change().rolling(window).mean()",
    ),
    IndicatorSpec(
        name="relative-strength-index",
        short="RSI",
        meaning="Wilder's RSI, 0 to 100.",
        unit="points",
        prices=lambda window: window + 1,
        settled=lambda window: max(10 * window, 250),
        formula=formulas.relative_strength_index,
        source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
    ),
    IndicatorSpec(
        name=STANDARD_DEVIATION_RETURN,
        short="StdReturn",
        meaning="The sample deviation of the last `window` daily returns, in percent, not annualised.",
        unit="percent",
        parameters=_SAMPLE,
        prices=lambda window: window + 1,
        formula=formulas.standard_deviation_return,
        source="pandas pct_change().rolling(window).std()",
    ),
    IndicatorSpec(
        name="standard-deviation-price",
        short="StdPrice",
        meaning="The sample deviation of the last `window` prices, as a price. Of tickers only.",
        unit="price",
        parameters=_SAMPLE,
        formula=formulas.standard_deviation_price,
        source="pandas rolling(window).std()",
    ),
    IndicatorSpec(
        name="max-drawdown",
        short="MaxDrawdown",
        meaning="The deepest fall from a peak within the last `window` prices, in percent, positive.",
        unit="percent",
        formula=formulas.max_drawdown,
        source="M. Magdon-Ismail, A. Atiya: Maximum Drawdown, Risk 17(10), 2004",
    ),
    IndicatorSpec(
        name="average-true-range",
        short="ATR",
        meaning="Wilder's mean of the true range, as a price. Of tickers only, by their highs and lows.",
        unit="price",
        prices=lambda window: window + 1,
        settled=lambda window: max(10 * window, 250),
        formula=formulas.average_true_range,
        source="J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
        reads=("high", "low", "close"),
    ),
)

INDICATORS: Mapping[str, IndicatorSpec] = {spec.name: spec for spec in _ALL}


def prices_needed(name: str, parameters: tuple[int, ...]) -> int:
    """The number of consecutive prices that the first value needs."""
    return INDICATORS[name].prices(*parameters)


def prices_advised(name: str, parameters: tuple[int, ...]) -> int:
    """The number of consecutive prices after which more history no longer changes the value."""
    spec = INDICATORS[name]
    return (spec.settled or spec.prices)(*parameters)
