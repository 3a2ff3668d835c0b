"""Charts of a page as inline SVG, without a script. Curves stretch with the page, their labels stay readable.

Colours are classes of the style sheet, so that they follow the browser's light or dark theme.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import pairwise
from math import ceil, floor, isfinite, log10

import numpy as np

from rebalancer.errors import visible
from rebalancer.model import Floats

WIDTH, HEIGHT = 1000, 300
BUCKETS, WIDEST_BAR = 350, 60
"""A curve is drawn by the lowest and the highest value of so many parts of its days."""
MOST_TICKS, FEW_TICKS, MOST_DATES, LONG = 6, 3, 7, 2
LOG_RATIO = 3.0
"""The ratio of the highest to the lowest value from which a curve of money has a logarithmic scale."""
Label = Callable[[float], str]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A value for each day (T,), NaN where there is none; `style` is a class of the style sheet."""

    name: str
    style: str
    values: Floats


@dataclass(frozen=True, slots=True)
class Scale:
    low: float
    high: float
    log: bool

    def top(self, value: float) -> float:
        """How far from the top, as a fraction."""
        low, high, at = (log10(each) if self.log else each for each in (self.low, self.high, value))
        return (high - at) / (high - low)

    def ticks(self) -> list[float]:
        """Round numbers inside: on a logarithmic scale 1, 2 and 5 times a power of ten, where these are enough."""
        if self.log:
            powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            steps = (times * 10.0**power for power in powers for times in (1, 2, 5))
            found = [value for value in steps if self.low <= value <= self.high]
            if len(found) > MOST_TICKS:
                found = [value for value in found if round(value / 10.0 ** floor(log10(value) + 1e-9)) == 1]
            if len(found) >= FEW_TICKS:
                return found
        step = nice_step((self.high - self.low) / MOST_TICKS)
        return [step * number for number in range(ceil(self.low / step), floor(self.high / step) + 1)]


