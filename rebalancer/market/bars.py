"""Bars beside closes: for bots that read open, high, low or volume. A bot of closes never gets here."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rebalancer.bots.base import Bot
from rebalancer.model import BarField, Bars, BarsRead, Closes, Symbol

if TYPE_CHECKING:
    from rebalancer.model import Bar, Snapshot
    from rebalancer.ports import History


def bars_read(bots: Iterable[Bot], names: Mapping[Symbol, Symbol] | None = None) -> BarsRead:
    """What `bots` read besides closes, all together; by its new name for a symbol that has one in `names`."""
    fields: dict[Symbol, set[BarField]] = {}
    for bot in bots:
        for symbol, read in bot.bars.items():
            fields.setdefault((names or {}).get(symbol, symbol), set()).update(read)
    return {symbol: tuple(sorted(fields[symbol])) for symbol in sorted(fields)}


def with_bars(history: "History", closes: Closes, read: BarsRead) -> Closes:
    """`closes` with the bars of `read` beside them; as they are, and nothing asked, where none are read.

    Raises SourceError where the bars can't be read.
    """
    return replace(closes, bars=history.bars(closes, read)) if read else closes


def missing_bars(closes: Closes, read: BarsRead, remedy: str) -> Bars:
    """Bars beside `closes` that are all missing."""
    shape = len(closes.sessions), len(read)
    fields = sorted({field for each in read.values() for field in each})
    return Bars(tuple(sorted(read)), {field: np.full(shape, np.nan) for field in fields}, remedy)


def never_there(closes: Closes, read: BarsRead) -> Iterator[str]:
    """A sentence with the remedy for each field of `read` that a ticker has on no session of `closes`."""
    if closes.bars is None:
        return
    for symbol, fields in read.items():
        for field in fields:
            if np.isnan(closes.bars.values[field][:, closes.bars.symbols.index(symbol)]).all():
                yield f"{symbol} has no {field} on any session: {closes.bars.remedy}"


def with_tonight(closes: Closes, snapshots: "Mapping[Symbol, Snapshot]") -> Closes:
    """`closes` whose last, provisional row has the venue's bar of tonight so far, where a snapshot has one.

    The high and the low count tonight's price too, which may be newer than the bar. The volume is that so far. Without
    such a bar the row stays as the history has it: missing, or of a file that has the day already.
    """
    if closes.bars is None:
        return closes
    values = {field: column.copy() for field, column in closes.bars.values.items()}
    for column, symbol in enumerate(closes.bars.symbols):
        price = float(closes.values[-1, closes.symbols.index(symbol)])
        bar = snapshots[symbol].bar if symbol in snapshots else None
        if bar is not None and bar.session == closes.day(-1):
            for field, value in _so_far(bar, price).items():
                if field in values:
                    values[field][-1, column] = value
    return replace(closes, bars=replace(closes.bars, values=values))


def _so_far(bar: "Bar", price: float) -> Mapping[BarField, float]:
    """The fields that the bar has. A missing price, NaN, leaves the high and the low as they are."""
    known = {field: float(value) for field, value in bar.rest.items()}
    if "high" in known:
        known["high"] = float(np.fmax(known["high"], price))
    if "low" in known:
        known["low"] = float(np.fmin(known["low"], price))
    return known


def tonight_in_words(closes: Closes) -> Iterator[str]:
    """A sentence on the last bar of each ticker whose bars are read."""
    if closes.bars is None:
        return
    for column, symbol in enumerate(closes.bars.symbols):
        last = {field: values[-1, column] for field, values in closes.bars.values.items()}
        shown = ", ".join(f"{field} {value:,.10g}" for field, value in last.items() if not np.isnan(value))
        lacking = " and ".join(field for field, value in last.items() if np.isnan(value))
        parts = [shown, f"no {lacking}" if lacking else ""]
        yield f"the bar of {symbol} of {closes.day(-1)} so far: {'; '.join(filter(None, parts))}"
