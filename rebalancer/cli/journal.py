"""`rebalance history`, `orders`, `positions`, `backup` and `audit`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, YesOption, ask, show_json
from rebalancer.errors import StoppedError

if TYPE_CHECKING:
    from rebalancer.app.views import Restored
    from rebalancer.config import Config


DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Read the journal of the dry runs.")]


def history(
    run: Annotated[int | None, typer.Argument(help="The number of a run to show in full.")] = None,
    account: AccountOption = None,
    dry_run: DryRunOption = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many runs to list.")] = 20,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the runs, or show one in full."""
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
    """List the orders with their reasons."""
    from rebalancer.journal import read
    from rebalancer.model import RunId
    from rebalancer.report.journal import show_orders

    settings, wanted = load_config(config), None if run is None else RunId(run)
    lines = read.orders(settings.journal(dry_run=dry_run), account, wanted, limit)
    show_json(lines) if json else show_orders(lines, _currencies(settings))


def positions(
    account: AccountOption = None, config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Show the bots' positions according to the journal."""
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


app = typer.Typer(help="Verify the journal; accept a restored one.", no_args_is_help=True, rich_markup_mode=None)


@app.command("verify")
def verify(
    file: Annotated[Path | None, typer.Argument(help="A copy to verify instead of the journal.")] = None,
    anchor: Annotated[
        str | None, typer.Option("--anchor", metavar="HASH", help="A hash noted earlier that must be in the journal.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Verify the hash chain: find changed, deleted, inserted or reordered lines; with --anchor also a truncated end.

    Exit code 5 if the journal was altered.
    """
    from rebalancer.journal import audit
    from rebalancer.report.journal import show_verdict

    verdict = audit.verify(file or load_config(config).journal(), anchor)
    exit_code = StoppedError.exit_code if verdict.faults else 0
    show_json({"exit_code": exit_code, "verdict": verdict}) if json else show_verdict(verdict)
    raise typer.Exit(exit_code)


@app.command("accept-restore")
def accept_restore(
    file: Annotated[Path | None, typer.Argument(help="The restored journal; default: that of the config.")] = None,
    yes: YesOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Accept a journal restored from a backup, or a new one after a deletion. Asks first.

    Orders at the broker that it lacks still stop the next run, until `rebalance recover --account-for` confirms them.
    """
    from rebalancer.app.recover import accept_restored
    from rebalancer.report.journal import show_accepted, show_restored

    def confirm(found: "Restored") -> None:
        if not json:
            show_restored(found)
        ask("Continue with this journal?", "audit", "nothing was accepted", yes=yes)

    found = accept_restored(file or load_config(config).journal(), confirm)
    show_json(found) if json else show_accepted(found)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to create.", show_default=False)],
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Copy the journal to a new file; safe during a run."""
    from rebalancer.journal.connection import back_up
    from rebalancer.report.journal import show_backup

    made = back_up(load_config(config).journal(), file)
    show_json(made) if json else show_backup(made)
