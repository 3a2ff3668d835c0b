"""`rebalance schedule`, which keeps running and runs what is due, and `rebalance status`."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption
from rebalancer.cli.shutdown import shutdown_signal
from rebalancer.errors import BadInputError, Problem

if TYPE_CHECKING:
    from rebalancer.app.schedule_loop import ScheduleLoop
    from rebalancer.config import Config

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
    from rebalancer.report.console import show_json
    from rebalancer.report.schedule import show_coming

    runs = coming_runs(settings, SystemClock(), count)
    show_json(runs) if json else show_coming(runs)


def print_look(loop: "ScheduleLoop", *, json: bool = False) -> None:
    """One look at what is due, printed as it happens; a coming run is for people only."""
    from rebalancer.app.views import ComingRun, LookFailed
    from rebalancer.journal.codec import to_json
    from rebalancer.report.schedule import news

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
    from rebalancer.app.selection import chosen_accounts
    from rebalancer.app.status import account_statuses
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.console import show_json
    from rebalancer.report.schedule import show_status

    settings = load_config(config)
    allowed = None if max_age is None else timedelta(hours=max_age)
    accounts = account_statuses(settings, chosen_accounts(settings, account), SystemClock(), allowed)
    exit_code = NEEDS_A_LOOK if any(each.troubles for each in accounts) else 0
    show_json({"exit_code": exit_code, "accounts": accounts}) if json else show_status(accounts)
    raise typer.Exit(exit_code)
