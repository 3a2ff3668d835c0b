"""The sample prices that ship with the package. NOTICE.txt names their source."""

import csv
import gzip
import zlib
from functools import cache

import numpy as np

from rebalancer import demo
from rebalancer.errors import SourceError
from rebalancer.model import Closes, Symbol, symbol

FILE = "sample_etf_2008_2016.csv.gz"
NOTES = (
    "Sample prices: real closes without dividends; TBILL and SPYINV are derived, no traded funds.",
    "Sample evenings: the session's own close stands in for the price some minutes before it.",
)


NO_BARS = "the sample has closes only: bring prices of your own (docs/prices.md)"


@cache
def all_closes() -> Closes:
    """All of the sample. Raises SourceError where the installation is damaged."""
    return read(demo.config_path().with_name(FILE).read_bytes())


def read(packed: bytes) -> Closes:
    """Closes from a gzipped CSV: a header of `date` and tickers, then a row a session. Raises SourceError."""
    try:
        header, *rows = csv.reader(gzip.decompress(packed).decode("ascii").splitlines())
        symbols = _tickers(header)
        sessions = np.array([row[0] for row in rows], dtype="datetime64[D]")
        values = np.array([row[1:] for row in rows], dtype=np.float64)
        closes = Closes(sessions, symbols, values, notes=NOTES)
    except (OSError, EOFError, zlib.error, ValueError, IndexError) as error:
        raise SourceError(f"The sample prices can't be read ({error}): install the package again.") from error
    increasing = np.all(np.diff(closes.sessions) > np.timedelta64(0, "D"))
    positive = np.all(np.isfinite(closes.values) & (closes.values > 0))
    if not (len(set(symbols)) == len(symbols) and increasing and positive):
        raise SourceError(
            "The sample prices are damaged (a ticker twice, dates that do not increase, or a close not above 0): "
            "install the package again."
        )
    return closes


def _tickers(header: list[str]) -> tuple[Symbol, ...]:
    if header[0] != "date":
        raise ValueError(f"its first column is {header[0]!r}")
    return tuple(symbol(name) for name in header[1:])