def nice_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least` (> 0)."""
    power = 10.0 ** floor(log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))


def scale_of(curves: Sequence[Floats], *, money: bool = False, zero: bool = False) -> Scale:
    """Of all finite values, with 0 among them where `zero`; logarithmic for `money` that grew a lot."""
    known = np.concatenate([curve[np.isfinite(curve)] for curve in curves] or [np.empty(0)])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return Scale(low, high, log=money and low > 0 and high / low >= LOG_RATIO)


def line_chart(title: str, days: Sequence[date], curves: Sequence[Curve], label: Label, scale: Scale) -> str:
    """The first of `curves` is drawn last, over the others."""
    lines = "".join(_line(curve, scale) for curve in reversed(curves))
    return _figure(title, days, scale, label, lines, _legend({curve.name: curve.style for curve in curves}))


def area_chart(title: str, days: Sequence[date], curves: Sequence[Curve], label: Label, scale: Scale) -> str:
    """As `line_chart`, with the first filled to 0."""
    zero = HEIGHT * scale.top(0.0)
    points = _points(curves[0].values, scale)
    area = f'<path class="{curves[0].style} area" d="M0 {zero:.1f}L{" ".join(points)}L{WIDTH} {zero:.1f}Z"/>'
    lines = area + "".join(_line(curve, scale) for curve in reversed(curves))
    return _figure(title, days, scale, label, lines, _legend({curve.name: curve.style for curve in curves}))


def band_chart(title: str, days: Sequence[date], bands: Mapping[str, Floats], styles: Sequence[str]) -> str:
    """Fractions by name, one above the other; they add up to 1."""
    scale, base = Scale(0.0, 1.0, log=False), np.zeros(len(days))
    places = np.unique(np.linspace(0, len(days) - 1, 2 * BUCKETS).astype(int)).tolist()
    parts = []
    for (_, values), style in zip(bands.items(), styles, strict=True):
        top = base + values
        upper = [f"{_across(place, len(days)):.1f} {HEIGHT * (1 - top[place]):.1f}" for place in places]
        lower = [f"{_across(place, len(days)):.1f} {HEIGHT * (1 - base[place]):.1f}" for place in reversed(places)]
        parts.append(f'<path class="{style} band" d="M{" ".join((*upper, *lower))}Z"/>')
        base = top
    legend = _legend(dict(zip(bands, styles, strict=True)))
    return _figure(title, days, scale, lambda value: f"{value:.0%}", "".join(parts), legend)


def bar_chart(title: str, names: Sequence[str], bars: Mapping[str, Sequence[float | None]], label: Label) -> str:
    """A group for each of `names`, in it a bar of each of `bars`; the styles are those of curves in that order."""
    known = [value for values in bars.values() for value in values if value is not None]
    scale = scale_of([np.array(known)], zero=True)
    room, zero = WIDTH / len(names), HEIGHT * scale.top(0.0)
    wide = min(room * 0.8 / len(bars), WIDEST_BAR)
    drawn = []
    for number, (name, values) in enumerate(bars.items()):
        for place, value in enumerate(values):
            if value is not None:
                top = HEIGHT * scale.top(max(value, 0.0))
                left, tall = (
                    room * (place + 0.5) + wide * (number - len(bars) / 2),
                    abs(HEIGHT * scale.top(value) - zero),
                )
                told = shown(f"{name} {names[place]}: {label(value)}")
                place_ = f'x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
                drawn.append(f'<rect class="{style_of(number)} bar" {place_}><title>{told}</title></rect>')
    step = ceil(len(names) / MOST_DATES)
    below = [(100 * (place + 0.5) / len(names), names[place]) for place in range(0, len(names), step)]
    legend = _legend({name: style_of(number) for number, name in enumerate(bars)})
    return _framed(title, scale, label, "".join(drawn), below, legend)


def sparkline(told: str, values: Floats) -> str:
    """A curve without scales beside a figure; `told` says in words what it shows. "" for less than two days."""
    if len(values) < LONG:
        return ""
    scale = scale_of([values])
    line = _line(Curve("", "main", values), scale)
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{shown(told)}">{line}</svg>'
    )


def style_of(number: int) -> str:
    return "main" if number == 0 else "beside" if number == 1 else f"c{(number - 2) % 8}"


def _line(curve: Curve, scale: Scale) -> str:
    points = _points(curve.values, scale)
    return f'<path class="{curve.style} line" d="M{" ".join(points)}"/>' if points else ""


def _points(values: Floats, scale: Scale) -> list[str]:
    return [
        f"{_across(place, len(values)):.1f} {HEIGHT * scale.top(float(values[place])):.1f}"
        for place in _kept(values)
        if isfinite(values[place]) and not (scale.log and values[place] <= 0)
    ]


def _kept(values: Floats) -> list[int]:
    """The places of the lowest and the highest value of each part of the days, and of the first and last of all."""
    if len(values) <= 2 * BUCKETS:
        return list(range(len(values)))
    edges = np.linspace(0, len(values), BUCKETS + 1).astype(int)
    filled = np.nan_to_num(values)
    places = {0, len(values) - 1}
    for start, end in pairwise(edges.tolist()):
        places |= {start + int(filled[start:end].argmin()), start + int(filled[start:end].argmax())}
    return sorted(places)


def _across(place: int, count: int) -> float:
    return WIDTH * place / max(count - 1, 1)


def _figure(title: str, days: Sequence[date], scale: Scale, label: Label, drawn: str, legend: str) -> str:
    below = [(_across(place, len(days)) / WIDTH * 100, text) for place, text in _dates(days)]
    return _framed(title, scale, label, drawn, below, legend)


def _dates(days: Sequence[date]) -> Iterator[tuple[int, str]]:
    """First days of years, or of months where there are few; or simply some days."""
    years = [place for place in range(1, len(days)) if days[place].year != days[place - 1].year]
    months = [place for place in range(1, len(days)) if days[place].month != days[place - 1].month]
    form, places = ("%Y", years) if len(years) > LONG else ("%Y-%m", months)
    if len(places) <= 1:
        form, places = "%Y-%m-%d", list(range(len(days)))
    for place in places[:: ceil(len(places) / MOST_DATES)]:
        yield place, days[place].strftime(form)


def _framed(title: str, scale: Scale, label: Label, drawn: str, below: Sequence[tuple[float, str]], legend: str) -> str:
    ticks = [(100 * scale.top(value), label(value)) for value in scale.ticks()]
    lines = "".join(f'<path class="grid" d="M0 {HEIGHT * top / 100:.1f}H{WIDTH}"/>' for top, _ in ticks)
    left = "".join(f'<text class="y" x="-7" y="{top:.1f}%">{shown(text)}</text>' for top, text in ticks)
    logarithmic = ", logarithmic scale" if scale.log else ""
    heading = f"{shown(title)}{logarithmic}"
    return (
        f'<figure><h2>{heading}</h2><svg class="plot" role="img" aria-label="{heading}">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" overflow="visible">{lines}{drawn}</svg>'
        f"{left}{_texts_below(below)}</svg>{legend}</figure>"
    )


def _texts_below(texts: Sequence[tuple[float, str]]) -> str:
    """Every second one gives way on a narrow screen."""
    return "".join(
        f'<text class="x{" between" * (place % 2)}" x="{at:.1f}%" y="100%" dy="5">{shown(text)}</text>'
        for place, (at, text) in enumerate(texts)
    )


def _legend(styles: Mapping[str, str]) -> str:
    if len(styles) < LONG:
        return ""
    keys = "".join(f'<span class="key"><i class="{style}"></i>{shown(name)}</span>' for name, style in styles.items())
    return f"<figcaption>{keys}</figcaption>"


def shown(text: str) -> str:
    """`text` as a browser shows it as it is, also what would turn a line around."""
    return escape(visible(text))
