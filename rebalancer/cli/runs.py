"""`rebalance run`, `recover`, `schedule` and `status`: one run now, the runs that are due, and how they went."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import (
    AccountOption,
    ConfigOption,
    DebugOption,
    JsonOption,
    ask,
    person,
    show_json,
    shutdown_signal,
)
from rebalancer.errors import BadInputError, Problem

if TYPE_CHECKING:
    from rebalancer.app.schedule_loop import ScheduleLoop
    from rebalancer.app.views import RunResult
    from rebalancer.config import Config


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
    from rebalancer.app.account import chosen_accounts
    from rebalancer.app.runs import run_by_hand, run_due
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
    from rebalancer.report.console import show
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


# ------------------------------------------------------------------------------------------------------------- recover


def recover(
    config: ConfigOption = None,
    account: AccountOption = None,
    account_for: Annotated[
        list[str] | None, typer.Option("--account-for", help="An order's id you vouch for: it is yours to know of.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why you vouch for it; kept in the journal.")] = "",
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Ask the broker for the outcome of every unsettled order, cancel what is open, and end an interrupted run.

    Nothing is bought or sold. A run does the same before anything else.
    """
    from rebalancer.app.account import chosen_accounts, one_account
    from rebalancer.app.recover import recovered, vouch
    from rebalancer.report.run import show_recovered

    settings = load_config(config, quietly=True)
    if account_for:
        vouch(settings, one_account(settings, account), account_for, reason, person())
    records = {each.name: recovered(settings, each) for each in chosen_accounts(settings, account)}
    show_json(records) if json else show_recovered(records)


# ------------------------------------------------------------------------------------------------- schedule and status


NEEDS_A_LOOK = 6


def schedule(
    coming: Annotated[int | None, typer.Option("--next", min=1, help="List so many coming runs, and end.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Keep running, and run each enabled account shortly before the close of every session."""
    from rebalancer.app.schedule_loop import ScheduleLoop, run_until_stopped
    from rebalancer.market.clock import SystemClock

    settings = load_config(config)
    if not any(account.enabled for account in settings.accounts):
        text = "no account is enabled, so there is nothing to schedule: set enabled = true in [accounts.NAME]"
        raise BadInputError([Problem(str(settings.path), "accounts", text)])
    if coming is not None:
        show_next(settings, coming, json=json)
        return
    with shutdown_signal() as shutdown:
        loop = ScheduleLoop(partial(load_config, config, quietly=True), SystemClock(), shutdown.is_set)
        run_until_stopped(partial(print_look, loop, json=json), lambda: loop.next_start, shutdown)
    if not json:
        typer.echo("The schedule has ended.")


def show_next(settings: "Config", count: int, *, json: bool) -> None:
    """List the next `count` runs of the enabled accounts."""
    from rebalancer.app.status import coming_runs
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.run import show_coming

    runs = coming_runs(settings, SystemClock(), count)
    show_json(runs) if json else show_coming(runs)


def print_look(loop: "ScheduleLoop", *, json: bool = False) -> None:
    """One look at what is due, printed as it happens; a coming run is for people only."""
    from rebalancer.app.views import ComingRun, LookFailed
    from rebalancer.journal.codec import to_json
    from rebalancer.report.run import news

    for found in loop.look():
        if isinstance(found, LookFailed):
            typer.echo(f"rebalance: {found.error}", err=True)
        elif not json:
            typer.echo(news(found, loop.clock.now()))
        elif not isinstance(found, ComingRun):
            typer.echo(to_json(found))


def status(
    account: AccountOption = None,
    max_age: Annotated[
        float | None, typer.Option("--max-age", metavar="HOURS", min=0, help="How old the last done run may be.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show each account's last and next run; exit code 6 where an account needs a look."""
    from rebalancer.app.account import chosen_accounts
    from rebalancer.app.status import account_statuses
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.run import show_status

    settings = load_config(config)
    allowed = None if max_age is None else timedelta(hours=max_age)
    accounts = account_statuses(settings, chosen_accounts(settings, account), SystemClock(), allowed)
    exit_code = NEEDS_A_LOOK if any(each.troubles for each in accounts) else 0
    show_json({"exit_code": exit_code, "accounts": accounts}) if json else show_status(accounts)
    raise typer.Exit(exit_code)
