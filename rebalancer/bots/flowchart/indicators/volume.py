"""Indicators of traded volume: of tickers only."""

from functools import partial

import numpy as np

from rebalancer.bots.flowchart.indicators.recursive import by_runs
from rebalancer.bots.flowchart.indicators.rolling import changes, earlier, ratio, runs, total
from rebalancer.bots.flowchart.indicators.spec import IndicatorSpec
from rebalancer.model import Floats


def money_flow_index(highs: Floats, lows: Floats, closes: Floats, volumes: Floats, window: int) -> Floats:
    """100 inflow / (inflow + outflow) over `window` sessions.

    A session's flow is typical price times volume: in where the typical price rose, out where it fell.
    """
    typical = (highs + lows + closes) / 3
    change, flow = changes(typical), typical * volumes
    moved = np.where(np.isnan(change), np.nan, 0.0)
    inflow = total(np.where(change > 0, flow, moved), window)
    outflow = total(np.where(change < 0, flow, moved), window)
    return 100 * ratio(inflow, inflow + outflow)


def on_balance_volume(closes: Floats, volumes: Floats) -> Floats:
    """From 0 on the first day: plus the volume of a day on which the close rose, less that of one on which it fell."""
    change = changes(closes)
    signed = np.where(change == 0, 0.0, np.sign(change) * volumes)
    # The first day of each stretch has no change yet, but is part of it.
    first = np.isnan(change) & ~np.isnan(closes) & ~np.isnan(volumes)
    return by_runs(np.where(first, 0.0, signed), partial(np.cumsum, axis=-1), rowwise=True)


def on_balance_volume_change(closes: Floats, volumes: Floats, window: int) -> Floats:
    """100 (OBV - OBV `window` sessions ago) / |OBV `window` sessions ago|."""
    balance = on_balance_volume(closes, volumes)
    before = np.where(runs(balance) > window, earlier(balance, window), np.nan)
    return 100 * ratio(balance - before, np.abs(before))


def price_to_volume_average(closes: Floats, volumes: Floats, window: int) -> Floats:
    """100 close / mean of the last `window` closes weighted by volume."""
    return 100 * ratio(closes * total(volumes, window), total(closes * volumes, window))


VOLUME = (
    IndicatorSpec(
        name="money-flow-index",
        short="MFI",
        meaning="The money that went in, of all that moved in `window` sessions, 0 to 100. Of tickers only.",
        unit="points",
        prices=lambda window: window + 1,
        formula=money_flow_index,
        source="G. Quong, A. Soudack, Volume-weighted RSI: Money Flow, Stocks & Commodities 7(3), 1989; TA-Lib MFI",
        undefined="no money moved within the window",
        reads=("high", "low", "close", "volume"),
    ),
    IndicatorSpec(
        name="on-balance-volume-change",
        short="OBVChange",
        meaning="The change of Granville's on-balance volume since the history began, in percent. Of tickers only.",
        unit="percent",
        prices=lambda window: window + 1,
        formula=on_balance_volume_change,
        whole_history=True,
        source="J. Granville, New Key to Stock Market Profits, 1963; TA-Lib OBV",
        undefined="the on-balance volume was 0 at the beginning of the window",
        reads=("close", "volume"),
    ),
    IndicatorSpec(
        name="price-to-volume-weighted-average",
        short="PriceToVWAP",
        meaning="The close in percent of the mean of `window` closes weighted by volume: 100 at it. Of tickers only.",
        unit="percent",
        formula=price_to_volume_average,
        source="pandas rolling sums of close times volume / volume",
        undefined="nothing was traded within the window",
        reads=("close", "volume"),
    ),
)
