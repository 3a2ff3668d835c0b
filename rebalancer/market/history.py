"""Closes for a run: one row a session, with tonight's prices as the last row."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from rebalancer.errors import SourceError
from rebalancer.model import Closes, NoPrice, Price, Symbol


def evening_closes(
    completed: Closes, sessions: Sequence[date], tonight: date, prices: Mapping[Symbol, Price | NoPrice]
) -> Closes:
    """`completed` with one row for each of `sessions` (T,), then the provisional row of `tonight`: (T + 1, N) dollars.

    `sessions` are the exchange's, increasing, all before `tonight`. NaN where the source has no row for a session, and
    where tonight's price is missing: nothing is filled in. Raises SourceError for a row on a day that is no session.
    """
    days = np.array([*sessions, tonight], dtype="datetime64[D]")
    strangers = completed.sessions[~np.isin(completed.sessions, days[:-1])]
    if strangers.size:
        raise SourceError(
            f"The prices have a row for {strangers[0]}, on which the exchange held no session before {tonight}: "
            "nothing is traded on prices of unknown days. Check the data source."
        )
    values = np.full((len(days), len(completed.symbols)), np.nan)
    values[np.searchsorted(days, completed.sessions)] = completed.values
    values[-1] = [_dollars(prices.get(symbol)) for symbol in completed.symbols]
    return Closes(days, completed.symbols, values, provisional=True, notes=completed.notes)


def _dollars(price: Price | NoPrice | None) -> float:
    return float(price.value) if isinstance(price, Price) else np.nan
