"""Tables of which no cell is ever cut: what does not fit is left out by name, continued below, or listed by row."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import ROUNDED, Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from rebalancer.errors import visible
from rebalancer.report.console import is_terminal, line

MIN_BOX_WIDTH = 120
"""The least terminal width, in columns, at which boxes are drawn."""
SENTENCE = 32
"""Characters that a column of sentences has at least, or its longest line where that is shorter."""
GAP, INDENT = 2, 2
MARKS = re.compile(r"\A\??#?~?")


@dataclass(frozen=True, slots=True)
class Column:
    """`extra` is left out of a narrow window; `wraps` breaks between words; `right` aligns numbers."""

    heading: str
    cells: Sequence[Text]
    right: bool
    wraps: bool
    extra: bool

    @property
    def widest(self) -> int:
        return max(map(cell_len, self._texts("\n")))

    @property
    def least(self) -> int:
        """The width in which no word and no number is broken, in characters."""
        if not self.wraps:
            return self.widest
        return max(min(SENTENCE, self.widest), *map(cell_len, self._texts(None)))

    def _texts(self, separator: str | None) -> Iterator[str]:
        yield self.heading
        for cell in self.cells:
            yield from cell.plain.split(separator)


@dataclass(frozen=True, slots=True)
class Grid:
    """The widest form that fits: boxed, plain, without extra columns; else columns continued below, or row by row."""

    title: str
    columns: Sequence[Column]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A pipe has room for any table."""
        terminal = is_terminal()
        room = options.max_width if terminal else max(options.max_width, _needed(self.columns))
        yield line(self.title, "bold", apart=True)
        for form in self._forms(room, boxed=terminal and room >= MIN_BOX_WIDTH):
            yield from console.render(form, options.update(width=room))

    def _forms(self, room: int, *, boxed: bool) -> Iterator[RenderableType]:
        columns = self.columns
        few = [column for column in columns if not column.extra]
        if boxed and _needed(columns, ROUNDED) <= room:
            yield _table(columns, room, ROUNDED)
        elif _needed(columns) <= room:
            yield _table(columns, room)
        elif _needed(few) <= room:
            yield _table(few, room)
            left_out = ", ".join(column.heading for column in columns if column.extra)
            yield line(f"Not shown in {room} columns: {left_out}.", "dim")
        elif all(column.right and _needed([columns[0], column]) <= room for column in columns[1:]):
            for part in _parts(columns, room):
                yield from (_table(part, room), line(""))
        else:
            yield from _records(columns)


def grid(title: str, columns: Iterable[str], rows: Iterable[Iterable[str | Text]]) -> Grid:
    """A table. "#" before a column name right-aligns it (numbers), "~" lets it wrap (sentences), and "?" before these
    leaves it out where the window is too narrow for all.
    """
    headings, cells = tuple(columns), [[cell if isinstance(cell, Text) else line(cell) for cell in row] for row in rows]
    return Grid(title, [_column(heading, [row[place] for row in cells]) for place, heading in enumerate(headings)])


def _column(heading: str, cells: Sequence[Text]) -> Column:
    name = MARKS.sub("", heading)
    marks = heading.removesuffix(name)
    return Column(visible(name), cells, right="#" in marks, wraps="~" in marks, extra="?" in marks)


def _needed(columns: Sequence[Column], box: Box | None = None) -> int:
    return sum(column.least for column in columns) + _borders(columns, box)


def _borders(columns: Sequence[Column], box: Box | None) -> int:
    """A boxed column has a space on both sides and a line after it; the first has a line before it too."""
    return (GAP + 1) * len(columns) + 1 if box else GAP * (len(columns) - 1)


def _table(columns: Sequence[Column], room: int, box: Box | None = None) -> Table:
    table = Table(box=box, pad_edge=box is not None)
    for column, width in zip(columns, _widths(columns, room - _borders(columns, box)), strict=True):
        table.add_column(
            line(column.heading),
            justify="right" if column.right else "left",
            width=width,
            overflow="fold",
            no_wrap=not column.wraps,
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
    return table


def _widths(columns: Sequence[Column], room: int) -> Sequence[int]:
    """Each column as wide as its longest line; where that is too much, the widest column of sentences gives way."""
    widths = [min(column.widest, room) for column in columns]
    while sum(widths) > room:
        narrower = [place for place, column in enumerate(columns) if widths[place] > column.least]
        widths[max(narrower, key=widths.__getitem__)] -= 1
    return widths


def _parts(columns: Sequence[Column], room: int) -> Iterator[Sequence[Column]]:
    """The columns in tables that fit, each with the first column."""
    first, part = columns[0], [columns[0]]
    for column in columns[1:]:
        if _needed([*part, column]) > room:
            yield part
            part = [first]
        part.append(column)
    yield part


def _records(columns: Sequence[Column]) -> Iterator[RenderableType]:
    """Each row as its first cell, then a line of heading and value for each other cell that is not empty."""
    first, *others = columns
    for place, cell in enumerate(first.cells):
        yield Text.assemble((f"{first.heading} ".lstrip(), "dim"), cell)
        record = Table.grid(padding=(0, GAP, 0, 0))
        for _ in range(2):
            record.add_column(overflow="fold")
        for column in others:
            if column.cells[place].plain:
                record.add_row(line(f"{' ' * INDENT}{column.heading}", "dim"), column.cells[place])
        yield record
