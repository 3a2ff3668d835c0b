"""`rebalance bots`: list, show, check and create bot files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, show_json

if TYPE_CHECKING:
    from rebalancer.config import Config

app = typer.Typer(help="List, show, check and create bot files.", no_args_is_help=True)


@app.command("list")
def list_(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the invested bots, and other bot files next to the config."""
    from rebalancer.app.bots import list_bots
    from rebalancer.report.bots import show_bots

    settings = load_config(config)
    found = list_bots(settings, bots_folder(settings))
    show_json(found) if json else show_bots(found)


@app.command("show")
def show(
    bot: Annotated[str, typer.Argument(help="An invested bot's name, or a bot file.", show_default=False)],
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show a bot's rules. Needs no prices."""
    from rebalancer.app import bots
    from rebalancer.report.bots import show_bot

    found = bots.show_bot(load_config(config), bot)
    show_json(found) if json else show_bot(found)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The bot's name.", show_default=False)],
    template: Annotated[
        Literal["trend", "momentum", "volatility"], typer.Option("--from", help="The sample to copy.")
    ] = "trend",
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Create a bot from a sample. Never overwrites a file."""
    from rebalancer.app.bots import write_bot

    path = write_bot(bots_folder(load_config(config)), name, template)
    if json:
        show_json({"file": str(path)})
    else:
        typer.echo(f"Wrote {path}. Edit its tickers and rules.")
        typer.echo(f'Next: rebalance bots show "{path}"')


def bots_folder(config: "Config") -> Path:
    """`bots` next to the config; in the current folder if only the demo config exists."""
    from rebalancer import demo

    return (Path.cwd() if config.path == demo.config_path() else config.path.parent) / "bots"


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Bot files: native, Composer or Python.", show_default=False)],
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check bot files: show what each contains, or every problem and where it is."""
    from rebalancer.app.bots import check_files
    from rebalancer.report.bots import show_findings

    checked = check_files(files)
    show_json(checked) if json else show_findings(checked)
    raise typer.Exit(2 if any(bot.problems for bot in checked) else 0)
