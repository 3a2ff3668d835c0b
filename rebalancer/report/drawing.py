"""Curves over days, drawn in the terminal."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from itertools import compress

import numpy as np
from plotille import Figure
from rich.text import Text

from rebalancer.errors import visible
from rebalancer.model import Floats
from rebalancer.report.console import can_show

COLORS = ("bright_blue", "bright_yellow", "bright_magenta")
MOST_COLUMNS, AXIS_COLUMNS = 140, 24
DAYS_OF_A_YEAR = 365
FORMS = {"month": "%Y-%m", "day": "%d %b"}
"""Of the dates below. In a year or less each month would stand there several times."""
DOTS = {0x2800: " ", **dict.fromkeys(range(0x2801, 0x2900), ".")}
"""Braille in ASCII."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A value for each day (T,), NaN where there is none. `beside`: it is drawn to compare with."""

    name: str
    values: Floats
    beside: bool = False

    @property
    def known(self) -> list[bool]:
        found: list[bool] = np.isfinite(self.values).tolist()
        return found


def drawing(title: str, unit: str, days: Sequence[date], curves: Sequence[Curve]) -> Text:
    """Up to three curves over two days or more, in colours: Braille dots, or "*" and the letter of what is drawn
    beside where a screen has no Braille. Each curve has some day.
    """
    braille = can_show(chr(max(DOTS)))
    times = [datetime.combine(day, time()) for day in days]
    figure = _canvas(unit, "month" if (days[-1] - days[0]).days > DAYS_OF_A_YEAR else "day")
    figure.set_x_limits(times[0], times[-1])
    figure.set_y_limits(*_limits([curve.values[curve.known] for curve in curves]))
    for curve, color in zip(curves, COLORS, strict=False):
        letter = curve.name[0].lower() if curve.beside else "*"
        label, marker = visible(curve.name), None if braille else letter
        shown = (list(compress(each, curve.known)) for each in (times, curve.values.tolist()))
        figure.plot(*shown, lc=color, label=label, marker=marker)
    drawn = figure.show(legend=True)
    return Text.from_ansi(f"\n{title}\n{drawn if braille else drawn.translate(DOTS)}", no_wrap=True)


def _canvas(unit: str, marked: str) -> Figure:
    figure = Figure()
    columns = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
    figure.width, figure.height = max(columns - AXIS_COLUMNS, AXIS_COLUMNS), 14
    figure.with_colors, figure.color_mode, figure.origin = True, "names", False
    figure.x_label, figure.y_label = marked, unit
    figure.register_label_formatter(float, partial(_label, ",.1f"))
    figure.register_label_formatter(datetime, partial(_label, FORMS[marked]))
    return figure


def _limits(curves: Sequence[Floats]) -> tuple[float, float]:
    """The lowest and highest value, made distinct for the axis."""
    low, high = min(curve.min() for curve in curves), max(curve.max() for curve in curves)
    return float(low), float(high if high > low else low + 1)


def _label(form: str, value: float | datetime, chars: int, delta: object, *, left: bool = False) -> str:  # noqa: ARG001
    """Plotille calls it with all but `form`."""
    text = format(value, form)
    return text.ljust(chars) if left else text.rjust(chars)
