"""Prices on the terminal: each ticker's date range and problems, and what a sync and a compaction did."""

from collections.abc import Iterable, Iterator

from rebalancer.app.price_views import PriceStatus
from rebalancer.journal.input_store import Compacted
from rebalancer.market.cache import ClosesCompacted
from rebalancer.market.coverage import JUMP, Coverage
from rebalancer.model.text import counted, listed, percent
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.replay import compacted_screen as inputs_screen
from rebalancer.report.tables import grid
from rebalancer.venues.plugin import Synced

SHOWN = 3
"""How many days of each problem are listed; `--json` lists all."""


def prices_screen(status: PriceStatus) -> Screen:
    columns = ("ticker", "first", "last", "#sessions", "#missing", "#behind", "~problems")
    yield grid("Prices", columns, map(_row, status.tickers))
    yield line("Missing: exchange sessions between first and last without a close.")
    yield line(f"Behind: exchange sessions after last without a close, up to {status.due or 'none'}.")
    yield from lines(status.notes, "yellow")


def _row(found: Coverage) -> tuple[str, ...]:
    days = (str(found.first or "none"), str(found.last or ""))
    counts = (f"{found.sessions:,}", f"{len(found.missing):,}", f"{found.behind:,}")
    return found.symbol, *days, *counts, "; ".join(_remarks(found))


def _remarks(found: Coverage) -> Iterator[str]:
    if found.missing:
        yield f"no close on {_first(found.missing)}"
    if found.strangers:
        yield f"a close on {_first(found.strangers)}, not an exchange session: not used by runs"
    if found.jumps:
        moves = (f"{jump.change * 100:+.2f} % on {jump.day}" for jump in found.jumps)
        yield f"moved more than {percent(JUMP)}: {_first(moves)}"


def _first(found: Iterable[object]) -> str:
    return listed([str(each) for each in found], most=SHOWN)


def synced_screen(found: Synced | None) -> Screen:
    """`found` is None if the source is local files."""
    if found is None:
        yield line("Prices are read from local files: there is nothing to fetch.")
        return
    tickers, requests = counted(found.symbol_count, "ticker"), counted(found.requests, "request")
    yield line(f"Fetched the closes of {tickers} up to {found.last} with {requests}.")
    yield from lines(found.sentences(), "yellow")
    yield line("`rebalance data status` shows gaps and jumps.")


def compacted_screen(inputs: Compacted | None, closes: ClosesCompacted | None) -> Screen:
    """None for what nothing is kept of."""
    if inputs:
        yield from inputs_screen(inputs)
    else:
        yield line("What plans were made from: nothing is kept yet.")
    if not closes:
        yield line("Closes: nothing is kept.")
        return
    removed = closes.removed_symbols
    names = f": {listed(removed)}" if removed else ""
    yield line(
        f"{closes.file}: the closes of {counted(len(removed), 'ticker')} removed that nothing refers to{names}; "
        f"{closes.size_before:,} bytes before, {closes.size:,} now."
    )
