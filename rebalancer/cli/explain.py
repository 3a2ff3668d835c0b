"""`rebalance explain`: why a bot wants what it wants."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, load_config

if TYPE_CHECKING:
    from rebalancer.config import Config


def explain(
    bot: Annotated[str, typer.Argument(help="An invested bot's name, or a bot file.", show_default=False)],
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="A day of the price history; else its last.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show why a bot wants what it wants on a day."""
    from rebalancer.flowchart.decide import last_allocation
    from rebalancer.report.bots import show_explanation
    from rebalancer.report.console import show_json
    from rebalancer.wiring import closes_up_to, compile_bots, read_bots

    settings = load_config(config)
    paths = {bot: bot_file(settings, bot)}
    program = compile_bots(paths, read_bots(paths))[bot]
    closes = closes_up_to(settings, program.symbols, on.date() if on else None)
    decision = last_allocation(bot, program, closes)
    if json:
        show_json({"decision": decision, "session": closes.day(-1), "notes": closes.notes})
    else:
        show_explanation(decision, closes.day(-1), closes.notes)


def bot_file(config: "Config", bot: str) -> Path:
    """The file of an invested bot, or `bot` as a path. Raises BadInputError where it is neither."""
    from rebalancer.errors import BadInputError, Problem

    invested = {name: path for account in config.accounts for name, path in account.bots.items()}
    if bot in invested:
        return invested[bot]
    if Path(bot).is_file():
        return Path(bot)
    known = ", ".join(sorted(invested))
    raise BadInputError([Problem(str(config.path), "", f"{bot!r} is no file and no invested bot; there are: {known}")])
