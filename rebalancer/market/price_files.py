"""Price files: read in blocks of columns, their cells checked, and each problem named by row and column.

Two layouts. Long: a row a day and ticker, with a column `symbol` or `ticker`. Wide: a row a day, a column a ticker.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalancer.errors import BadInputError, Problem
from rebalancer.market.calendar import FIRST_YEAR
from rebalancer.model import Floats, Symbol, canonical, symbol

Column = NDArray[Any]
"""(n,) of text, or of the type that a parquet file gives its column."""

BLOCK_CELLS = 2_000_000
"""The maximum number of cells held in memory as text."""
MOST_PROBLEMS = 20
TICKER_NAMES = ("symbol", "ticker")
CLOSE_NAMES = ("adj_close", "adjusted_close", "adjclose", "close")
"""The first of them in the header is read."""
IGNORED_NAMES = {
    *("open", "high", "low", "volume", "vwap", "trade_count"),
    *("dividend", "dividends", "split", "splits", "stock_splits", "capital_gains"),
    *("adj_open", "adj_high", "adj_low", "adj_volume"),
}
INDEX_SIGN = "^"
"""Yahoo's prefix of an index, such as ^VIX, which can't be held: its prices are left out."""
FIRST_DAY = np.datetime64(f"{FIRST_YEAR}-01-01", "D")
"""Where the exchange calendar begins; earlier days are left out."""
Mask = NDArray[np.bool_]
Days = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some rows of a price file. `header` is as written, `columns` has one (n,) array for each of its names.

    `rows` (n,) are the rows' numbers as an editor counts the lines of a CSV, where the header is 1; of a parquet file
    they count the rows of data from 1. `problems` are rows left out because they are not as long as the header.
    """

    source: str
    header: tuple[str, ...]
    columns: Sequence[Column]
    rows: NDArray[np.int64]
    problems: tuple[Problem, ...] = ()


def read_blocks(path: Path) -> Iterator[Block]:
    """The file at `path` (.csv, .csv.gz or .parquet), in one block or more. Raises BadInputError."""
    try:
        yield from _parquet_blocks(path) if path.suffix.lower() == ".parquet" else _csv_blocks(path)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError.of(path, f"can't be read ({error}): replace the file") from error


