"""Price files: read in blocks of columns, their cells checked, and each problem named by row and column.

Two layouts. Long: a row a day and ticker, with a column `symbol` or `ticker`. Wide: a row a day, a column a ticker.
"""

import csv
import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, AnyStr, BinaryIO, TextIO, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalancer.errors import BadInputError, Problem, echoed
from rebalancer.files import open_regular
from rebalancer.market.calendar import FIRST_YEAR
from rebalancer.market.csv_dialect import SAVE_AS, decimal_mark, encoding_of, separator_of
from rebalancer.model import Floats, Symbol, canonical, symbol

if TYPE_CHECKING:
    from _csv import Reader

Column = NDArray[Any]
"""(n,) of text, or of the type that a parquet file gives its column."""

BLOCK_CELLS = 200_000
"""The maximum number of cells held in memory as text."""
MOST_PROBLEMS = 20
MAX_COLUMNS = 20_000
"""Of a header, and tickers of a file with a row a day and ticker."""
MAX_LINE = 1_000_000
"""Characters of a header."""
MAX_CELL = 100
"""Characters of a cell below it, on the average of its line."""
MAX_DAYS = 100_000
"""Rows of one ticker: far more than days since prices were first printed."""
MAX_RATIO = 100
"""How many times its size a file may unpack to: prices unpack to 3 to 30 times."""
FREE_CELLS = 1_000_000
"""Whatever the file's size, so many characters or cells are unpacked."""
MAX_PRICE = 1e15
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
HEAD = 1024
"""Bytes in which an encoding shows."""
Found = TypeVar("Found")
Row = tuple[int, list[str]]
"""Of a CSV: the number of its line, and its cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some rows of a price file. `header` is as written, `columns` has one (n,) array for each of its names.

    `rows` (n,) are the rows' numbers as an editor counts the lines of a CSV, where the header is 1; of a parquet file
    they count the rows of data from 1. `problems` are rows left out because they are not as long as the header.
    `separator` is what parts the cells of a CSV.
    """

    source: str
    header: tuple[str, ...]
    columns: Sequence[Column]
    rows: NDArray[np.int64]
    problems: tuple[Problem, ...] = ()
    separator: str = ","


def read_blocks(path: Path) -> Iterator[Block]:
    """The file at `path` (.csv, .csv.gz or .parquet): a block of its header without rows, then its rows.

    Raises BadInputError.
    Refused before they take much time or memory: anything but an ordinary file, lines and headers that are too long,
    and packed files that unpack to a multiple of their size that prices never have.
    """
    try:
        with ExitStack() as stack:
            file = stack.enter_context(open_regular(path))
            yield from _parquet_blocks(path, file) if path.suffix.lower() == ".parquet" else _csv_blocks(path, file)
    except OSError as error:
        text = f"can't be read: {error.strerror or error}; replace the file, or take it out of the folder"
        raise BadInputError.of(path, text) from error
    except UnicodeDecodeError as error:
        raise BadInputError.of(path, f"is no text in {error.encoding} ({error.reason}): {SAVE_AS}") from error
    except (EOFError, zlib.error, csv.Error) as error:
        raise BadInputError.of(path, f"can't be read ({error}): replace the file") from error


