"""`rebalance performance`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli import completion
from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, Answer, ConfigOption, JsonOption, day_option, showing_progress
from rebalancer.cli.screen import say
from rebalancer.errors import visible

if TYPE_CHECKING:
    from rebalancer.app.outputs import Output
    from rebalancer.app.performance_views import AccountPerformance


def performance(
    bot: Annotated[
        str | None, Argument(help="Only this bot. Default: the account and its bots.", autocompletion=completion.bots)
    ] = None,
    account: AccountOption = None,
    first: Annotated[datetime | None, day_option("--from", "First day; default: the first run.")] = None,
    last: Annotated[datetime | None, day_option("--to", "Last day; default: the last run.")] = None,
    benchmark: Annotated[
        str | None, Option("--benchmark", help="A ticker to compare with; default: SPY if it has prices.")
    ] = None,
    csv: Annotated[Path | None, Option("--csv", help="Write the value of each session to this file.")] = None,
    html: Annotated[
        Path | None, Option("--html", help="Write a tearsheet of one account or bot, an HTML page, to this file.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Show what the account and its bots earned: gains, returns, deepest fall, beside a benchmark.

    Of one bot also why it earned less or more than its back-test; with --account beside that of all its bots together.
    """
    from rebalancer.app.outputs import check_outputs
    from rebalancer.app.performance import performance as earned
    from rebalancer.report.performance import performance_screen

    settings, outputs = load_config(config), _outputs(csv, html)
    check_outputs(settings, *outputs)
    span = (each.date() if each else None for each in (first, last))
    with showing_progress(json=json) as progress:
        found = earned(
            settings, bot, account, *span, benchmark=benchmark, back_tested=account is not None, progress=progress
        )
        for output, text in outputs.items():
            output.write(text(found))
    for output in () if json else outputs:
        say(f"{output.option}: written to {visible(output.path)}", err=True)
    return Answer({"accounts": found}, performance_screen(found))


def _outputs(csv: Path | None, html: Path | None) -> "dict[Output, Callable[[Sequence[AccountPerformance]], str]]":
    """The files to write, each with what makes its text."""
    from rebalancer.app.outputs import Output
    from rebalancer.report import performance

    found: dict[Output, Callable[[Sequence[AccountPerformance]], str]] = {}
    if csv:
        found[Output("--csv", csv, performance.CSV_BEGINS)] = performance.to_csv
    if html:
        from rebalancer.market.clock import SystemClock
        from rebalancer.report import performance_sheet

        made = partial(performance_sheet.to_html, made=SystemClock().now().date())
        found[Output("--html", html, performance_sheet.HTML_BEGINS)] = made
    return found
