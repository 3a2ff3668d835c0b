"""When a chart trades, as Composer and the native format write it: by period, or by threshold."""

from typing import get_args

from rebalancer.bots.flowchart.formats.elements import Element, quoted
from rebalancer.bots.flowchart.rule import Period, Rebalance, Threshold

PERIODS: tuple[Period, ...] = get_args(Period)


def composers(when: Element, width: Element, *by_threshold: str) -> Rebalance:
    """A period, or one of the words `by_threshold` with `width` as a fraction of the whole.

    A width beside a period contradicts it. By threshold without a width could mean always, never, or when the tickers
    change, and nothing published says which. Both are refused.
    """
    chosen = when.choice((*PERIODS, *by_threshold))
    has_width = width.given and width.value is not None
    if when.value in PERIODS and has_width:
        width.refuse(f'a corridor has no meaning with "rebalance" {quoted(chosen)}; delete it')
    if when.value in by_threshold and not has_width:
        when.refuse(
            f"{quoted(chosen)} without a corridor does not say when to trade; give its width, such as 0.05, "
            'or write "daily"'
        )
    if when.value in by_threshold and has_width:
        return threshold(width.numeric, 1)
    return next((period for period in PERIODS if period == chosen), "daily")


def threshold(width: Element, whole: int) -> Threshold:
    """A threshold whose width is written as a part of `whole`: 1 for fractions, 100 for percents."""
    return Threshold(width.above_zero(whole) / whole)
