"""How a bot reads closes and bars: its own columns, each day's latest close, and sentences on what is missing."""

from collections.abc import Iterator, Mapping

import numpy as np

from rebalancer.bots.base import OwnBars
from rebalancer.model import BarField, BarsRead, Closes, Floats, Symbol


def own_closes(bot: str, symbols: tuple[Symbol, ...], closes: Closes) -> Closes:
    """The closes of `symbols`, in their order; anything but a positive number becomes NaN (missing).

    Raises ValueError where `closes` has no column for one of them.
    """
    columns = {symbol: column for column, symbol in enumerate(closes.symbols)}
    if absent := [symbol for symbol in symbols if symbol not in columns]:
        raise ValueError(f"{bot} needs closes of {', '.join(absent)}, and there is no column for them")
    values = closes.values.T.take([columns[symbol] for symbol in symbols], axis=0)
    return Closes(closes.sessions, symbols, _usable(values).T)


def last_known(values: Floats) -> Floats:
    """Each day's latest close up to then, (T, N); NaN before a symbol's first.

    What is not a positive number counts as missing, as for the decisions.
    """
    columns = np.ascontiguousarray(values.T)
    if (known := _usable(columns)) is columns:  # none is missing
        return columns.T
    rows = np.arange(len(values))
    for column in np.flatnonzero(np.isnan(known).any(axis=1)):
        prices = known[column]
        latest = np.maximum.accumulate(np.where(np.isnan(prices), -1, rows))
        known[column] = np.where(latest >= 0, prices[latest], np.nan)
    return known.T


def _usable(values: Floats) -> Floats:
    """`values`, NaN for what is not a positive number. Columns that lie together in memory are fast to go through."""
    if values.min(initial=np.inf) > 0 and values.max(initial=0) < np.inf:  # of values one of which is NaN, both are
        return values
    return np.where((values > 0) & (values < np.inf), values, np.nan)


def own_bars(bot: str, bars: BarsRead, closes: Closes) -> OwnBars:
    """The fields that a bot reads besides closes. Anything but a positive number becomes NaN (missing); a volume may
    be 0.

    Raises ValueError where `closes` comes without the bars of one of the symbols.
    """
    found: dict[tuple[Symbol, BarField], Floats] = {}
    for symbol, fields in bars.items():
        if closes.bars is None or symbol not in closes.bars.symbols:
            raise ValueError(f"{bot} needs the {' and '.join(fields)} of {symbol}, and the closes come without bars")
        for field in fields:
            values = closes.bars.values[field][:, closes.bars.symbols.index(symbol)]
            usable = (values >= 0 if field == "volume" else values > 0) & (values < np.inf)
            found[symbol, field] = np.where(usable, values, np.nan)
    return found


def missing_closes(own: Mapping[Symbol, Floats], closes: Closes, lookback: int) -> Iterator[str]:
    """A sentence for each symbol of a bot that has gaps in the last `lookback` of `closes`.

    `own` has, by symbol, the last of its closes, that many or more, NaN where one is missing.
    """
    for symbol, column in own.items():
        yield from _gaps(f"{symbol} has no close", column, closes, lookback)


def missing_bars(own: OwnBars, closes: Closes, lookback: int) -> Iterator[str]:
    """The same of a bot's `own_bars`."""
    for (symbol, field), column in own.items():
        yield from _gaps(f"{symbol} has no {field}", column, closes, lookback)


def _gaps(what: str, column: Floats, closes: Closes, lookback: int) -> Iterator[str]:
    span = min(lookback, len(column))
    missing = np.flatnonzero(np.isnan(column[-span:]))
    if missing.size:
        latest = closes.day(int(missing[-1]) - span)
        yield f"{what} on {missing.size} of the last {span} sessions, the latest of them {latest}"
