"""A heat map of two parameters as inline SVG, without a script."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape as as_html
from math import isfinite

import numpy as np

from rebalancer.errors import visible
from rebalancer.model import Floats

HEIGHT, LETTER, BASELINE = 26, 7.5, 17
WIDE, NARROW, MOST_WIDE = 54, 22, 20
"""Of a cell with a number, and of one without where there are more columns than MOST_WIDE."""
LOW, HIGH = (247, 244, 239), (0, 94, 150)
DARK = 0.55
"""The part of the scale from which numbers are white."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The name of a parameter, "" for none, and the texts of its values."""

    name: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """`values` (D, A) by `down` and `across`; NaN is blank. The cell `best` is framed."""

    title: str
    down: Axis
    across: Axis
    values: Floats
    best: tuple[int, int]

    def svg(self) -> str:
        width = round(self._left + self._width * len(self.across.values)) + 4
        height = HEIGHT * (len(self.down.values) + 2) + 4
        opening = (
            f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{_escaped(self.title)}" '
            'font-size="12" font-family="system-ui, sans-serif">'
        )
        return "\n".join((opening, *self._labels(), *self._cells(), "</svg>"))

    @property
    def key(self) -> str:
        """What the colours mean, in words."""
        known = self.values[np.isfinite(self.values)]
        if not known.size:
            return "No variant was measured."
        return f"From {known.min():.2f}, light, to {known.max():.2f}, dark; the best variant is framed."

    @property
    def _numbers(self) -> bool:
        return len(self.across.values) <= MOST_WIDE

    @property
    def _width(self) -> int:
        return WIDE if self._numbers else NARROW

    @property
    def _left(self) -> float:
        return 12 + LETTER * max(map(len, (*self.down.values, self.down.name)))

    def _labels(self) -> Iterator[str]:
        yield _text(self._left, 14, self.across.name, "start")
        yield _text(self._left - 6, HEIGHT + 14, self.down.name, "end")
        for column, text in enumerate(self.across.values):
            if self._numbers or column % 3 == 0:
                yield _text(self._left + self._width * (column + 0.5), HEIGHT + 14, text)
        for row, text in enumerate(self.down.values):
            yield _text(self._left - 6, HEIGHT * (row + 2) + BASELINE, text, "end")

    def _cells(self) -> Iterator[str]:
        known = self.values[np.isfinite(self.values)]
        low, span = (float(known.min()), float(np.ptp(known))) if known.size else (0.0, 0.0)
        # The best comes last, since the cells beside it would cover its frame.
        for spot, value in sorted(np.ndenumerate(self.values), key=lambda each: each[0] == self.best):
            if isfinite(value):
                part = (value - low) / span if span > 0 else 0.5
                yield from self._cell(spot[0], spot[1], float(value), part)

    def _cell(self, row: int, column: int, value: float, part: float) -> Iterator[str]:
        left, top, is_best = self._left + self._width * column, HEIGHT * (row + 2), (row, column) == self.best
        places = [(self.down, row), (self.across, column)]
        where = ", ".join(f"{axis.name} {axis.values[place]}" for axis, place in places if axis.name)
        frame = 'stroke="#d55e00" stroke-width="3"' if is_best else 'stroke="#fff"'
        yield (
            f'<rect x="{left:.1f}" y="{top}" width="{self._width}" height="{HEIGHT}" fill="{_color(part)}" {frame}>'
            f"<title>{_escaped(f'{where}: {value:.2f}')}{', the best' if is_best else ''}</title></rect>"
        )
        if self._numbers:
            ink = "#fff" if part > DARK else "#1b1b1b"
            yield _text(left + self._width / 2, top + BASELINE, f"{value:.2f}", ink=ink)


def _color(part: float) -> str:
    return "#" + "".join(f"{round(low + (high - low) * part):02x}" for low, high in zip(LOW, HIGH, strict=True))


def _text(x: float, y: float, text: str, anchor: str = "middle", ink: str = "#1b1b1b") -> str:
    place = f'x="{x:.1f}" y="{y}" text-anchor="{anchor}" fill="{ink}" pointer-events="none"'
    return f"<text {place}>{_escaped(text)}</text>"


def _escaped(text: str) -> str:
    return as_html(visible(text))
