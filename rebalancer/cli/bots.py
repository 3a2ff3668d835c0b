"""`rebalance bots`: list, show, check and create bot files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import Answer, Commands, ConfigOption, JsonOption, show_json
from rebalancer.cli.screen import say

if TYPE_CHECKING:
    from rebalancer.config import Config

app = Commands(help="List, show, check and create bot files.", no_args_is_help=True)


@app.with_json("list")
def list_(config: ConfigOption = None) -> Answer:
    """List the invested bots, and other bot files next to the config."""
    from rebalancer.app.bots import list_bots
    from rebalancer.report.bots import bots_screen

    settings = load_config(config)
    found = list_bots(settings, bots_folder(settings))
    return Answer(found, bots_screen(found))


@app.with_json()
def show(
    bot: Annotated[str, Argument(help="An invested bot's name, or a bot file.")],
    config: ConfigOption = None,
) -> Answer:
    """Show a bot's rules. Needs no prices."""
    from rebalancer.app.bots import show_bot
    from rebalancer.report.bots import bot_screen

    found = show_bot(load_config(config), bot)
    return Answer(found, bot_screen(found))


@app.with_json()
def new(
    name: Annotated[str, Argument(help="The bot's name.")],
    template: Annotated[
        Literal["trend", "momentum", "volatility"], Option("--from", help="The sample to copy.")
    ] = "trend",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Create a bot from a sample. Never overwrites a file."""
    from rebalancer.app.bots import write_bot

    path = write_bot(bots_folder(load_config(config)), name, template)
    if json:
        show_json({"file": str(path)})
    else:
        say(f'Wrote {path}. Edit its tickers and rules.\nNext: rebalance bots show "{path}"')


def bots_folder(config: "Config") -> Path:
    """`bots` next to the config; in the current folder if only the demo config exists."""
    from rebalancer import demo

    return (Path.cwd() if config.path == demo.config_path() else config.path.parent) / "bots"


@app.with_json()
def check(
    files: Annotated[list[Path], Argument(help="Bot files: native, Composer or Python.")],
) -> Answer:
    """Check bot files: show what each contains, or every problem and where it is."""
    from rebalancer.app.bots import check_files
    from rebalancer.report.bots import findings_screen

    checked = check_files(files)
    return Answer(checked, findings_screen(checked), 2 if any(bot.problems for bot in checked) else 0)
