"""Adjusted closes from a folder of price files, merged into one table, and the bars beside them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rebalancer.errors import BadInputError, Problem
from rebalancer.market.bars import missing_bars
from rebalancer.market.cells import MOST_PROBLEMS, Cells, merged, of_symbols
from rebalancer.market.price_file_cache import Keys, PriceFileCache, key_of
from rebalancer.model import BarField, Bars, BarsRead, Closes
from rebalancer.model.closes import FIRST_YEAR
from rebalancer.model.text import counted

if TYPE_CHECKING:
    from rebalancer.ports import Progress

ENDINGS = (".csv", ".csv.gz", ".parquet")
MAX_FILES = 20_000
REMEDY = (
    "a folder has it where a file with a row a day and ticker has such a column beside the close (docs/prices.md); "
    "a file with a column a ticker has closes only"
)


def read_folder(folder: Path, cache: PriceFileCache | None = None, progress: "Progress | None" = None) -> Closes:
    """Every price of the files in `folder`; sessions and symbols are sorted, NaN where no file has a price.

    Two prices of one ticker on one day are a problem unless they are equal. Raises BadInputError with the first 20
    problems.
    """
    keys = {file: key_of(file) for file in _price_files(folder)}
    closes = cache.read_merged(keys) if cache else None
    if closes is None:
        cells, problems = _cells_in(keys, cache, progress)
        closes, wrong = merged(folder, cells)
        _require_none(folder, [*problems, *wrong])
        if not closes.sessions.size:
            raise BadInputError.of(folder, f"there is no price since {FIRST_YEAR} in this folder")
        if cache:
            cache.keep_merged(closes, keys)
    return replace(closes, notes=(_note(folder, closes),))


def read_folder_bars(
    folder: Path,
    closes: Closes,
    read: BarsRead,
    cache_of: Callable[[BarField], PriceFileCache | None] = lambda _: None,
    progress: "Progress | None" = None,
) -> Bars:
    """What the files in `folder` have in the fields of `read`, on the sessions of `closes`; `cache_of` a field.

    Each field is read by itself, so that nobody pays for what no bot reads. Raises BadInputError for two values of one
    ticker and day.
    """
    bars = missing_bars(closes, read, REMEDY)
    for field, values in bars.values.items():
        keys = {file: key_of(file) for file in _price_files(folder)}
        cells, _ = _cells_in(keys, cache_of(field), progress, field)
        table, problems = merged(folder, [of_symbols(each, bars.symbols) for each in cells], f"the {field} of ")
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
    keys: Keys, cache: PriceFileCache | None, progress: "Progress | None", field: BarField | None = None
) -> tuple[list[Cells], list[Problem]]:
    """The closes, or another `field`, of the files of `keys`, which are from before anything of them is read.

    Those without a problem are kept in `cache`, also where another file can't be read.
    """
    cells: list[Cells] = []
    problems: list[Problem] = []
    kept = cache.read(keys) if cache else {}
    read: dict[Path, Sequence[Cells]] = {}
    if len(kept) < len(keys):
        from rebalancer.market.price_files import cells_of  # noqa: PLC0415 - loads pandas

    try:
        for number, file in enumerate(keys):
            if file in kept:
                cells.append(kept[file])
                continue
            tell = partial(progress, done=number, total=len(keys)) if progress else _unheard
            found, wrong = cells_of(file, field, tell)
            cells.extend(found)
            problems.extend(wrong)
            if not wrong:
                read[file] = found
            if len(problems) > MOST_PROBLEMS:
                return [], problems
    finally:
        if cache and read:
            cache.keep(read, keys)
    return cells, problems


def _unheard(_: str) -> None:
    """Nobody watches."""
