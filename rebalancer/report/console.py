"""Output for people: rich on a terminal, plain text elsewhere."""

import sys
from collections.abc import Iterable, Iterator
from shutil import get_terminal_size

from rich.box import ROUNDED
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from rebalancer.errors import visible

PLAIN_WIDTH = 180
MIN_BOX_WIDTH = 120
"""The least terminal width, in columns, at which boxes are drawn."""

STYLES = {
    "success": "bold green",
    "partial": "bold yellow",
    "failed": "bold red",
    "missed": "bold red",
    "warning": "yellow",
    "error": "red",
}
"""By status of a run, and by level of a remark."""

Screen = Iterator[RenderableType]


def show(screen: Iterable[RenderableType]) -> None:
    """Print; on a pipe without colours and boxes, in lines wide enough that nothing is truncated."""
    out = Console(width=None if is_terminal() else PLAIN_WIDTH, highlight=False)
    for part in screen:
        out.print(part)


def grid(title: str, columns: Iterable[str], rows: Iterable[Iterable[str | Text]]) -> Table:
    """A table. "#" before a column name right-aligns it (numbers), "~" lets it wrap (sentences)."""
    boxed = is_terminal() and get_terminal_size().columns >= MIN_BOX_WIDTH
    box = ROUNDED if boxed else None
    table = Table(title=line(title, apart=True), title_justify="left", title_style="bold", box=box, pad_edge=boxed)
    for column in columns:
        mark = column[:1] if column[:1] in {"#", "~"} else ""
        heading = line(column.removeprefix(mark))
        table.add_column(heading, justify="right" if mark == "#" else "left", no_wrap=mark != "~")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else line(cell) for cell in row))
    return table


def is_terminal() -> bool:
    """`sys.stdout` is None where a process was started without one."""
    return sys.stdout is not None and sys.stdout.isatty()


def can_show(text: str) -> bool:
    """Whether the characters of `text` are in the encoding of standard output."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def line(text: object, style: str = "", *, apart: bool = False) -> Text:
    """A line of any text, `apart`: below a blank one. What a screen would obey is an escape, and nothing is markup."""
    return Text("\n" * apart + visible(text), style=style)


def lines(texts: Iterable[object], style: str = "") -> Screen:
    return (line(text, style) for text in texts)
