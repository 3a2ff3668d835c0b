"""`rebalance bots`: looking at bot files."""

from pathlib import Path
from typing import Annotated

import typer

from rebalancer.cli.options import DebugOption, JsonOption

app = typer.Typer(help="Look at bot files.", no_args_is_help=True)


@app.callback()
def bots() -> None:
    """Keeps `check` a command of its own name, however few stand beside it."""


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Bot files, native or Composer JSON.", show_default=False)],
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Read bot files and say what was found, or every problem with its place."""
    from rebalancer.flowchart import formats
    from rebalancer.flowchart.findings import describe
    from rebalancer.report.bots import CheckedBot, show_findings
    from rebalancer.report.console import show_json
    from rebalancer.wiring import read_bots

    checked = []
    for name, content in read_bots({str(path): path for path in files}).items():
        chart, problems = formats.read(content, name)
        checked.append(CheckedBot(name, describe(chart) if chart else None, problems))
    if json:
        show_json(checked)
    else:
        show_findings(checked)
    raise typer.Exit(2 if any(bot.problems for bot in checked) else 0)
