"""Output for people: rich on a terminal, plain text elsewhere."""

import sys
from shutil import get_terminal_size

from rich.box import ROUNDED
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 180
MIN_BOX_WIDTH = 120
"""The least terminal width, in columns, at which boxes are drawn."""


def show(*parts: RenderableType) -> None:
    """Print; on a pipe without colours and boxes, in lines wide enough that nothing is truncated."""
    terminal = _is_terminal()
    out = Console(width=None if terminal else PLAIN_WIDTH, highlight=False)
    for part in parts:
        out.print(part)


def grid(title: str, *columns: str) -> Table:
    """A table. "#" before a column name right-aligns it (numbers), "~" lets it wrap (sentences)."""
    boxed = _is_terminal() and get_terminal_size().columns >= MIN_BOX_WIDTH
    table = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=ROUNDED if boxed else None,
        pad_edge=boxed,
    )
    for column in columns:
        name = column.lstrip("#~")
        table.add_column(
            name, justify="right" if column.startswith("#") else "left", no_wrap=not column.startswith("~")
        )
    return table


def _is_terminal() -> bool:
    """`sys.stdout` is None where the process was started without one."""
    return sys.stdout is not None and sys.stdout.isatty()


def line(text: str, style: str = "") -> Text:
    return Text(text, style=style)
