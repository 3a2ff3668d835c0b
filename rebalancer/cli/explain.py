"""`rebalance explain`: why a bot wants what it wants."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, bot_file, load_config

if TYPE_CHECKING:
    from rebalancer.bots.base import Bot
    from rebalancer.model import Closes


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
    from rebalancer.app.bots import load_bots, read_bots
    from rebalancer.app.source import closes_up_to
    from rebalancer.report.bots import show_explanation
    from rebalancer.report.console import show_json

    settings = load_config(config)
    paths = {bot: bot_file(settings, bot)}
    asked = load_bots(paths, read_bots(paths))[bot]
    closes = closes_up_to(settings, asked.symbols, on.date() if on else None)
    decision = asked.decide(closes)
    lines = asked.outline(closes) if tree else None
    drawn = _drawn(asked, closes) if mermaid else None
    if json:
        show_json(
            {"decision": decision, "session": closes.day(-1), "tree": lines, "mermaid": drawn, "notes": closes.notes}
        )
    elif drawn:  # nothing but what Mermaid reads: the notes are its comments
        print("\n".join([f"%% {bot} on {closes.day(-1)}", *(f"%% {note}" for note in closes.notes), drawn]))
    else:
        show_explanation(decision, closes.day(-1), closes.notes, lines)


def _drawn(bot: "Bot", closes: "Closes") -> str:
    """Raises BadInputError for a bot that Mermaid can't draw."""
    from rebalancer.errors import BadInputError, Problem

    try:
        return bot.mermaid(closes)
    except ValueError as error:
        raise BadInputError([Problem("--mermaid", "", f"{error}: use --tree")]) from error
