"""Price files: their columns understood, their cells checked, and each problem named by row and column.

Two layouts. Long: a row a day and ticker, with a column `symbol` or `ticker`. Wide: a row a day, a column a ticker.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rebalancer.errors import Problem, echoed
from rebalancer.market.cells import MOST_PROBLEMS, Cells, Days
from rebalancer.market.csv_dialect import SAVE_AS, decimal_mark
from rebalancer.market.price_blocks import MAX_COLUMNS, MAX_DAYS, Block, read_blocks
from rebalancer.model import BarField, Floats, Symbol, canonical, symbol
from rebalancer.model.closes import FIRST_YEAR

MAX_PRICE = 1e15
TICKER_NAMES = ("symbol", "ticker")
CLOSE_NAMES = ("adj_close", "adjusted_close", "adjclose", "close")
"""The first of them in the header is read."""
IGNORED_NAMES = {
    *("open", "high", "low", "volume", "vwap", "trade_count"),
    *("dividend", "dividends", "split", "splits", "stock_splits", "capital_gains"),
    *("adj_open", "adj_high", "adj_low", "adj_volume"),
}
"""Not read for closes; some of them are for bars."""
INDEX_SIGN = "^"
"""Yahoo's prefix of an index, such as ^VIX, which can't be held: its prices are left out."""
FIRST_DAY = np.datetime64(f"{FIRST_YEAR}-01-01", "D")
"""Where the exchange calendar begins; earlier days are left out."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of the columns that are read. In a wide file `ticker` is None, and `symbols` are those of `prices`.

    Where `adjusted_by` is set, a price is multiplied by the first of these columns over the second.
    """

    date: int
    prices: tuple[int, ...]
    ticker: int | None
    symbols: tuple[Symbol, ...] = ()
    adjusted_by: tuple[int, int] | None = None


def cells_of(path: Path, field: BarField | None, tell: Callable[[str], None]) -> tuple[list[Cells], list[Problem]]:
    """The closes, or another `field`, of the file at `path`; `tell` hears how far it is read."""
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


def layout_of(source: str, header: Sequence[str]) -> tuple[Layout | None, list[Problem]]:
    """The file's layout by its header; None with all problems where it is ambiguous."""
    names = _plain(header)
    problems = [Problem(source, "header", text) for text in islice(_unclear(header, names), MOST_PROBLEMS + 1)]
    if problems:
        return None, problems
    date = names.index("date")
    if tickers := [names.index(name) for name in TICKER_NAMES if name in names]:
        return Layout(date, (next(names.index(name) for name in CLOSE_NAMES if name in names),), tickers[0]), []
    wanted = {place: name for place, name in enumerate(header) if place != date and not name.startswith(INDEX_SIGN)}
    return Layout(date, tuple(wanted), None, tuple(map(symbol, wanted.values()))), []


def layout_of_bars(layout: Layout, header: Sequence[str], field: BarField) -> Layout | None:
    """As `layout`, which is that of the closes, for another field of the bars; None for a file that does not have it.

    Beside an adjusted close the field is taken adjusted too, or as traded where the traded close says by how much each
    day is adjusted. A volume is taken as it is: adjusted for splits.
    """
    names = _plain(header)
    (close,) = layout.prices if layout.ticker is not None else (0,)
    as_close = field if names[close] == "close" else f"adj_{field}"
    if layout.ticker is None or not {field, as_close} & {*names}:
        return None
    if as_close in names or field == "volume":
        return replace(layout, prices=(names.index(as_close if as_close in names else field),))
    if "close" not in names:
        return None
    return replace(layout, prices=(names.index(field),), adjusted_by=(close, names.index("close")))


def _plain(header: Sequence[str]) -> list[str]:
    return [name.strip().lower().replace(" ", "_") for name in header]


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


def read_bars(block: Block, layout: Layout) -> Cells:
    """The cells of one field. One that can't be read is missing: only a bot that needs it can't decide."""
    days, _ = _days(block, layout.date)
    symbols, tickers, _ = _tickers(block, layout.ticker or 0)
    try:
        table, _ = _numbers(block, (*layout.prices, *(layout.adjusted_by or ())))
    except ValueError:
        table = np.full((len(days), 3), np.nan)
    table[~((table >= 0) & (table <= MAX_PRICE))] = np.nan
    values = table[:, :1]
    if layout.adjusted_by:
        # In this order a high at the close stays at the close, to the last bit.
        values = values / np.where(table[:, 2:] > 0, table[:, 2:], np.nan) * table[:, 1:2]
    spots = rows, _ = np.nonzero(~np.isnan(values) & (tickers >= 0) & (days >= FIRST_DAY)[:, np.newaxis])
    return Cells(block.source, symbols, tickers[spots], days[rows], values[spots], block.rows[rows])


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
    try:
        found, missing = _numbers(block, places)
    except ValueError as error:
        return np.full(wanted.shape, np.nan), [Problem(block.source, "", str(error))]
    usable = (found > 0) & (found <= MAX_PRICE)
    remedy = f"is no price: use a number above 0, up to {MAX_PRICE:,.0f}, with a dot for decimals, or leave it empty"
    refused = (wanted & ~usable & ~missing).T
    problems = [
        _refusal(block, places[at], row, remedy) for at, row in np.argwhere(refused)[: MOST_PROBLEMS + 1].tolist()
    ]
    return np.where(usable, found, np.nan), problems


def _numbers(block: Block, places: Sequence[int]) -> tuple[Floats, Mask]:
    """The numbers of the columns at `places`, (n, columns), NaN for anything else; and which cells are empty.

    Raises ValueError where the mark of decimals is unclear.
    """
    found = np.full((len(block.rows), len(places)), np.nan)
    missing = np.zeros(found.shape, dtype=np.bool_)
    numbers = [block.columns[place].dtype.kind in "fiu" for place in places]
    for at in np.flatnonzero(numbers).tolist():
        found[:, at] = block.columns[places[at]]
        missing[:, at] = np.isnan(found[:, at])
    # All columns of text at once: a call for each takes minutes for thousands of columns.
    texts = np.flatnonzero(np.logical_not(numbers)).tolist()
    written = [block.columns[places[at]] for at in texts]
    text = pd.Series(np.array(written, dtype=object).ravel(), dtype=object).fillna("").astype(str)
    if block.separator != ",":
        text = text.str.replace(decimal_mark(text), ".", regex=False)
    shape = len(texts), len(block.rows)
    found[:, texts] = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64).reshape(shape).T
    missing[:, texts] = (text == "").to_numpy().reshape(shape).T
    return found, missing


def _refusals(block: Block, place: int, refused: Mask, text: str) -> list[Problem]:
    return [_refusal(block, place, row, text) for row in np.flatnonzero(refused)[: MOST_PROBLEMS + 1].tolist()]


def _refusal(block: Block, place: int, row: int, text: str) -> Problem:
    where = f"row {block.rows[row]}, column {block.header[place]}"
    return Problem(block.source, where, f"{echoed(block.columns[place][row])} {text}")
