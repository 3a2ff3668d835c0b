"""A back-test as a self-contained HTML page; its Content-Security-Policy forbids network access."""

from collections.abc import Iterable, Sequence
from html import escape as as_html
from typing import Any

import plotly.graph_objects as go
from plotly.io import to_html as figure_to_html
from plotly.offline import get_plotlyjs

from rebalancer.backtest.compare import Comparison, Track
from rebalancer.backtest.metrics import drawdowns
from rebalancer.errors import visible
from rebalancer.model import Floats
from rebalancer.report.backtest import MONTHS, NOT_SIMULATED, allocations, headline, statistics, year_cells
from rebalancer.report.curves import bands
from rebalancer.report.style import STYLE

MOST_BANDS = 9
"""The largest number of bands in the allocation chart; smaller holdings are merged into "others"."""

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f5539", "#6a4c93", "#8ab17d")
BENCHMARK_COLOR, OTHERS_COLOR, CASH_COLOR = "#555555", "#bbbbbb", "#eeeeee"
LOSS_TO_GAIN = ((0, "#c1443c"), (0.5, "#ffffff"), (1, "#2f7d4f"))

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}th, td {{ padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: pre; }}
th:first-child, td:first-child {{ text-align: left; }}
</style>
<script>{script}</script>
</head>
<body>
"""


HTML_BEGINS = f"{HEAD.partition('{title}')[0]}Back-test of ".encode()


def to_html(comparison: Comparison) -> str:
    """The HTML document. All names are escaped."""
    main = comparison.main
    title = f"Back-test of {main.name}" if main.kind == "bot" else "Back-test of several bots"
    tracks = ("", *(track.name for track in comparison.tracks))
    parts = [
        HEAD.format(title=escape(title), style=STYLE, script=get_plotlyjs()),
        f"<h1>{escape(title)}</h1>\n<p>{escape(headline(comparison))}.</p>",
        "\n".join(("<ul>", *(f"<li>{escape(note)}</li>" for note in (*comparison.notes, NOT_SIMULATED)), "</ul>")),
        _plot("equity", f"Equity, {comparison.terms.currency}", equity_figure(comparison)),
        _plot("drawdown", "Drawdown, % below the highest value so far", drawdown_figure(comparison)),
        _table("Statistics", tracks, statistics(comparison.tracks)),
        _plot("months", f"Monthly returns of {main.name}, %", months_figure(main)),
        _table(f"Monthly and yearly returns of {main.name}, %", ("Year", *MONTHS, "Year"), map(year_cells, main.years)),
        _plot("allocation", f"Allocation of {main.name} over time, % of equity", allocation_figure(comparison)),
        _table(f"Held after {comparison.sessions[-1]}", tracks, allocations(comparison)),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def escape(text: str) -> str:
    """`text` shown as it is by a browser, also what would turn a line around."""
    return as_html(visible(text))


def equity_figure(comparison: Comparison) -> go.Figure:
    figure = _lines(comparison, [track.result.equity for track in comparison.tracks])
    scales = [{"label": scale, "method": "relayout", "args": ["yaxis.type", scale]} for scale in ("linear", "log")]
    menu = {"type": "buttons", "direction": "right", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(
        updatemenus=[{**menu, "buttons": scales}], yaxis={"tickformat": ",.3~s", "hoverformat": ",.2f"}
    )
    return figure


def drawdown_figure(comparison: Comparison) -> go.Figure:
    figure = _lines(comparison, [-100 * drawdowns(track.result.equity) for track in comparison.tracks])
    figure.update_layout(yaxis={"ticksuffix": " %", "hoverformat": ".2f"})
    return figure


def _lines(comparison: Comparison, curves: Sequence[Floats]) -> go.Figure:
    colors = iter(COLORS * len(curves))
    figure = go.Figure(layout=_layout(360))
    for track, curve in zip(comparison.tracks, curves, strict=True):
        line = {"color": BENCHMARK_COLOR, "dash": "dot"} if track.kind == "benchmark" else {"color": next(colors)}
        width = 2.5 if track == comparison.main else 1.5
        figure.add_scatter(x=comparison.sessions, y=curve, name=escape(track.name), line={**line, "width": width})
    return figure


def months_figure(track: Track) -> go.Figure:
    """A heat map with a cell per month; months outside the back-test are blank."""
    percents = [[None if month is None else 100 * month for month in year.months] for year in track.years]
    cells = go.Heatmap(
        x=MONTHS,
        y=[str(year.year) for year in track.years],
        z=percents,
        zmid=0,
        colorscale=LOSS_TO_GAIN,
        showscale=False,
        xgap=1,
        ygap=1,
        texttemplate="%{z:.1f}",
        hovertemplate="%{x} %{y}: %{z:.2f} %<extra></extra>",
    )
    figure = go.Figure(cells, layout=_layout(90 + 28 * len(track.years)))
    figure.update_layout(
        hovermode="closest",
        yaxis={"autorange": "reversed", "type": "category", "showgrid": False},
        xaxis={"side": "top", "fixedrange": True, "showgrid": False},
    )
    return figure


def allocation_figure(comparison: Comparison) -> go.Figure:
    """The main track's weights as stacked bands, the largest first, cash on top."""
    figure = go.Figure(layout=_layout(360))
    for number, (name, weights) in enumerate(bands(comparison, MOST_BANDS).items()):
        color = {"others": OTHERS_COLOR, "cash": CASH_COLOR}.get(name) or COLORS[number]
        figure.add_scatter(
            x=comparison.sessions,
            y=100 * weights,
            name=name,
            stackgroup="all",
            fillcolor=color,
            line={"width": 0, "shape": "hv", "color": color},
        )
    figure.update_layout(yaxis={"range": [0, 100], "ticksuffix": " %", "hoverformat": ".1f"})
    return figure


def _layout(height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 55, "r": 10, "t": 40, "b": 30},
        "font": {"color": "#1b1b1b", "size": 12},
        "paper_bgcolor": "#fff",
        "plot_bgcolor": "#fff",
        "hovermode": "x unified",
        "legend": {"orientation": "h", "x": 0, "y": -0.12, "yanchor": "top"},
        "xaxis": {"gridcolor": "#e6e6e6"},
        "yaxis": {"gridcolor": "#e6e6e6", "zerolinecolor": "#999"},
    }


def _plot(place: str, title: str, figure: go.Figure) -> str:
    config = {"responsive": True, "displaylogo": False, "displayModeBar": False}
    drawn = figure_to_html(figure, config=config, include_plotlyjs=False, full_html=False, div_id=place)
    return f"<h2>{escape(title)}</h2>\n{drawn}"


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f"<h2>{escape(title)}</h2>\n<div class='wide'><table>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>"
    )
