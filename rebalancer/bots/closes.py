"""A bot's own columns of the closes, and what is missing in them."""

from collections.abc import Iterator, Sequence

import numpy as np

from rebalancer.model import Closes, Floats, Symbol


def own_columns(bot: str, symbols: Sequence[Symbol], closes: Closes) -> Floats:
    """The closes of `symbols`, (T, N) in their order; what is not a positive number is NaN, that is missing.

    Raises ValueError where `closes` has no column for one of them.
    """
    columns = {symbol: column for column, symbol in enumerate(closes.symbols)}
    if absent := [symbol for symbol in symbols if symbol not in columns]:
        raise ValueError(f"{bot} needs closes of {', '.join(absent)}, and there is no column for them")
    values = closes.values[:, [columns[symbol] for symbol in symbols]]
    return np.where((values > 0) & (values < np.inf), values, np.nan)


def missing_closes(symbols: Sequence[Symbol], values: Floats, closes: Closes, lookback: int) -> Iterator[str]:
    """A sentence for each symbol that has gaps in the last `lookback` sessions. `values` are its `own_columns`."""
    span = min(lookback, len(values))
    for symbol, column in zip(symbols, values.T, strict=True):
        missing = np.flatnonzero(np.isnan(column[-span:]))
        if missing.size:
            latest = closes.day(len(values) - span + int(missing[-1]))
            yield f"{symbol} has no close on {missing.size} of the last {span} sessions, the latest of them {latest}"
