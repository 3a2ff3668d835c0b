"""`rebalance explain`, `backtest` and `data`."""

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, show_json

if TYPE_CHECKING:
    from rebalancer.backtest.compare import Comparison


def explain(
    bot: Annotated[str, typer.Argument(help="An invested bot's name, or a bot file.", show_default=False)],
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="A session of the price history; default: the last."),
    ] = None,
    tree: Annotated[bool, typer.Option("--tree", help="Show all rules, including branches not taken.")] = False,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Print the rules as a Mermaid diagram (up to 500 arrows).")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show how a bot reached its decision on a day."""
    from rebalancer.app import research
    from rebalancer.report.bots import mermaid_text, show_explanation

    found = research.explain(load_config(config), bot, on.date() if on else None, tree=tree, mermaid=mermaid)
    if json:
        show_json(found)
    elif found.mermaid is not None:
        typer.echo(mermaid_text(bot, found))
    else:
        show_explanation(found)


# ---------------------------------------------------------------------------------------------------------- back-tests


DAY = ["%Y-%m-%d"]


def backtest(
    bots: Annotated[list[str], typer.Argument(help="Names of invested bots, or bot files.", show_default=False)],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="First day; default: when every bot can decide.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=DAY, help="Last day; default: the last price.")
    ] = None,
    cost_bps: Annotated[
        float, typer.Option("--cost-bps", help="Trading costs in basis points of the traded value.")
    ] = 0.0,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", help="A ticker to buy and hold; default: SPY if it has prices."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write daily values and weights to this file.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write an HTML report to this file.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Back-test bots: each alone, combined as in an account, and against a benchmark."""
    from rebalancer.app import research
    from rebalancer.report import curves
    from rebalancer.report.backtest import screen
    from rebalancer.report.console import show

    found = research.backtest(
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
    """Write the requested files; return their paths by option."""
    from rebalancer.report import curves

    if csv:
        curves.write_file(csv, curves.to_csv(found), "--csv")
    if html:
        from rebalancer.report.page import to_html  # loads plotly

        curves.write_file(html, to_html(found), "--html")
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


# -------------------------------------------------------------------------------------------------------------- prices


app = typer.Typer(help="Check and update the prices.", no_args_is_help=True)


@app.command()
def status(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show each ticker's date range, gaps and age. Exit code 2 if the prices are unusable."""
    from rebalancer.app.source import price_status
    from rebalancer.report.prices import show_prices

    found = price_status(load_config(config))
    show_json(found) if json else show_prices(found)


@app.command()
def sync(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Fetch the missing closes of all bots' tickers. Exit code 4 if the source can't be read."""
    from rebalancer.app.source import synced
    from rebalancer.report.prices import progress, show_synced

    settings = load_config(config)
    with progress("tickers") as on_progress:
        found = synced(settings, on_progress)
    show_json(found) if json else show_synced(found)
