"""`rebalance run`: the evening, by hand or when it is due."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, chosen_accounts, load_config
from rebalancer.cli.person import ask
from rebalancer.cli.shutdown import shutdown_signal
from rebalancer.cli.trigger import Result, announced, look, run_account
from rebalancer.errors import BadInputError, Problem

if TYPE_CHECKING:
    from datetime import date
    from threading import Event

    from rebalancer.config import AccountConfig, Config
    from rebalancer.ports import Clock


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
    if when_due and (account or dry_run or as_of or force):
        text = "goes without --account, --dry-run, --as-of and --force: it runs what is due, as the config has it"
        raise BadInputError([Problem("--when-due", "", text)])
    settings = load_config(config, quietly=True)
    day = as_of.date() if as_of else None
    with shutdown_signal() as told:
        if when_due:
            turns = _due(settings, told)
        else:
            turns = (
                _by_hand(settings, chosen, told, dry_run=dry_run, as_of=day, force=force, yes=yes, debug=debug)
                for chosen in chosen_accounts(settings, account)
            )
        results = [_shown(result, json=json) for result in turns]
    exit_code = max((result.exit_code for result in results), default=0)
    if json and results:
        from rebalancer.report.console import show_json

        show_json({"exit_code": exit_code, "accounts": results})
    raise typer.Exit(exit_code)


def _due(config: "Config", told: "Event") -> Iterator[Result]:
    from rebalancer.market.clock import SystemClock

    return look(config, SystemClock(), told.is_set)


def _by_hand(
    config: "Config",
    account: "AccountConfig",
    told: "Event",
    *,
    dry_run: bool,
    as_of: "date | None",
    force: bool,
    yes: bool,
    debug: bool,
) -> Result:
    from rebalancer.app.evening import present_of
    from rebalancer.market.clock import SystemClock

    now = present_of(config, account, dry_run=dry_run, as_of=as_of)
    if now and not dry_run:
        ask_outside_window(config, account, now, yes=yes)
    result = run_account(
        config,
        account,
        dry_run=dry_run,
        as_of=as_of,
        force=force,
        clock=now,
        shutdown_requested=told.is_set,
        debug=debug,
    )
    return result if dry_run else announced(config, account, result, now or SystemClock())


def ask_outside_window(config: "Config", account: "AccountConfig", clock: "Clock", *, yes: bool) -> None:
    """Return if the run may go on.

    Raises RunFailedError while the session is not open, and BadInputError where the answer is no or nobody can answer.
    """
    from rebalancer.app.calendar_cache import open_almanac
    from rebalancer.app.schedule import question, window_today
    from rebalancer.errors import RunFailedError

    enabled = [known.name for known in config.accounts if known.enabled]
    today = window_today(account, open_almanac(config.state_dir, clock, enabled), clock.now())
    if today is None:
        raise RunFailedError("the exchange is closed today. Nothing was sent.")
    asked = question(today, clock.now())
    if asked is not None:
        ask(asked, "run", "nothing was done", yes=yes)


def _shown(result: Result, *, json: bool) -> Result:
    from rebalancer.report.console import show
    from rebalancer.report.run import screen

    if result.run and not json:
        show(*screen(result.run))
    elif not json:
        typer.echo(result.message, err=result.exit_code != 0)
    return result
