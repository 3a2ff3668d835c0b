"""Prices of files as single cells, and their one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalancer.errors import BadInputError, Problem
from rebalancer.model import Closes, Floats, Symbol

Days = NDArray[np.datetime64]
Places = NDArray[np.int64]

MOST_PROBLEMS = 20
"""Of a folder of prices; then reading stops."""
FREE_CELLS = 5_000_000
MAX_EMPTY = 50
"""A merged table larger than FREE_CELLS has up to so many cells for each price."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Prices that passed, each array (n,): `prices` all > 0; `columns` are places in `symbols`.

    `rows` are their row numbers in `source`. A symbol may have no price at all.
    """

    source: str
    symbols: tuple[Symbol, ...]
    columns: NDArray[np.int64]
    days: Days
    prices: Floats
    rows: NDArray[np.int64]


def of_symbols(cells: Cells, symbols: Sequence[Symbol]) -> Cells:
    """Those of `symbols` alone."""
    kept = [place for place, symbol in enumerate(cells.symbols) if symbol in symbols]
    places = np.full(len(cells.symbols), -1)
    places[kept] = np.arange(len(kept))
    wanted = np.isin(cells.columns, kept)
    return Cells(
        cells.source,
        tuple(cells.symbols[place] for place in kept),
        places[cells.columns[wanted]],
        cells.days[wanted],
        cells.prices[wanted],
        cells.rows[wanted],
    )


def merged(folder: Path, parts: Sequence[Cells], what: str = "") -> tuple[Closes, list[Problem]]:
    """All prices in one table. Two different prices of one cell are a problem; the later part's is kept."""
    symbols = tuple(sorted({symbol for cells in parts for symbol in cells.symbols}))
    days = np.concatenate([np.array([], dtype="datetime64[D]"), *(cells.days for cells in parts)])
    sessions = np.unique(days)
    if (size := len(sessions) * len(symbols)) > max(FREE_CELLS, MAX_EMPTY * len(days)):
        text = f"has {len(days):,} prices of {len(symbols):,} tickers on {len(sessions):,} days, a table of {size:,}"
        raise BadInputError.of(folder, f"{text} cells that are nearly all empty: split the folder")
    values = np.full((len(sessions), len(symbols)), np.nan)
    spots = [_spots(cells, sessions, symbols) for cells in parts]
    for cells, spot in zip(parts, spots, strict=True):
        values[spot] = cells.prices
    disagreements = (
        _disagreement(cells, cell, parts, what)
        for cells, spot in zip(parts, spots, strict=True)
        for cell in np.flatnonzero(values[spot] != cells.prices).tolist()
    )
    return Closes(sessions, symbols, values), list(islice(disagreements, MOST_PROBLEMS + 1))


def _spots(cells: Cells, sessions: Days, symbols: Sequence[Symbol]) -> tuple[Places, Places]:
    """The row and column of each price in the merged table."""
    place = {symbol: index for index, symbol in enumerate(symbols)}
    columns = np.array([place[symbol] for symbol in cells.symbols], dtype=np.int64)
    return np.searchsorted(sessions, cells.days), columns[cells.columns]


def _disagreement(cells: Cells, cell: int, parts: Sequence[Cells], what: str) -> Problem:
    """The problem of a later row with another price for the ticker and day of `cell`."""
    symbol, day = cells.symbols[cells.columns[cell]], cells.days[cell]
    other, row = max(
        (index, int(found))
        for index, part in enumerate(parts)
        if symbol in part.symbols
        for found in np.flatnonzero((part.days == day) & (part.columns == part.symbols.index(symbol)))
    )
    later = parts[other]
    return Problem(
        cells.source,
        f"row {cells.rows[cell]}",
        f"{what}{symbol} on {day} is {cells.prices[cell]} here and {later.prices[row]} in {later.source}, "
        f"row {later.rows[row]}: keep the right one",
    )
