"""`rebalance history`, `orders`, `positions`: from the journal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption

if TYPE_CHECKING:
    from rebalancer.config import Config

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Look into the dry runs' own journal.")]


def history(
    run: Annotated[int | None, typer.Argument(help="A run's number in the list: shows all of it.")] = None,
    account: AccountOption = None,
    dry_run: DryRunOption = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many runs to list.")] = 20,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the runs, or show one of them again."""
    from rebalancer.journal import read
    from rebalancer.journal.connection import head
    from rebalancer.model import RunId
    from rebalancer.report.console import show, show_json
    from rebalancer.report.history import show_runs
    from rebalancer.report.run import screen

    path = _journal(config, dry_run=dry_run)
    if run is not None:
        record = read.run(path, RunId(run))
        show_json(record) if json else show(*screen(record))
        return
    lines = read.runs(path, account, limit)
    show_json(lines) if json else show_runs(lines, head(path))


def orders(
    run: Annotated[int | None, typer.Option("--run", help="Only this run's orders.")] = None,
    account: AccountOption = None,
    dry_run: DryRunOption = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many orders to list.")] = 50,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the orders, and why they were sent."""
    from rebalancer.journal import read
    from rebalancer.model import RunId
    from rebalancer.report.console import show_json
    from rebalancer.report.history import show_orders

    settings, wanted = load_config(config), None if run is None else RunId(run)
    lines = read.orders(settings.journal(dry_run=dry_run), account, wanted, limit)
    show_json(lines) if json else show_orders(lines, _currencies(settings))


def positions(
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what the bots hold, by the journal."""
    from rebalancer.app.selection import chosen_accounts
    from rebalancer.journal import read
    from rebalancer.report.console import show_json
    from rebalancer.report.history import show_positions

    settings = load_config(config)
    held = {
        chosen.name: read.positions(settings.journal(), chosen.name) for chosen in chosen_accounts(settings, account)
    }
    show_json(held) if json else show_positions(held, _currencies(settings))


def _currencies(settings: "Config") -> dict[str, str]:
    return {account.name: account.venue.currency for account in settings.accounts}


def _journal(config: Path | None, *, dry_run: bool) -> Path:
    return load_config(config).journal(dry_run=dry_run)
