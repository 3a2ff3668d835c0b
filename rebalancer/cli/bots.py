"""`rebalance bots`: list, show, check, import and create bot files."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import Answer, BotArgument, Commands, ConfigOption, JsonOption, show_json, showing_progress
from rebalancer.cli.screen import say

app = Commands(help="List, show, check, import and create bot files.", no_args_is_help=True)


@app.with_json("list")
def list_(config: ConfigOption = None) -> Answer:
    """List the invested bots, and other bot files next to the config."""
    from rebalancer.app.bots import list_bots
    from rebalancer.report.bots import bots_screen

    found = list_bots(load_config(config))
    return Answer({"bots": found}, bots_screen(found))


@app.with_json()
def show(
    bot: BotArgument,
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
    from rebalancer.app.bots import bots_folder, write_bot

    path = write_bot(bots_folder(load_config(config)), name, template)
    if json:
        show_json({"file": str(path)})
    else:
        say(f'Wrote {path}. Edit its tickers and rules.\nNext: rebalance bots show "{path}"')


@app.with_json()
def check(
    files: Annotated[list[Path], Argument(help="Bot files: native, Composer or Python.")],
) -> Answer:
    """Check bot files: show what each contains, or every problem and where it is."""
    from rebalancer.app.bots import check_files
    from rebalancer.report.bots import findings_screen

    checked = check_files(files)
    return Answer({"bots": checked}, findings_screen(checked), 2 if any(bot.problems for bot in checked) else 0)


@app.with_json()
def verify(
    bot: BotArgument,
    backtest: Annotated[Path, Argument(help="A back-test downloaded from Composer: JSON.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Compare a bot day by day with a back-test recorded at Composer. Exit code 3 if a day differs."""
    from rebalancer.app.verification import verify as verified
    from rebalancer.report.verification import verification_screen

    settings = load_config(config)
    with showing_progress(json=json) as progress:
        found = verified(settings, bot, backtest, progress)
    return Answer(found, verification_screen(found), found.exit_code)


@app.with_json("import")
def import_(
    file: Annotated[str, Argument(metavar="FILE", help="A flowchart in any format, or - for standard input.")],
    out: Annotated[
        Path | None, Option("--out", "-o", help="The file to write. Default: in the bots folder, by the bot's name.")
    ] = None,
    config: ConfigOption = None,
) -> Answer:
    """Write another program's flowchart in the native format. Never overwrites a file."""
    from rebalancer.app.bots import bots_folder
    from rebalancer.app.import_bot import import_bot, most_input, read_file
    from rebalancer.report.bots import imported_screen

    source = "standard input" if file == "-" else file
    content = sys.stdin.buffer.read(most_input() + 1) if file == "-" else read_file(Path(file))
    folder = bots_folder(load_config(config)) if out is None else out.parent
    imported = import_bot(source, content, folder, out)
    return Answer(imported, imported_screen(imported))
