"""Output for people: rich on a terminal, plain text elsewhere."""

import sys
from shutil import get_terminal_size

from rich.box import ROUNDED
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 180
ROOMY = 120
"""Columns a terminal needs before boxes are drawn."""


def show(*parts: RenderableType) -> None:
    """On a pipe: no colour, no boxes, and lines wide enough that nothing is cut."""
    terminal = _is_terminal()
    out = Console(width=None if terminal else PLAIN_WIDTH, highlight=False)
    for part in parts:
        out.print(part)


def grid(title: str, *columns: str) -> Table:
    """A table; a column named "#..." holds numbers, one named "~..." holds sentences, which may wrap."""
    roomy = _is_terminal() and get_terminal_size().columns >= ROOMY
    table = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=ROUNDED if roomy else None,
        pad_edge=roomy,
    )
    for column in columns:
        name = column.lstrip("#~")
        table.add_column(
            name, justify="right" if column.startswith("#") else "left", no_wrap=not column.startswith("~")
        )
    return table


def _is_terminal() -> bool:
    """Not where the process was started without a stdout."""
    return sys.stdout is not None and sys.stdout.isatty()


def line(text: str, style: str = "") -> Text:
    return Text(text, style=style)
