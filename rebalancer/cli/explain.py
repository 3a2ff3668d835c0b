"""`rebalance explain`: why a bot wants what it wants."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, bot_file

if TYPE_CHECKING:
    from rebalancer.bots.flowchart.compile import Program
    from rebalancer.bots.flowchart.evaluate import Values


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
    from rebalancer.app.bots import compile_bots, read_bots
    from rebalancer.app.source import closes_up_to
    from rebalancer.bots.flowchart.decide import last_allocation
    from rebalancer.bots.flowchart.evaluate import evaluate
    from rebalancer.bots.flowchart.outline import outline
    from rebalancer.report.bots import show_explanation
    from rebalancer.report.console import show_json

    settings = load_config(config)
    paths = {bot: bot_file(settings, bot)}
    program = compile_bots(paths, read_bots(paths))[bot]
    closes = closes_up_to(settings, program.symbols, on.date() if on else None)
    decision = last_allocation(bot, program, closes)
    values = evaluate(program, closes).values if tree or mermaid else None
    lines = outline(program, values) if tree else None
    drawn = _drawn(program, values) if mermaid and values else None
    if json:
        show_json(
            {"decision": decision, "session": closes.day(-1), "tree": lines, "mermaid": drawn, "notes": closes.notes}
        )
    elif drawn:  # nothing but what Mermaid reads: the notes are its comments
        print("\n".join([f"%% {bot} on {closes.day(-1)}", *(f"%% {note}" for note in closes.notes), drawn]))
    else:
        show_explanation(decision, closes.day(-1), closes.notes, lines)


def _drawn(program: "Program", values: "Values") -> str:
    """Raises BadInputError for a chart that is larger than Mermaid draws."""
    from rebalancer.bots.flowchart.mermaid import mermaid
    from rebalancer.errors import BadInputError, Problem

    try:
        return mermaid(program, values, -1)
    except ValueError as error:
        raise BadInputError([Problem("--mermaid", "", f"{error}: use --tree")]) from error
