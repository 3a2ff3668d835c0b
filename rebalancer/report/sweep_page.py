"""A sweep as one HTML page without scripts: heat maps of the parameters, and the tables of the screen."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape as as_html
from itertools import combinations

import numpy as np

from rebalancer.app.sweep import Sweep
from rebalancer.backtest.ranking import Ranking, pair_means
from rebalancer.errors import visible
from rebalancer.report.heat_map import Axis, HeatMap
from rebalancer.report.style import STYLE
from rebalancer.report.sweep import (
    CAUTION,
    FOLD_HEADING,
    fold_rows,
    heading,
    headline,
    ranking_cells,
    ranking_title,
    shown,
    step_rows,
    values_text,
    verdict,
    walk_forward_title,
)
from rebalancer.report.tables import MARKS

MOST_MAPS = 10
MOST_ROWS = 500

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sweep of {title}</title>
<style>
{style}th, td {{ padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }}
th:first-child, td:first-child {{ position: sticky; left: 0; background: #fff; }}
th.text, td.text {{ text-align: left; white-space: normal; min-width: 4rem; }}
.key {{ margin: 0; color: #555; }}
</style>
</head>
<body>
"""
HTML_BEGINS = HEAD.partition("{title}")[0].replace("{{", "{").encode()


def to_html(found: Sweep) -> str:
    """The HTML document. All names are escaped."""
    title = f"Sweep of {found.bot}"
    what = headline(found).removeprefix(f"{title}: ")
    parts = [HEAD.format(title=_escaped(found.bot), style=STYLE)]
    parts.append(f"<h1>{_escaped(title)}</h1>\n<p>{_escaped(what)}.</p>")
    parts.append("\n".join(("<ul>", *(f"<li>{_escaped(note)}</li>" for note in (*found.notes, CAUTION)), "</ul>")))
    if ranking := found.ranking:
        parts.extend(f"<p>{_escaped(sentence)}</p>" for sentence in verdict(ranking))
        parts.extend(_maps(found, ranking))
        shown_rows = ranking.trials[:MOST_ROWS]
        parts.append(_table(ranking_title(ranking, MOST_ROWS), heading(found), map(ranking_cells, shown_rows)))
        parts.append(_table("One step from the best", ("parameter", "value", "Sharpe"), step_rows(ranking)))
        parts.append(_table(walk_forward_title(ranking), FOLD_HEADING, fold_rows(ranking)))
    if found.failed:
        rows = ((values_text(each.values), each.why) for each in found.failed[:MOST_ROWS])
        parts.append(_table("Failed", ("variant", "why"), rows))
    return "\n".join((*parts, "</body>\n</html>\n"))


def _maps(found: Sweep, ranking: Ranking) -> Iterator[str]:
    """One for each two parameters; of a single one its row."""
    axes = [Axis(each.name, [shown(value) for value in each.tried_values]) for each in found.parameters]
    pairs = list(combinations(range(len(axes)), 2))
    drawn = [_pair(axes, ranking, *pair) for pair in pairs[:MOST_MAPS]] if pairs else [_single(axes[0], ranking)]
    for each in drawn:
        yield f"<h2>{_escaped(each.title)}</h2>\n<p class='key'>{_escaped(each.key)}</p>"
        yield f"<div class='wide'>{each.svg()}</div>"
    if len(pairs) > MOST_MAPS:
        yield f"<p>{MOST_MAPS} of {len(pairs)} pairs of parameters are drawn, the first ones of the spec.</p>"


def _pair(axes: Sequence[Axis], ranking: Ranking, down: int, across: int) -> HeatMap:
    others = ", the mean over all other parameters" if len(axes) > 2 else ""
    title = f"Sharpe ratio by {axes[down].name} and {axes[across].name}{others}"
    best = ranking.trials[0].point
    means = pair_means(ranking.trials, down, across, (len(axes[down].values), len(axes[across].values)))
    return HeatMap(title, axes[down], axes[across], means, (best[down], best[across]))


def _single(axis: Axis, ranking: Ranking) -> HeatMap:
    means = pair_means(ranking.trials, 0, 0, (len(axis.values), len(axis.values)))
    best = ranking.trials[0].point
    return HeatMap(f"Sharpe ratio by {axis.name}", Axis("", [""]), axis, np.diag(means)[np.newaxis], (0, best[0]))


def _escaped(text: str) -> str:
    return as_html(visible(text))


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A column with a word in it is set as text, all others as numbers."""
    listed = [list(row) for row in rows]
    words = {column for row in listed for column, cell in enumerate(row) if cell[:1].isalpha()}
    kinds = [' class="text"' if column in words else "" for column in range(len(header))]
    titles = zip(kinds, header, strict=True)
    head = "".join(f'<th scope="col"{kind}>{_escaped(MARKS.sub("", cell))}</th>' for kind, cell in titles)
    body = "\n".join(f"<tr>{_cells(kinds, row)}</tr>" for row in listed)
    return (
        f"<h2>{_escaped(title)}</h2>\n<div class='wide'><table>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _cells(kinds: Sequence[str], row: Sequence[str]) -> str:
    return "".join(f"<td{kind}>{_escaped(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
