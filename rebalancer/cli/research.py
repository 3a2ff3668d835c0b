"""`rebalance explain`, `backtest` and `data`."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli import completion
from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import (
    Answer,
    BotArgument,
    Commands,
    ConfigOption,
    IgnoreRebalanceOption,
    JsonOption,
    WorkersOption,
    day_option,
    show,
    show_json,
    showing_progress,
)
from rebalancer.cli.screen import say
from rebalancer.cli.signals import shutdown_signal
from rebalancer.errors import BadInputError, visible

if TYPE_CHECKING:
    from rebalancer.app.outputs import Output
    from rebalancer.backtest.compare import Comparison
    from rebalancer.config import Config


def explain(
    bot: BotArgument,
    on: Annotated[datetime | None, day_option("--on", "A session of the price history; default: the last.")] = None,
    tree: Annotated[bool, Option("--tree", help="Show all rules, including branches not taken.")] = False,
    mermaid: Annotated[
        bool, Option("--mermaid", help="Print the rules as a Mermaid diagram (up to 500 arrows).")
    ] = False,
    svg: Annotated[
        Path | None, Option("--svg", help="Draw the whole chart into a file, the path taken highlighted.")
    ] = None,
    ignore_rebalance: IgnoreRebalanceOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer | None:
    """Show how a bot reached its decision on a day."""
    from rebalancer.app import research
    from rebalancer.report.bots import explanation_screen, mermaid_text

    settings, day = load_config(config), on.date() if on else None
    if svg:
        _draw(settings, bot, day, svg, ignore_rebalance=ignore_rebalance, json=json)
    with showing_progress(json=json) as progress:
        found = research.explain(
            settings, bot, day, tree=tree, mermaid=mermaid, ignore_rebalance=ignore_rebalance, progress=progress
        )
    if found.mermaid is None or json:
        return Answer(found, explanation_screen(found))
    say(mermaid_text(bot, found))
    return None


def _draw(settings: "Config", bot: str, day: date | None, svg: Path, *, ignore_rebalance: bool, json: bool) -> None:
    from rebalancer.app import research
    from rebalancer.app.outputs import Output, check_outputs
    from rebalancer.report.chart_svg import SVG_BEGINS, to_svg

    output = Output("--svg", svg, SVG_BEGINS)
    check_outputs(settings, output)
    with showing_progress(json=json) as progress:
        drawn = research.chart(settings, bot, day, ignore_rebalance=ignore_rebalance, progress=progress)
        title = f"{bot} on {drawn.session}{f': {drawn.marked}' if drawn.marked else ''}"
        output.write(to_svg(title, drawn.parts))
    if not json:
        say(f"--svg: written to {visible(svg)}")


def backtest(
    bots: Annotated[
        list[str],
        Argument(
            help="Names of bots, as `rebalance bots list` shows them, or bot files.", autocompletion=completion.bots
        ),
    ],
    first: Annotated[
        datetime | None,
        day_option("--from", "First day; default: when everything exists that the bots may need."),
    ] = None,
    allow_undecided: Annotated[
        bool,
        Option("--allow-undecided", help="Start as soon as every bot decides, and say what does not exist yet."),
    ] = False,
    last: Annotated[datetime | None, day_option("--to", "Last day; default: the last price.")] = None,
    cost_bps: Annotated[float, Option("--cost-bps", help="Trading costs in basis points of the traded value.")] = 0.0,
    benchmark: Annotated[
        str | None,
        Option("--benchmark", help="A ticker to buy and hold; default: SPY if it has prices."),
    ] = None,
    csv: Annotated[Path | None, Option("--csv", help="Write daily values and weights to this file.")] = None,
    html: Annotated[Path | None, Option("--html", help="Write a tearsheet, an HTML page, to this file.")] = None,
    interactive: Annotated[
        bool, Option("--interactive", help="With --html: a page of 5 MB with charts that zoom, instead.")
    ] = False,
    workers: WorkersOption = None,
    ignore_rebalance: IgnoreRebalanceOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Back-test bots: each alone, combined as in an account, and against a benchmark."""
    from rebalancer.app import research
    from rebalancer.app.outputs import check_outputs
    from rebalancer.report.backtest import screen
    from rebalancer.report.curves import facts

    settings, outputs = load_config(config, quietly=True), _outputs(csv, html, interactive=interactive)
    check_outputs(settings, *outputs)
    with showing_progress(json=json) as progress, shutdown_signal(at_once=True):
        found = research.backtest(
            settings,
            list(dict.fromkeys(bots)),
            first.date() if first else None,
            last.date() if last else None,
            cost_bps=cost_bps,
            benchmark=benchmark,
            ignore_rebalance=ignore_rebalance,
            allow_undecided=allow_undecided,
            workers=workers,
            progress=progress,
        )
        for output, text in outputs.items():
            progress(f"Writing {output.path.name}")
            output.write(text(found))
    if json:
        show_json(facts(found))
    else:
        show(screen(found))
        for output in outputs:
            say(f"{output.option}: written to {visible(output.path)}")


def _outputs(csv: Path | None, html: Path | None, *, interactive: bool) -> "dict[Output, Callable[[Comparison], str]]":
    """The files to write, each with what makes its text."""
    from rebalancer.app.outputs import Output
    from rebalancer.report.curves import CSV_BEGINS, to_csv

    found: dict[Output, Callable[[Comparison], str]] = {}
    if interactive and html is None:
        raise BadInputError.of("--interactive", "goes with --html FILE")
    if csv:
        found[Output("--csv", csv, CSV_BEGINS)] = to_csv
    if html and interactive:
        from rebalancer.report import page  # loads plotly

        found[Output("--html", html, page.HTML_BEGINS)] = page.to_html
    elif html:
        from rebalancer.market.clock import SystemClock
        from rebalancer.report import backtest_sheet

        made = partial(backtest_sheet.to_html, made=SystemClock().now().date())
        found[Output("--html", html, backtest_sheet.HTML_BEGINS)] = made
    return found


app = Commands(help="Check and update the prices.", no_args_is_help=True)


@app.with_json()
def status(config: ConfigOption = None, json: JsonOption = False) -> Answer:
    """Show each ticker's date range, gaps and age. Exit code 2 if the prices are unusable."""
    from rebalancer.app.source import price_status
    from rebalancer.report.prices import prices_screen

    settings = load_config(config)
    with showing_progress(json=json) as progress:
        found = price_status(settings, progress)
    return Answer(found, prices_screen(found))


@app.with_json()
def compact(config: ConfigOption = None, json: JsonOption = False) -> Answer:
    """Remove kept prices and inputs of plans that no bot and no run refers to. The journal stays as it is."""
    from rebalancer.app.compaction import compact_data
    from rebalancer.report.prices import compacted_screen

    settings = load_config(config)
    with showing_progress(json=json) as progress:
        found = compact_data(settings, progress)
    return Answer(found, compacted_screen(found.plan_inputs, found.kept_closes))


@app.with_json()
def sync(config: ConfigOption = None, json: JsonOption = False) -> Answer:
    """Fetch the missing closes of all bots' tickers. Exit code 4 if the source can't be read."""
    from rebalancer.app.source import synced
    from rebalancer.report.prices import synced_screen

    settings = load_config(config)
    with showing_progress(json=json) as progress:
        found = synced(settings, progress)
    return Answer({"synced": found}, synced_screen(found))
