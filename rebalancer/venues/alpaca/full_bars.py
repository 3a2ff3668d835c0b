"""Open, high, low and volume of Alpaca's daily bars, beside closes. Fetched anew each time, for few tickers."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rebalancer.market.bars import missing_bars
from rebalancer.model import BarField, Bars, BarsRead, Closes, Floats, Session, Symbol
from rebalancer.venues.alpaca.bars import DailyBars, daily_bars
from rebalancer.venues.alpaca.client import AlpacaClient

REMEDY = 'tonight\'s bar needs feed = "sip" in [data], because iex counts the trades of one exchange alone'
KEYS: Mapping[BarField, str] = {"open": "o", "high": "h", "low": "l", "volume": "v"}
Rows = NDArray[np.intp]
RESTATED = 1e-5
"""A close that differs by more from that of its bar was adjusted for an action of today, which the bars are not yet."""


def bars_beside(
    client: AlpacaClient,
    closes: Closes,
    read: BarsRead,
    last: Session,
    split_today: Callable[[Sequence[Symbol]], Mapping[Symbol, float]],
) -> Bars:
    """The bars up to the session `last`, each brought to the close that `closes` have of its day.

    Alpaca adjusts volumes for splits. Where it has not adjusted for one of today yet, they are multiplied by the new
    shares for an old one that `split_today` says. Raises SourceError.
    """
    bars = missing_bars(closes, read, REMEDY)
    if not len(closes.sessions):
        return bars
    found = daily_bars(client, bars.symbols, closes.day(0), last, "all", ("c", *(KEYS[field] for field in bars.values)))
    adjusted = {symbol: _adjusted(closes, symbol, found[symbol]) for symbol in bars.symbols if found[symbol]}
    ratios = split_today([symbol for symbol, (_, table, own) in adjusted.items() if _restated(own / table[:, 0])])
    for symbol, (rows, table, own) in adjusted.items():
        column = bars.symbols.index(symbol)
        for place, (field, values) in enumerate(bars.values.items(), 1):
            # In this order a high at the close stays at the close, to the last bit.
            prices = table[:, place] / table[:, 0] * own
            values[rows, column] = table[:, place] * ratios.get(symbol, 1.0) if field == "volume" else prices
    return bars


def _adjusted(closes: Closes, symbol: Symbol, bars: DailyBars) -> tuple[Rows, Floats, Floats]:
    """The rows of `closes` that have a bar, the bars (n, fields), and the closes of these rows, (n,)."""
    days = np.array(list(bars), dtype="datetime64[D]")
    _, rows, there = np.intersect1d(closes.sessions, days, assume_unique=True, return_indices=True)
    table = np.array(list(bars.values()), dtype=np.float64)[there]
    return rows, table, closes.values[rows, closes.symbols.index(symbol)]


def _restated(factors: Floats) -> bool:
    return bool((np.abs(factors - 1) > RESTATED).any())
