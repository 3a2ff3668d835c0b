"""Price files as blocks of columns. What stands in the cells is judged elsewhere (`cells`)."""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from rebalancer.errors import BadInputError, Problem

Column = NDArray[Any]
"""(n,) of text, or of the type that a parquet file gives its column."""

BLOCK_CELLS = 2_000_000
"""How many cells are in memory as text at once."""


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
        raise BadInputError([Problem(str(path), "", f"can't be read ({error}): replace the file")]) from error


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
        raise BadInputError([Problem(str(path), "", text)]) from error
    try:
        with parquet.ParquetFile(path) as file:
            header, row = tuple(file.schema_arrow.names), 1
            yield Block(str(path), header, [np.array([], dtype=object) for _ in header], np.array([], dtype=np.int64))
            for batch in file.iter_batches(max(1, BLOCK_CELLS // max(1, len(header)))):
                columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
                yield Block(str(path), header, columns, np.arange(row, row + batch.num_rows))
                row += batch.num_rows
    except ArrowException as error:
        raise BadInputError([Problem(str(path), "", f"is no parquet file ({error}): replace the file")]) from error
