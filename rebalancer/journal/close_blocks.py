"""Closes cut into blocks that stay the same from one evening to the next.

A dividend rewrites the whole adjusted history of one symbol, and every evening adds a row to all of them. So each
completed year of a symbol is a block, and so are the completed months of this year; the rows of this month are one
block of all symbols together. An evening without a dividend brings one new block.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rebalancer.model import BarField, Bars, Closes, Floats, Symbol

Put = Callable[[bytes], str]
"""Keeps a block; its name, which is its SHA-256 as hexadecimal text."""
Get = Callable[[str], bytes]
NAME_BYTES = 32
ITEM_BYTES = 8
Column = NDArray[np.float64] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KeptBars:
    symbols: tuple[Symbol, ...]
    fields: tuple[BarField, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class KeptCloses:
    """Closes whose numbers are in blocks. `starts` are the rows at which blocks begin, `rows` the number of rows.

    `columns` names a block of names: one for each column, of the block that names the column's blocks. `month` is the
    block of the last rows of all columns. The columns are the sessions, the closes by symbol, and the bars.
    """

    symbols: tuple[Symbol, ...]
    rows: int
    starts: tuple[int, ...]
    columns: str
    month: str
    provisional: bool
    notes: tuple[str, ...]
    bars: KeptBars | None = None


def put_closes(closes: Closes, put: Put) -> KeptCloses:
    """Keep the numbers of `closes` (at least one session), bit for bit."""
    columns, starts = list(_columns(closes)), _starts(closes.sessions)
    bounds = list(pairwise(starts))
    names = [put(_joined(put(_packed(column[first:last])) for first, last in bounds)) for column in columns]
    month = np.stack([_bits(column[starts[-1] :]) for column in columns])
    bars = closes.bars
    return KeptCloses(
        symbols=closes.symbols,
        rows=len(closes.sessions),
        starts=tuple(starts),
        columns=put(_joined(names)),
        month=put(_packed(month)),
        provisional=closes.provisional,
        notes=closes.notes,
        bars=KeptBars(bars.symbols, tuple(sorted(bars.values)), bars.remedy) if bars else None,
    )


def get_closes(kept: KeptCloses, get: Get) -> Closes:
    """The closes that were kept. Raises what `get` raises, ValueError for blocks that do not fit together."""
    names = _split(get(kept.columns))
    month = _unpacked(get(kept.month)).reshape(len(names), kept.rows - kept.starts[-1])
    columns = iter(
        np.concatenate([*(_unpacked(get(block)) for block in _split(get(name))), tail])
        for name, tail in zip(names, month, strict=True)
    )
    sessions = next(columns).view("<i8").astype("datetime64[D]")
    return Closes(
        sessions,
        kept.symbols,
        _table(columns, kept.rows, kept.symbols),
        provisional=kept.provisional,
        notes=kept.notes,
        bars=_bars(kept.bars, columns, kept.rows) if kept.bars else None,
    )


def blocks_of(kept: KeptCloses, get: Get) -> Iterator[str]:
    """The name of every block that `kept` needs."""
    yield from (kept.columns, kept.month)
    for name in _split(get(kept.columns)):
        yield name
        yield from _split(get(name))


def _columns(closes: Closes) -> Iterator[Column]:
    yield closes.sessions.astype("<i8")
    yield from closes.values.T
    if closes.bars:
        for name in sorted(closes.bars.values):
            yield from closes.bars.values[name].T


def _starts(sessions: "NDArray[np.datetime64]") -> list[int]:
    """The first row, those at which a year begins, and the one at which the last month does."""
    years = np.flatnonzero(np.diff(sessions.astype("datetime64[Y]").astype(int))) + 1
    month = int(sessions.searchsorted(sessions[-1].astype("datetime64[M]").astype("datetime64[D]")))
    return sorted({0, *years.tolist(), month})


def _bits(column: Column) -> "NDArray[np.uint64]":
    return np.ascontiguousarray(column).astype(f"<{column.dtype.kind}8").view("<u8")


def _packed(column: "Column | NDArray[np.uint64]") -> bytes:
    """Bytes of the same weight together: prices near each other differ in few of them, and compress well."""
    return _bits(column.reshape(-1)).view(np.uint8).reshape(-1, ITEM_BYTES).T.tobytes()  # type: ignore[arg-type]


def _unpacked(block: bytes) -> "NDArray[np.uint64]":
    return np.frombuffer(block, np.uint8).reshape(ITEM_BYTES, -1).T.copy().view("<u8").reshape(-1)


def _joined(names: Iterator[str] | list[str]) -> bytes:
    return b"".join(map(bytes.fromhex, names))


def _split(block: bytes) -> list[str]:
    return [block[place : place + NAME_BYTES].hex() for place in range(0, len(block), NAME_BYTES)]


def _table(columns: "Iterator[NDArray[np.uint64]]", rows: int, symbols: tuple[Symbol, ...]) -> Floats:
    found = [next(columns).view("<f8") for _ in symbols]
    return np.stack(found, axis=1) if found else np.empty((rows, 0))


def _bars(kept: KeptBars, columns: "Iterator[NDArray[np.uint64]]", rows: int) -> Bars:
    values: Mapping[BarField, Floats] = {name: _table(columns, rows, kept.symbols) for name in kept.fields}
    return Bars(kept.symbols, values, kept.remedy)