def _csv_blocks(path: Path, file: io.BufferedReader) -> Iterator[Block]:
    with _text(path, file) as text:
        lines = _lines(text, file, MAX_LINE)
        first = next(lines, "")
        separator, says_only = _understood(path, separator_of, first)
        above = csv.reader(lines if says_only else chain([first], lines), delimiter=separator, strict=True)
        header = tuple(next(above, ()))
        _check_width(path, len(header))
        yield _empty(path, header)
        number = above.line_num + says_only
        lines = _lines(text, file, MAX_CELL * (len(header) + 1), number)
        rows = _rows(csv.reader(lines, delimiter=separator, strict=True), number)
        most = max(1, BLOCK_CELLS // max(1, len(header)))
        while (block := _csv_block(str(path), header, islice(rows, most), separator)).rows.size or block.problems:
            yield block


def _understood(path: Path, read: Callable[[AnyStr], Found], written: AnyStr) -> Found:
    try:
        return read(written)
    except ValueError as error:
        raise BadInputError.of(path, str(error)) from error


def _rows(lines: "Reader", above: int) -> Iterator[Row]:
    """Every row but blank ones. `above` is the number of lines before the first."""
    blank = 0
    for line, cells in enumerate(lines, 1):
        if lines.line_num > line:
            raise csv.Error(f"row {above + line} has a line break in a cell")
        blank += not cells
        if blank > MAX_DAYS:
            raise csv.Error(f"it has more than {MAX_DAYS:,} blank lines")
        if cells:
            yield above + line, cells


def _empty(path: Path, header: tuple[str, ...]) -> Block:
    return Block(str(path), header, [np.array([], dtype=object) for _ in header], np.array([], dtype=np.int64))


def _check_width(path: Path, columns: int) -> None:
    if columns > MAX_COLUMNS:
        text = f"has {columns:,} columns; up to {MAX_COLUMNS:,} are read: split the file"
        raise BadInputError.of(path, text, "header")


def _lines(text: TextIO, file: BinaryIO, longest: int, above: int = 0) -> Iterator[str]:
    """The lines of `text`, which is read from `file`. Raises csv.Error at the first that is too long."""
    read = allowed = 0
    for number, line in enumerate(iter(partial(text.readline, longest), ""), above + 1):
        read += len(line)
        if len(line) == longest:
            raise csv.Error(f"line {number} has {longest:,} characters or more")
        if read > allowed:
            allowed = FREE_CELLS + MAX_RATIO * file.tell()
        if read > allowed:
            raise csv.Error(f"it unpacks to more than {MAX_RATIO} times its size")
        yield line


def _text(path: Path, file: io.BufferedReader) -> TextIO:
    """What is not in UTF-8 stays as it is in cells that are ignored, and is no price and no ticker in others."""
    unpacked = gzip.GzipFile(fileobj=file) if path.suffix.lower() == ".gz" else file
    encoding = _understood(path, encoding_of, unpacked.peek(HEAD)[:HEAD])
    return io.TextIOWrapper(unpacked, encoding, "surrogateescape" if encoding == "utf-8-sig" else "strict", newline="")


def _csv_block(source: str, header: tuple[str, ...], rows: Iterable[Row], separator: str) -> Block:
    # One long list: a list kept for each row would double the time, which the garbage collector spends on them.
    whole: list[str] = []
    numbers: list[int] = []
    problems: list[Problem] = []
    for number, cells in rows:
        if len(cells) == len(header):
            whole.extend(cells)
            numbers.append(number)
        elif len(problems) <= MOST_PROBLEMS:
            text = f"has {len(cells)} cells, and the header has {len(header)}"
            problems.append(Problem(source, f"row {number}", f"{text}: complete the row, or write decimals with a dot"))
    table = np.array(whole, dtype=object).reshape(len(numbers), len(header))
    return Block(source, header, list(table.T), np.array(numbers, dtype=np.int64), tuple(problems), separator)


def _parquet_blocks(path: Path, file: BinaryIO) -> Iterator[Block]:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - an extra: most folders are of CSV
    except ImportError as error:
        text = "needs pyarrow to be read: install it with `pip install 'rebalancer[parquet]'`, or use CSV"
        raise BadInputError.of(path, text) from error
    try:
        with parquet.ParquetFile(file, thrift_container_size_limit=2 * MAX_COLUMNS) as packed:
            header, row = tuple(packed.schema_arrow.names), 1
            _check_width(path, len(header))
            if not _plausible(packed.metadata, os.fstat(file.fileno()).st_size):
                text = f"unpacks to more than {MAX_RATIO} times its size: replace the file"
                raise BadInputError.of(path, text)
            yield _empty(path, header)
            for batch in packed.iter_batches(max(1, BLOCK_CELLS // max(1, len(header)))):
                columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
                yield Block(str(path), header, columns, np.arange(row, row + batch.num_rows))
                row += batch.num_rows
    except ArrowException as error:
        raise BadInputError.of(path, f"is no parquet file ({error}): replace the file") from error


def _plausible(footer: Any, size: int) -> bool:  # noqa: ANN401 - pyarrow has no types
    """Whether a parquet file of `size` bytes may have the cells and bytes that its footer says."""
    unpacked = sum(footer.row_group(group).total_byte_size for group in range(footer.num_row_groups))
    return bool(max(unpacked, footer.num_rows * footer.num_columns) <= FREE_CELLS + MAX_RATIO * size)


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
    problems = [Problem(source, "header", text) for text in islice(_unclear(header, names), MOST_PROBLEMS + 1)]
    if problems:
        return None, problems
    date = names.index("date")
    if tickers := [names.index(name) for name in TICKER_NAMES if name in names]:
        return Layout(date, (next(names.index(name) for name in CLOSE_NAMES if name in names),), tickers[0]), []
    wanted = {place: name for place, name in enumerate(header) if place != date and not name.startswith(INDEX_SIGN)}
    return Layout(date, tuple(wanted), None, tuple(map(symbol, wanted.values()))), []


def _unclear(header: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    if any("\udc80" <= letter <= "\udcff" for letter in "".join(header)):
        yield f"has letters that are not in UTF-8: {SAVE_AS}"
        return
    if "date" not in names:
        yield 'has no column "date"; the columns are: ' + (", ".join(header)[:80] or "none")
    seen: set[str] = set()
    for written, name in zip(header, names, strict=True):
        if name in seen:
            yield f'has the column "{written[:40]}" twice: keep one of them'
        seen.add(name)
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
            unknown = f'has a column "{written[:40]}" that is not known'
            yield f'{unknown}: take it out, or name it "close" if these are the prices'


def _unclear_wide(header: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    if len(header) < 2:
        yield "has no column of prices: add one for each ticker"
    first: dict[str, str] = {}
    for written in header:
        if first.setdefault(canonical(written), written) != written:
            yield f'has the columns "{first[canonical(written)]}" and "{written[:40]}", one ticker: keep one of them'
    for written, name in zip(header, names, strict=True):
        try:
            if name != "date" and not written.startswith(INDEX_SIGN):
                symbol(written)
        except ValueError as error:
            yield f'{error}. (A file with one row a day and ticker needs a column "symbol".)'


def read_cells(block: Block, layout: Layout) -> tuple[Cells, list[Problem]]:
    """Every price of `block`, and up to 21 problems of each kind, one more than are shown.

    An empty cell is no price and no problem.
    """
    days, problems = _days(block, layout.date)
    problems.extend(block.problems)
    symbols, tickers = layout.symbols, np.tile(np.arange(len(layout.symbols)), (len(days), 1))
    if layout.ticker is not None:
        symbols, tickers, found = _tickers(block, layout.ticker)
        problems.extend(found)
    table, found = _prices(block, layout.prices, tickers >= 0)
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
        if len(problems) > MOST_PROBLEMS:
            break
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


def _prices(block: Block, places: Sequence[int], wanted: Mask) -> tuple[Floats, list[Problem]]:
    """The prices of the columns at `places`, (n, columns), NaN where missing or invalid.

    Cells that are not `wanted`, a mask of that shape, raise no problem.
    """
    found, missing = np.full(wanted.shape, np.nan), np.zeros(wanted.shape, dtype=np.bool_)
    numbers = [block.columns[place].dtype.kind in "fiu" for place in places]
    for at in np.flatnonzero(numbers).tolist():
        found[:, at] = block.columns[places[at]]
        missing[:, at] = np.isnan(found[:, at])
    # All columns of text at once: a call for each takes minutes for thousands of columns.
    texts = np.flatnonzero(np.logical_not(numbers)).tolist()
    written = [block.columns[places[at]] for at in texts]
    text = pd.Series(np.array(written, dtype=object).ravel(), dtype=object).fillna("").astype(str)
    if block.separator != ",":
        try:
            text = text.str.replace(decimal_mark(text), ".", regex=False)
        except ValueError as error:
            return found, [Problem(block.source, "", str(error))]
    shape = len(texts), len(block.rows)
    found[:, texts] = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64).reshape(shape).T
    missing[:, texts] = (text == "").to_numpy().reshape(shape).T
    usable = (found > 0) & (found <= MAX_PRICE)
    remedy = f"is no price: use a number above 0, up to {MAX_PRICE:,.0f}, with a dot for decimals, or leave it empty"
    refused = (wanted & ~usable & ~missing).T
    problems = [
        _refusal(block, places[at], row, remedy) for at, row in np.argwhere(refused)[: MOST_PROBLEMS + 1].tolist()
    ]
    return np.where(usable, found, np.nan), problems


def _refusals(block: Block, place: int, refused: Mask, text: str) -> list[Problem]:
    return [_refusal(block, place, row, text) for row in np.flatnonzero(refused)[: MOST_PROBLEMS + 1].tolist()]


def _refusal(block: Block, place: int, row: int, text: str) -> Problem:
    where = f"row {block.rows[row]}, column {block.header[place]}"
    return Problem(block.source, where, f"{echoed(block.columns[place][row])} {text}")
