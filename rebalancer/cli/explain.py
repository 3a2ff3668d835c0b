"""`rebalance explain`: why a bot wants what it wants."""

from datetime import datetime
from typing import Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption


def explain(
    bot: Annotated[str, typer.Argument(help="An invested bot's name, or a bot file.", show_default=False)],
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="A day of the price history; else its last.")
    ] = None,
    tree: Annotated[bool, typer.Option("--tree", help="All of the chart, both branches of every gate.")] = False,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="The chart as text that Mermaid draws (up to 500 arrows).")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show why a bot wants what it wants on a day."""
    from rebalancer.app import explain as app
    from rebalancer.report.bots import mermaid_text, show_explanation
    from rebalancer.report.console import show_json

    found = app.explain(load_config(config), bot, on.date() if on else None, tree=tree, mermaid=mermaid)
    if json:
        show_json(found)
    elif found.mermaid is not None:
        typer.echo(mermaid_text(bot, found))
    else:
        show_explanation(found)
