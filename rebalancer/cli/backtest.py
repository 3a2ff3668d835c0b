"""`rebalance backtest`: what bots would have done."""

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption

if TYPE_CHECKING:
    from rebalancer.backtest.compare import Comparison

DAY = ["%Y-%m-%d"]


def backtest(
    bots: Annotated[list[str], typer.Argument(help="Names of invested bots, or bot files.", show_default=False)],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="Begin here; else as soon as every bot can decide.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="End here; else with the prices.")] = None,
    cost_bps: Annotated[
        float, typer.Option("--cost-bps", help="What a trade costs, in 1/100 of a percent of its value.")
    ] = 0.0,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", help="A ticker, bought and held; else SPY where there are prices."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write every day's values and weights here.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report for the browser here.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what bots would have earned: alone, together as an account holds them, and beside a benchmark."""
    from rebalancer.app import backtests
    from rebalancer.report import curves
    from rebalancer.report.backtest import screen
    from rebalancer.report.console import show, show_json

    found = backtests.backtest(
        load_config(config, quietly=True),
        list(dict.fromkeys(bots)),
        first.date() if first else None,
        last.date() if last else None,
        cost_bps=cost_bps,
        benchmark=benchmark,
        progress=_progress,
    )
    written = _written(found, csv, html)
    if json:
        show_json(curves.facts(found))
    else:
        show(*screen(found))
        typer.echo("".join(f"{option}: written to {path}\n" for option, path in written.items()), nl=False)


def _written(found: "Comparison", csv: Path | None, html: Path | None) -> dict[str, Path]:
    """Write the requested files; their paths by option."""
    from rebalancer.report import curves

    if csv:
        curves.write_whole(csv, curves.to_csv(found), "--csv")
    if html:
        from rebalancer.report.page import to_html  # loads plotly

        curves.write_whole(html, to_html(found), "--html")
    return {option: path for option, path in (("--csv", csv), ("--html", html)) if path}


def _progress(bots: Iterable[str]) -> Iterable[str]:
    """A progress bar on stderr, on a terminal only."""
    from rich.console import Console
    from rich.progress import track

    return track(
        list(bots),
        description="Back-testing",
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
