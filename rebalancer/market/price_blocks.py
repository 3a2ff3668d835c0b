"""Price files read within bounds: blocks of columns of CSV, packed or not, and of parquet."""

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
from numpy.typing import NDArray

from rebalancer.errors import BadInputError, Problem
from rebalancer.files import open_regular
from rebalancer.market.cells import MOST_PROBLEMS
from rebalancer.market.csv_dialect import SAVE_AS, encoding_of, separator_of

if TYPE_CHECKING:
    from _csv import Reader

Column = NDArray[Any]
"""(n,) of text, or of the type that a parquet file gives its column."""

BLOCK_CELLS = 200_000
"""The maximum number of cells held in memory as text."""
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
