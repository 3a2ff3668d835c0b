"""CSV for spreadsheets (RFC 4180, lines end with a line feed)."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from rebalancer.errors import visible

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def name_cell(text: str) -> str:
    """No spreadsheet computes a name."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def money_cell(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"
