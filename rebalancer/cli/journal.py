"""`rebalance history`, `orders`, `positions`, `backup` and `rebalance audit`: from the journal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, YesOption, ask, show_json
from rebalancer.errors import StoppedError

if TYPE_CHECKING:
    from rebalancer.app.views import Restored
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
    from rebalancer.report.console import show
    from rebalancer.report.journal import show_runs
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
    from rebalancer.report.journal import show_orders

    settings, wanted = load_config(config), None if run is None else RunId(run)
    lines = read.orders(settings.journal(dry_run=dry_run), account, wanted, limit)
    show_json(lines) if json else show_orders(lines, _currencies(settings))


def positions(
    account: AccountOption = None, config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Show what the bots hold, by the journal."""
    from rebalancer.app.account import chosen_accounts
    from rebalancer.journal import read
    from rebalancer.report.journal import show_positions

    settings = load_config(config)
    held = {
        chosen.name: read.positions(settings.journal(), chosen.name) for chosen in chosen_accounts(settings, account)
    }
    show_json(held) if json else show_positions(held, _currencies(settings))


def _currencies(settings: "Config") -> dict[str, str]:
    return {account.name: account.venue.currency for account in settings.accounts}


def _journal(config: Path | None, *, dry_run: bool) -> Path:
    return load_config(config).journal(dry_run=dry_run)


# ---------------------------------------------------------------------------------------------------- audit and backup


app = typer.Typer(help="Whether the journal is what was written.", no_args_is_help=True, rich_markup_mode=None)


@app.command("verify")
def verify(
    file: Annotated[Path | None, typer.Argument(help="A copy to look at, instead of the journal.")] = None,
    anchor: Annotated[
        str | None, typer.Option("--anchor", metavar="HASH", help="A hash that was noted elsewhere: it must be there.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Find changed, deleted, inserted or swapped lines; with --anchor also lines cut off at the end.

    Exit code 5 where there are any.
    """
    from rebalancer.journal.audit import verify as look
    from rebalancer.report.journal import show_verdict

    verdict = look(file or load_config(config).journal(), anchor)
    exit_code = StoppedError.exit_code if verdict.faults else 0
    show_json({"exit_code": exit_code, "verdict": verdict}) if json else show_verdict(verdict)
    raise typer.Exit(exit_code)


@app.command("accept-restore")
def accept_restore(
    file: Annotated[Path | None, typer.Argument(help="The restored journal, if it is not that of the config.")] = None,
    yes: YesOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Go on with a journal that was restored from a backup, or with a new one after it was deleted. Asks first.

    Orders that are missing in it still stop the next run, until `rebalance recover` accounts for them.
    """
    from rebalancer.app.recover import accept_restored
    from rebalancer.report.journal import show_accepted, show_restored

    def confirm(found: "Restored") -> None:
        if not json:
            show_restored(found)
        ask("Go on from there?", "audit", "nothing was accepted", yes=yes)

    found = accept_restored(file or load_config(config).journal(), confirm)
    show_json(found) if json else show_accepted(found)


def backup(
    file: Annotated[Path, typer.Argument(help="The new file.", show_default=False)],
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Copy the journal to a new file, consistently, even during a run."""
    from rebalancer.journal.connection import back_up
    from rebalancer.report.journal import show_backup

    made = back_up(load_config(config).journal(), file)
    show_json(made) if json else show_backup(made)
