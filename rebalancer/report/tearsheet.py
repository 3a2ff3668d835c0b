"""A tearsheet: one HTML page of a curve of money, without a script, in light and dark, for the screen and for paper.

Its Content-Security-Policy forbids network access and scripts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from rebalancer import __version__
from rebalancer.backtest.metrics import (
    Drawdown,
    Year,
    annualised,
    daily_returns,
    drawdowns,
    max_drawdown,
    sharpe,
    volatility,
)
from rebalancer.backtest.risk import (
    Beside,
    Day,
    Days,
    beside,
    best_days,
    falls,
    rolling_sharpe,
    rolling_volatility,
    rolling_window,
    win_rate,
    worst_days,
)
from rebalancer.model import Floats
from rebalancer.model.text import percentage, signed_percentage
from rebalancer.report.charts import (
    Curve,
    area_chart,
    band_chart,
    bar_chart,
    line_chart,
    scale_of,
    shown,
    style_of,
)
from rebalancer.report.style import STRENGTHS, TEARSHEET

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STRONGEST = 90
"""The percentile of monthly returns from which a cell of the heat map has the strongest colour."""
LEAST_STRONG = 0.01
YEAR_DAYS = 365
UNDEFINED = "-"
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>"""


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` begin with a name; the other cells are numbers."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """`values` (T,) on `sessions` are what `begun`, before the first of them, became; `benchmark` (T,) likewise, NaN
    where it is not known, None without one. `others` are further curves by name. `years` are those of `values`.

    `bands` are the holdings as fractions of the whole, by name; empty where they are not known. `figures` stand on top
    before those of the curve; `made` is the day on which the page was made.
    """

    title: str
    lead: str
    unit: str
    name: str
    sessions: Days
    begun: float
    values: Floats
    years: Sequence[Year]
    made: date
    benchmark_name: str = ""
    benchmark: Floats | None = None
    benchmark_years: Sequence[Year] = ()
    others: Mapping[str, Floats] = field(default_factory=dict)
    bands: Mapping[str, Floats] = field(default_factory=dict)
    figures: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


def to_html(sheet: Sheet) -> str:
    """The document; all names are escaped."""
    parts = (
        f"{HEAD}{shown(sheet.title)}</title>\n<style>\n{TEARSHEET}</style>\n</head>\n<body>",
        f"<header><h1>{shown(sheet.title)}</h1>\n<p>{shown(sheet.lead)}</p></header>",
        content(sheet),
        f"<footer>Made on {sheet.made} by rebalance {__version__}, up to the session of {sheet.sessions[-1]}.</footer>",
        "</body>\n</html>\n",
    )
    return "\n".join(parts)


def content(sheet: Sheet) -> str:
    """What stands below the title, for a page with the rules of `style.CHARTS`; all names are escaped."""
    values = np.concatenate(([sheet.begun], sheet.values))
    returns = daily_returns(values)
    others = np.full(len(returns), np.nan)
    if sheet.benchmark is not None:
        others[1:] = daily_returns(sheet.benchmark)
    parts = (
        _cards((*sheet.figures, *_figures(values, returns, beside(returns, others), sheet))),
        *_charts(sheet, returns),
        _heat_map(sheet),
        _tables((*_own_tables(sheet, values, returns, others), *sheet.tables)),
        _allocation(sheet),
        "".join(("<ul>", *(f"<li>{shown(note)}</li>" for note in sheet.notes), "</ul>")) if sheet.notes else "",
    )
    return "\n".join(part for part in parts if part)


def _figures(values: Floats, returns: Floats, found: Beside | None, sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Less than a year is never made a year."""
    deepest = max_drawdown(values, np.concatenate((sheet.sessions[:1], sheet.sessions)))
    is_long = (sheet.sessions[-1] - sheet.sessions[0]).astype(int) >= YEAR_DAYS
    yield "total return", _percent(float(values[-1] / values[0] - 1))
    if is_long:
        yield "a year", _percent(annualised(sheet.values))
    yield "deepest fall", _percent(-deepest.depth if deepest else 0.0)
    yield "Sharpe", _ratio(sharpe(returns[1:]))
    yield "volatility, a year", percentage(volatility(returns[1:])) or UNDEFINED
    if found and is_long:
        yield f"alpha to {sheet.benchmark_name}, a year", _percent(found.alpha)
    if found:
        yield f"beta to {sheet.benchmark_name}", _ratio(found.beta)
    months = [month for year in sheet.years for month in year.months if month is not None]
    yield "winning days", _percent(win_rate(returns.tolist()), plain=True)
    yield "winning months", _percent(win_rate(months), plain=True)


def _cards(figures: Iterable[tuple[str, str]]) -> str:
    """No line ends between a number and its sign."""
    cards = "".join(
        f"<div><b>{shown(value).replace(' %', '&nbsp;%')}</b><span>{shown(label)}</span></div>"
        for label, value in figures
    )
    return f'<section class="cards">{cards}</section>'


def _charts(sheet: Sheet, returns: Floats) -> Iterator[str]:
    days = sheet.sessions.tolist()
    if len(days) < 2:
        return
    curves = [Curve(sheet.name, "main", sheet.values)]
    if sheet.benchmark is not None:
        curves.append(Curve(sheet.benchmark_name, "beside", sheet.benchmark))
    curves += (Curve(name, style_of(place + 2), values) for place, (name, values) in enumerate(sheet.others.items()))
    yield line_chart(sheet.unit, days, curves, _amount, scale_of([each.values for each in curves], money=True))
    compared = curves[: 1 if sheet.benchmark is None else 2]
    under = [Curve(each.name, each.style, -drawdowns(each.values)) for each in compared]
    scale = scale_of([each.values for each in under], zero=True)
    yield area_chart("Below the highest value so far", days, under, _tick, scale)
    yield from _yearly(sheet)
    window = rolling_window(len(days))
    if len(days) > window:
        yield from _rolling(days, returns, window)


def _yearly(sheet: Sheet) -> Iterator[str]:
    names = [str(year.year) for year in sheet.years]
    bars: dict[str, Sequence[float | None]] = {sheet.name: [year.total for year in sheet.years]}
    if sheet.benchmark_years:
        known = {year.year: year.total for year in sheet.benchmark_years}
        bars[sheet.benchmark_name] = [known.get(year.year) for year in sheet.years]
    yield bar_chart("Return by year", names, bars, _tick)


def _rolling(days: Sequence[date], returns: Floats, window: int) -> Iterator[str]:
    shown_days, risk = days[window:], rolling_volatility(returns[1:], window)[window - 1 :]
    ratio = rolling_sharpe(returns[1:], window)[window - 1 :]
    if len(shown_days) < 2:
        return
    charts = (("Sharpe", ratio, _ratio), ("Volatility", risk, _tick))
    yield '<div class="pair">'
    for name, values, label in charts:
        curve, scale = Curve(name, "main", values), scale_of([values], zero=True)
        yield line_chart(f"{name} over {window} sessions", shown_days, [curve], label, scale)
    yield "</div>"


def _heat_map(sheet: Sheet) -> str:
    """Monthly returns; months outside are blank. One wild month does not wash out the colours of the others."""
    months = [abs(month) for year in sheet.years for month in year.months if month is not None]
    strongest = max(float(np.percentile(months, STRONGEST)), LEAST_STRONG) if months else LEAST_STRONG
    rows = "\n".join(
        f'<tr><th scope="row">{year.year}</th>'
        + "".join(_cell(month, strongest) for month in year.months)
        + f'<td class="total">{year.total * 100:z.1f}</td></tr>'
        for year in reversed(sheet.years)
    )
    head = "".join(f'<th scope="col">{month}</th>' for month in (*MONTHS, "Year"))
    return (
        '<section><h2>Monthly returns, %</h2><div class="wide"><table class="heat">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div></section>"
    )


def _cell(month: float | None, strongest: float) -> str:
    if month is None:
        return "<td></td>"
    kind, strength = "gain" if month >= 0 else "loss", min(abs(month) / strongest, 1.0)
    return f'<td class="{kind} s{round(strength * STRENGTHS)}">{month * 100:z.1f}</td>'


def _own_tables(sheet: Sheet, values: Floats, returns: Floats, others: Floats) -> Iterator[Table]:
    begun = np.concatenate((sheet.sessions[:1], sheet.sessions))
    deepest = falls(values, begun)
    if deepest:
        yield Table("Deepest falls", ("depth", "peak", "trough", "recovered", "days"), list(map(_fall, deepest)))
    by_day = dict(zip(sheet.sessions.tolist(), others.tolist(), strict=True))
    names = ("day", sheet.name, *([sheet.benchmark_name] if sheet.benchmark is not None else []))
    best, worst = best_days(returns, sheet.sessions), worst_days(returns, sheet.sessions)
    for title, found in (("Best days", best), ("Worst days", worst)):
        yield Table(title, names, [_day(each, by_day)[: len(names)] for each in found])


def _fall(fall: Drawdown) -> Sequence[str]:
    end = fall.recovered
    days = f"{(end - fall.peak).days:,}" if end else "not yet"
    return percentage(-fall.depth), str(fall.peak), str(fall.trough), str(end or UNDEFINED), days


def _day(day: Day, others: Mapping[date, float]) -> Sequence[str]:
    other = others[day.session]
    return str(day.session), _percent(day.change), _percent(None if np.isnan(other) else other)


def _tables(tables: Iterable[Table]) -> str:
    return '<div class="tables">' + "\n".join(map(_table, tables)) + "</div>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{shown(cell)}</th>' for cell in table.header)
    rows = "\n".join("<tr>" + "".join(f"<td>{shown(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return (
        f'<section><h2>{shown(table.title)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{rows}\n</tbody></table></div></section>"
    )


def _allocation(sheet: Sheet) -> str:
    if not sheet.bands or len(sheet.sessions) < 2:
        return ""
    special = {"cash": "cash", "others": "others"}
    styles = [special.get(name, f"c{place % 8}") for place, name in enumerate(sheet.bands)]
    return band_chart("Held, of the whole", sheet.sessions.tolist(), sheet.bands, styles)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _tick(value: float) -> str:
    return f"{value * 100:z,.4g} %"


def _percent(value: float | None, *, plain: bool = False) -> str:
    if value is None:
        return UNDEFINED
    return f"{value * 100:z.1f} %" if plain else signed_percentage(value)


def _ratio(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:z.2f}"
