"""`rebalance backtest`: what bots would have done."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, bot_file, load_config
from rebalancer.errors import BadInputError, Problem

if TYPE_CHECKING:
    from rebalancer.backtest.compare import Comparison
    from rebalancer.backtest.merged import Merging
    from rebalancer.bots.base import Bot
    from rebalancer.config import AccountConfig, Config
    from rebalancer.model import Closes, Floats, Investment, Symbol

BENCHMARK = "SPY"
MOST_BPS = 1000
DAY = ["%Y-%m-%d"]


def backtest(
    bots: Annotated[list[str], typer.Argument(help="Names of invested bots, or bot files.", show_default=False)],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="Begin here; else as soon as every bot can decide.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="End here; else with the prices.")] = None,
    cost_bps: Annotated[
        float, typer.Option("--cost-bps", help="What each traded dollar costs, bought or sold, in 1/100 of a percent.")
    ] = 0.0,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", help=f"A ticker, bought and held; else {BENCHMARK} where there are prices."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write every day's values and weights here.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report for the browser here.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what bots would have earned: alone, together as the evening would, and beside a benchmark."""
    from rebalancer.report import curves
    from rebalancer.report.backtest import screen
    from rebalancer.report.console import show, show_json

    settings = load_config(config, quietly=True)
    found = _compared(settings, list(dict.fromkeys(bots)), first, last, _sane(cost_bps), benchmark)
    if csv:
        curves.write_whole(csv, curves.to_csv(found), "--csv")
    if html:
        from rebalancer.report.page import to_html

        curves.write_whole(html, to_html(found), "--html")
    show_json(curves.facts(found)) if json else show(*screen(found))
    if not json:
        for option, path in (("--csv", csv), ("--html", html)):
            if path:
                typer.echo(f"{option}: written to {path}")


def _compared(
    config: "Config",
    bots: Sequence[str],
    first: datetime | None,
    last: datetime | None,
    cost_bps: float,
    benchmark: str | None,
) -> "Comparison":
    from rebalancer import demo
    from rebalancer.app.bots import load_bots, read_bots
    from rebalancer.backtest.compare import Terms, compare

    paths = _paths(config, bots)
    loaded = load_bots(paths, read_bots(paths))
    account, merging, notes = _together(config, paths)
    notes = (demo.NOTE, *notes) if config.path == demo.config_path() else notes
    fallback = (account.trading.fallback_ticker,) if merging and account.trading.fallback_ticker else ()
    symbols = {symbol for bot in loaded.values() for symbol in bot.symbols}
    closes, ticker = _closes(config, symbols.union(fallback), benchmark, notes)
    closes = closes.until(last.date()) if last else closes
    terms = Terms(float(account.sim.starting_cash), cost_bps, first.date() if first else None, ticker, merging)
    return compare(_weights(loaded, closes), closes, terms)


def _paths(config: "Config", bots: Sequence[str]) -> "dict[str, Path]":
    """Each bot's file by what the screens call it: an invested bot by its name, a file without its ending."""
    paths: dict[str, Path] = {}
    for bot in bots:
        path = bot_file(config, bot)
        name = path.stem if path == Path(bot) else bot
        paths[bot if name in paths else name] = path
    return paths


def _together(config: "Config", paths: "Mapping[str, Path]") -> "tuple[AccountConfig, Merging | None, tuple[str, ...]]":
    """The account whose rules hold, how its evening would merge the bots where there are several, and a note on it."""
    from rebalancer.backtest.merged import Merging, equal_shares

    account = next((one for one in config.accounts if paths.items() <= one.bots.items()), None)
    if len(paths) == 1:
        return account or config.accounts[0], None, ()
    if account:
        investments = tuple(one for one in account.investments if one.bot in paths)
        note = f"Together: as the evening of account {account.name} would, with " + ", ".join(map(_amount, investments))
    else:
        account, investments = config.accounts[0], equal_shares(tuple(paths))
        note = f"Together: in equal shares, since no account invests in all of them; by the rules of {account.name}"
    return account, Merging(investments, account.trading, account.reserve), (f"{note}.",)


def _amount(investment: "Investment") -> str:
    unit = "%" if investment.weight_mode == "percent" else "USD"
    return f"{investment.bot} {investment.amount:,.2f} {unit}"


def _closes(
    config: "Config", symbols: "set[Symbol]", benchmark: str | None, notes: Sequence[str]
) -> "tuple[Closes, Symbol | None]":
    """The closes of everything, with `notes` in front of their own; and the benchmark, None where it has no price."""
    import numpy as np

    from rebalancer.app.source import closes_up_to

    ticker = _ticker(benchmark or BENCHMARK)
    closes = closes_up_to(config, sorted({*symbols, ticker}), None)
    if not np.isnan(closes.values[:, closes.symbols.index(ticker)]).all():
        return replace(closes, notes=(*notes, *closes.notes)), ticker
    if benchmark:
        raise BadInputError([Problem("--benchmark", "", f"there are no prices of {ticker}: name one that has some")])
    note = f"No benchmark: there are no prices of {ticker}. Name another by --benchmark."
    return replace(closes, notes=(note, *notes, *closes.notes)), None


def _ticker(text: str) -> "Symbol":
    from rebalancer.model import symbol

    try:
        return symbol(text)
    except ValueError as error:
        raise BadInputError([Problem("--benchmark", "", str(error))]) from error


def _sane(cost_bps: float) -> float:
    if 0 <= cost_bps <= MOST_BPS:
        return cost_bps
    raise BadInputError([Problem("--cost-bps", "", f"{cost_bps:g} is out of range: use 0 to {MOST_BPS}, such as 5")])


def _weights(bots: "Mapping[str, Bot]", closes: "Closes") -> "Mapping[str, Floats]":
    """Each bot's weights; with a progress bar, on a terminal only and beside what is printed."""
    from rich.console import Console
    from rich.progress import track

    progress = track(
        bots.items(),
        description="Back-testing",
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    return {name: bot.weights(closes) for name, bot in progress}
