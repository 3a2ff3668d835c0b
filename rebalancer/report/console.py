"""Output for people: rich on a terminal, plain text elsewhere."""

import sys
from collections.abc import Iterable, Iterator

from rich.console import Console, RenderableType
from rich.text import Text

from rebalancer.errors import visible

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
