"""`rebalance run`: one run now, or the runs that are due."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption
from rebalancer.cli.person import ask
from rebalancer.cli.shutdown import shutdown_signal
from rebalancer.errors import BadInputError, Problem

if TYPE_CHECKING:
    from rebalancer.app.views import RunResult


def run(
    config: ConfigOption = None,
    account: AccountOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; send nothing.")] = False,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Another day of the sample (sim only).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run again although this session's run is done.")] = False,
    when_due: Annotated[
        bool, typer.Option("--when-due", help="For cron: do nothing unless the run of an enabled account is due.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before a run outside its window.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Back-test the bots up to now, sell, then buy."""
    from rebalancer.app.runs import run_by_hand, run_due
    from rebalancer.app.selection import chosen_accounts
    from rebalancer.market.clock import SystemClock

    if when_due and (account or dry_run or as_of or force):
        text = "goes without --account, --dry-run, --as-of and --force: it runs what is due, as the config has it"
        raise BadInputError([Problem("--when-due", "", text)])
    settings = load_config(config, quietly=True)
    with shutdown_signal() as shutdown:
        if when_due:
            results = run_due(settings, SystemClock(), shutdown.is_set)
        else:
            by_hand = partial(
                run_by_hand,
                settings,
                confirm=partial(ask, command="run", otherwise="nothing was done", yes=yes),
                dry_run=dry_run,
                as_of=as_of.date() if as_of else None,
                force=force,
                shutdown_requested=shutdown.is_set,
                debug=debug,
            )
            results = map(by_hand, chosen_accounts(settings, account))
        raise typer.Exit(_shown(results, json=json))


def _shown(results: "Iterator[RunResult]", *, json: bool) -> int:
    """Show each result as it comes, or all as JSON; the exit code."""
    from rebalancer.report.console import show, show_json
    from rebalancer.report.run import screen

    done = []
    for result in results:
        done.append(result)
        if result.run and not json:
            show(*screen(result.run))
        elif not json:
            typer.echo(result.message, err=result.exit_code != 0)
    exit_code = max((result.exit_code for result in done), default=0)
    if json and done:
        show_json({"exit_code": exit_code, "accounts": done})
    return exit_code
