"""Output for people: rich on a terminal, plain text elsewhere."""

import sys
from collections.abc import Iterable, Iterator

from rich.console import Console, RenderableType
from rich.text import Text

PLAIN_WIDTH = 180

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
    """Print; on a pipe without colours and boxes, without cutting a line."""
    out = Console(width=None if is_terminal() else PLAIN_WIDTH, highlight=False)
    for part in screen:
        out.print(part, crop=False)


def is_terminal() -> bool:
    """`sys.stdout` is None where the process was started without one."""
    return sys.stdout is not None and sys.stdout.isatty()


def line(text: object, style: str = "") -> Text:
    return Text(str(text), style=style)


def lines(texts: Iterable[object], style: str = "") -> Screen:
    return (line(text, style) for text in texts)
