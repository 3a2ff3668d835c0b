"""Adjusted closes from a folder of price files, merged into one table, and the bars beside them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rebalancer.errors import BadInputError, Problem
from rebalancer.market.bars import missing_bars
from rebalancer.market.calendar import FIRST_YEAR
from rebalancer.market.price_blocks import MAX_COLUMNS, MAX_DAYS, MOST_PROBLEMS, read_blocks
from rebalancer.market.price_file_cache import PriceFileCache, key_of
from rebalancer.market.price_files import Cells, Days, layout_of, layout_of_bars, read_bars, read_cells
from rebalancer.model import BarField, Bars, BarsRead, Closes, Symbol
from rebalancer.model.text import counted
from rebalancer.ports import Progress, unwatched

Places = NDArray[np.int64]

ENDINGS = (".csv", ".csv.gz", ".parquet")
MAX_FILES = 20_000
FREE_CELLS = 5_000_000
MAX_EMPTY = 50
"""A merged table larger than FREE_CELLS has up to so many cells for each price."""
REMEDY = (
    "a folder has it where a file with a row a day and ticker has such a column beside the close (docs/prices.md); "
    "a file with a column a ticker has closes only"
)


def read_folder(folder: Path, cache: PriceFileCache | None = None, progress: Progress = unwatched) -> Closes:
    """Every price of the files in `folder`; sessions and symbols are sorted, NaN where no file has a price.

    Two prices of one ticker on one day are a problem unless they are equal. Raises BadInputError with the first 20
    problems.
    """
    cells, problems = _cells_in(_price_files(folder), cache, progress)
    closes, wrong = _merged(folder, cells)
    _require_none(folder, [*problems, *wrong])
    if not closes.sessions.size:
        raise BadInputError.of(folder, f"there is no price since {FIRST_YEAR} in this folder")
    return replace(closes, notes=(_note(folder, closes),))


def read_folder_bars(
    folder: Path,
    closes: Closes,
    read: BarsRead,
    cache_of: Callable[[BarField], PriceFileCache | None] = lambda _: None,
    progress: Progress = unwatched,
) -> Bars:
    """What the files in `folder` have in the fields of `read`, on the sessions of `closes`; `cache_of` a field.

    Each field is read by itself, so that nobody pays for what no bot reads. Raises BadInputError for two values of one
    ticker and day.
    """
    bars = missing_bars(closes, read, REMEDY)
    for field, values in bars.values.items():
        cells, _ = _cells_in(_price_files(folder), cache_of(field), progress, field)
        table, problems = _merged(folder, [_of_symbols(each, bars.symbols) for each in cells], f"the {field} of ")
        _require_none(folder, problems)
        _, rows, there = np.intersect1d(closes.sessions, table.sessions, assume_unique=True, return_indices=True)
        for column, symbol in enumerate(table.symbols):
            values[rows, bars.symbols.index(symbol)] = table.values[there, column]
    return bars


def _require_none(folder: Path, problems: list[Problem]) -> None:
    if len(problems) > MOST_PROBLEMS:
        problems[MOST_PROBLEMS:] = [Problem(str(folder), "", f"has more problems than these {MOST_PROBLEMS}")]
    if problems:
        raise BadInputError(problems)


def _note(folder: Path, closes: Closes) -> str:
    span = f"{counted(len(closes.symbols), 'ticker')}, {closes.day(0)} to {closes.day(-1)}"
    return f"Prices from the folder {folder.name}/: {span}; taken as adjusted closes."


def _price_files(folder: Path) -> list[Path]:
    try:
        there = list(islice(folder.iterdir(), MAX_FILES + 1))
    except OSError as error:
        raise BadInputError.of(folder, f"the folder of prices can't be read: {error.strerror}") from error
    if len(there) > MAX_FILES:
        raise BadInputError.of(folder, f"has more than {MAX_FILES:,} files, which are not read: join some of them")
    files = sorted(path for path in there if path.name.lower().endswith(ENDINGS))
    visible = [path for path in files if not path.name.startswith(".")]
    if not visible:
        raise BadInputError.of(folder, f"there is no price file in this folder; read are {', '.join(ENDINGS)}")
    return visible


def _cells_in(
    files: Sequence[Path], cache: PriceFileCache | None, progress: Progress, field: BarField | None = None
) -> tuple[list[Cells], list[Problem]]:
    """The closes, or another `field`, of all files.

    Those without a problem are kept in `cache`, also where another file can't be read.
    """
    cells: list[Cells] = []
    problems: list[Problem] = []
    kept = cache.read(files) if cache else {}
    read: dict[Path, tuple[str | None, Sequence[Cells]]] = {}
    try:
        for number, file in enumerate(files):
            if file in kept:
                cells.append(kept[file])
                continue
            key = key_of(file)
            found, wrong = _cells_of(file, field, partial(progress, done=number, total=len(files)))
            cells.extend(found)
            problems.extend(wrong)
            if not wrong:
                read[file] = key, found
            if len(problems) > MOST_PROBLEMS:
                return [], problems
    finally:
        if cache and read:
            cache.keep(read, files)
    return cells, problems


def _cells_of(path: Path, field: BarField | None, tell: Callable[[str], None]) -> tuple[list[Cells], list[Problem]]:
    tell(f"Reading {path.name}")
    blocks = read_blocks(path)
    first = next(blocks)
    layout, problems = layout_of(first.source, first.header)
    if layout and field:
        layout = layout_of_bars(layout, first.header, field)
    if layout is None:
        return [], problems
    parts: list[Cells] = []
    tickers: set[Symbol] = set()
    rows = 0
    for block in blocks:
        cells, found = (read_bars(block, layout), []) if field else read_cells(block, layout)
        parts.append(cells)
        problems.extend(found)
        tickers.update(cells.symbols)
        rows += len(block.rows)
        tell(f"Reading {path.name}, row {rows:,}")
        if len(tickers) > MAX_COLUMNS:
            problems.append(Problem(first.source, "", f"has more than {MAX_COLUMNS:,} tickers: split the file"))
            break
        if rows > MAX_DAYS * (1 if layout.ticker is None else max(1, len(tickers))):
            problems.append(
                Problem(first.source, "", f"has more than {MAX_DAYS:,} rows of a ticker: one a day is enough")
            )
            break
        if len(problems) > MOST_PROBLEMS:
            break
    return parts, problems


def _of_symbols(cells: Cells, symbols: Sequence[Symbol]) -> Cells:
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


def _merged(folder: Path, parts: Sequence[Cells], what: str = "") -> tuple[Closes, list[Problem]]:
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