def _csv_blocks(path: Path) -> Iterator[Block]:
    with _opened(path) as file:
        lines = csv.reader(file, strict=True)
        header = tuple(next(lines, ()))
        numbered = ((lines.line_num, cells) for cells in lines if cells)  # a blank line is no row
        most = max(1, BLOCK_CELLS // max(1, len(header)))
        yield _csv_block(str(path), header, list(islice(numbered, most)))
        while rows := list(islice(numbered, most)):
            yield _csv_block(str(path), header, rows)


def _opened(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _csv_block(source: str, header: tuple[str, ...], rows: Sequence[tuple[int, list[str]]]) -> Block:
    whole = [(number, cells) for number, cells in rows if len(cells) == len(header)]
    problems = tuple(
        Problem(source, f"row {number}", f"has {len(cells)} cells, and the header has {len(header)}: complete the row")
        for number, cells in rows
        if len(cells) != len(header)
    )
    table = np.array([cells for _, cells in whole], dtype=object).reshape(len(whole), len(header))
    return Block(source, header, list(table.T), np.array([number for number, _ in whole], dtype=np.int64), problems)


def _parquet_blocks(path: Path) -> Iterator[Block]:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - an extra: most folders are of CSV
    except ImportError as error:
        text = "needs pyarrow to be read: install it with `pip install 'rebalancer[parquet]'`, or use CSV"
        raise BadInputError.of(path, text) from error
    try:
        with parquet.ParquetFile(path) as file:
            header, row = tuple(file.schema_arrow.names), 1
            yield Block(str(path), header, [np.array([], dtype=object) for _ in header], np.array([], dtype=np.int64))
            for batch in file.iter_batches(max(1, BLOCK_CELLS // max(1, len(header)))):
                columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
                yield Block(str(path), header, columns, np.arange(row, row + batch.num_rows))
                row += batch.num_rows
    except ArrowException as error:
        raise BadInputError.of(path, f"is no parquet file ({error}): replace the file") from error


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of the columns that are read. In a wide file `ticker` is None, and `symbols` are those of `prices`."""

    date: int
    prices: tuple[int, ...]
    ticker: int | None
    symbols: tuple[Symbol, ...] = ()


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


def layout_of(source: str, header: Sequence[str]) -> tuple[Layout | None, list[Problem]]:
    """The file's layout by its header; None with all problems where it is ambiguous."""
    names = [name.strip().lower().replace(" ", "_") for name in header]
    problems = [Problem(source, "header", text) for text in _unclear(header, names)]
    if problems:
        return None, problems
    date = names.index("date")
    if tickers := [names.index(name) for name in TICKER_NAMES if name in names]:
        return Layout(date, (next(names.index(name) for name in CLOSE_NAMES if name in names),), tickers[0]), []
    wanted = {place: name for place, name in enumerate(header) if place != date and not name.startswith(INDEX_SIGN)}
    return Layout(date, tuple(wanted), None, tuple(map(symbol, wanted.values()))), []


def _unclear(header: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    if "date" not in names:
        yield 'has no column "date"; the columns are: ' + (", ".join(header)[:80] or "none")
    for place, written in enumerate(header):
        if names[place] in names[:place]:
            yield f'has the column "{written}" twice: keep one of them'
    if set(names) & set(TICKER_NAMES):
        yield from _unclear_long(header, names)
    else:
        yield from _unclear_wide(header, names)


def _unclear_long(header: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    if set(names) >= set(TICKER_NAMES):
        yield 'has both a column "symbol" and a column "ticker": keep one of them'
    if not set(names) & set(CLOSE_NAMES):
        yield 'has no column "adj_close" or "close"'
    for written, name in zip(header, names, strict=True):
        if name not in {"date", *TICKER_NAMES, *CLOSE_NAMES, *IGNORED_NAMES}:
            yield f'has a column "{written}" that is not known: take it out, or name it "close" if these are the prices'


def _unclear_wide(header: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    if len(header) < 2:
        yield "has no column of prices: add one for each ticker"
    first: dict[str, str] = {}
    for written in header:
        if first.setdefault(canonical(written), written) != written:
            yield f'has the columns "{first[canonical(written)]}" and "{written}", one ticker: keep one of them'
    for written, name in zip(header, names, strict=True):
        try:
            if name != "date" and not written.startswith(INDEX_SIGN):
                symbol(written)
        except ValueError as error:
            yield f'{error}. (A file with one row a day and ticker needs a column "symbol".)'


def read_cells(block: Block, layout: Layout) -> tuple[Cells, list[Problem]]:
    """Every price of `block`, and at most 20 problems of each kind. An empty cell is no price and no problem."""
    days, problems = _days(block, layout.date)
    problems.extend(block.problems[:MOST_PROBLEMS])
    symbols, tickers = layout.symbols, np.tile(np.arange(len(layout.symbols)), (len(days), 1))
    if layout.ticker is not None:
        symbols, tickers, found = _tickers(block, layout.ticker)
        problems.extend(found)
    table = np.full(tickers.shape, np.nan)
    for column, place in enumerate(layout.prices):
        table[:, column], found = _prices(block, place, tickers[:, column] >= 0)
        problems.extend(found)
    spots = rows, _ = np.nonzero(~np.isnan(table) & (tickers >= 0) & (days >= FIRST_DAY)[:, np.newaxis])
    return Cells(block.source, symbols, tickers[spots], days[rows], table[spots], block.rows[rows]), problems


def _tickers(block: Block, place: int) -> tuple[tuple[Symbol, ...], NDArray[np.int64], list[Problem]]:
    """The symbols of a column, and (n, 1) each row's index in them; -1 where it has no symbol or is left out."""
    codes, names = pd.factorize(pd.Series(block.columns[place], dtype=object).fillna(""))
    symbols: dict[Symbol, int] = {}
    problems: list[Problem] = []
    places = np.full(len(names), -1, dtype=np.int64)
    for code, name in enumerate(map(str, names)):
        try:
            if not name.startswith(INDEX_SIGN):
                places[code] = symbols.setdefault(symbol(name), len(symbols))
        except ValueError as error:
            row = block.rows[np.argmax(codes == code)]
            problems.append(Problem(block.source, f"row {row}, column {block.header[place]}", str(error)))
    return tuple(symbols), places[codes][:, np.newaxis], problems


def _days(block: Block, place: int) -> tuple[Days, list[Problem]]:
    """The days of a column; NaT for anything else, and for times other than midnight."""
    column = block.columns[place]
    if column.dtype.kind == "M":
        days = column.astype("datetime64[D]")
        days = np.where(days == column, days, np.datetime64("NaT", "D"))
    else:
        text = pd.Series(column, dtype=object).fillna("").astype(str)
        days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce").to_numpy().astype("datetime64[D]")
    return days, _refusals(block, place, np.isnat(days), "is no date: write it as 2026-11-20")


def _prices(block: Block, place: int, wanted: Mask) -> tuple[Floats, list[Problem]]:
    """The prices of a column, NaN where missing or invalid. Rows that are not `wanted` raise no problem."""
    column = block.columns[place]
    if column.dtype.kind in "fiu":
        found = column.astype(np.float64)
        missing = np.isnan(found)
    else:
        text = pd.Series(column, dtype=object).fillna("").astype(str)
        missing = (text == "").to_numpy()
        found = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    usable = (found > 0) & (found < np.inf)
    remedy = "is no price: use a number above 0, or leave the cell empty"
    return np.where(usable, found, np.nan), _refusals(block, place, wanted & ~usable & ~missing, remedy)


def _refusals(block: Block, place: int, refused: Mask, text: str) -> list[Problem]:
    return [
        Problem(
            block.source,
            f"row {block.rows[row]}, column {block.header[place]}",
            f"{str(block.columns[place][row])[:40]!r} {text}",
        )
        for row in np.flatnonzero(refused)[:MOST_PROBLEMS]
    ]
