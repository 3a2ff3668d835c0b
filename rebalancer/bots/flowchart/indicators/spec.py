"""What a row of the table of indicators says."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from rebalancer.model import BarField, Floats


class Parameter(NamedTuple):
    """A number that an indicator takes, from `least` to `most`: a whole one, unless it may be a `fraction`."""

    name: str
    least: float = 1
    most: float = 10_000
    fraction: bool = False


WINDOW = (Parameter("window"),)
TWO_OR_MORE = (Parameter("window", least=2),)
"""A sample deviation, and the range of prices, need two values."""


class IndicatorSpec(NamedTuple):
    """`formula` takes an array for each of `reads`, then the parameters; it returns an array of the same shape.

    Where it reads several fields of the bars, they are NaN in the same rows: a session that lacks one of them counts as
    missing. Such an indicator is of tickers only.

    `name` is used in both formats, `short` on screens. `prices` is the number of consecutive prices that the first
    value needs: the window, where nothing else is said. `settled`, of a recursive formula only, is the number of prices
    after which its initial value no longer affects the result; the values of one of `whole_history` always depend on
    the first price. `source` is the reference for the formula. `undefined` completes the sentence "undefined where …":
    when a value is a division of 0 by 0, for all its prices.

    `following` takes at least `prices` prices without a gap, (T,), and last ones, (K,): it returns the value of
    `formula` at each of the last ones, (K,), to the same bits in less time.
    """

    name: str
    short: str
    meaning: str
    unit: Literal["price", "percent", "points"]
    formula: Callable[..., Floats]
    source: str
    parameters: tuple[Parameter, ...] = WINDOW
    prices: Callable[..., int] = lambda window: window
    settled: Callable[..., int] | None = None
    following: Callable[..., Floats] | None = None
    whole_history: bool = False
    undefined: str | None = None
    reads: tuple[Literal["close"] | BarField, ...] = ("close",)

    @property
    def from_the_beginning(self) -> bool:
        """Whether a value depends on all prices before it, be it by a rounding error alone."""
        return self.settled is not None or self.whole_history

    @property
    def bars(self) -> tuple[BarField, ...]:
        """What it reads besides closes."""
        return tuple(field for field in self.reads if field != "close")

    @property
    def of_tickers_only(self) -> bool:
        """Whether it applies to tickers only: a simulated portfolio has returns, but no price and no bars."""
        return self.unit == "price" or self.bars != ()


def ten_windows(window: int) -> int:
    """The number of prices after which an exponential average no longer depends on where the history begins."""
    return max(10 * window, 250)
