"""`rebalance status`: the one screen."""

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, Answer, ConfigOption, JsonOption
from rebalancer.cli.signals import shutdown_signal
from rebalancer.errors import BadInputError, Problem, RebalancerError

if TYPE_CHECKING:
    from rebalancer.app.status_views import StatusReport
    from rebalancer.report.console import Screen

NEEDS_ATTENTION = 6
EVERY_SECONDS = 10


def status(
    account: AccountOption = None,
    max_age: Annotated[
        float | None,
        Option("--max-age", metavar="HOURS", min=0, max=1_000_000, help="Maximum age of the last completed run."),
    ] = None,
    watch: Annotated[bool, Option("--watch", help="Show it anew every ten seconds, until Ctrl-C.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer | None:
    """Show each account: equity, gain, last and next run, halts, what needs you. Exit code 6 if an account does."""
    from rebalancer.report.status import status_screen

    allowed = None if max_age is None else timedelta(hours=max_age)
    if watch:
        _watch(partial(_status_report, config, account, allowed, quietly=True), json=json)
        return None
    found = _status_report(config, account, allowed)
    exit_code = NEEDS_ATTENTION if any(each.troubles for each in found.accounts) else 0
    return Answer(found, status_screen(found), exit_code)


def _status_report(
    path: Path | None, account: str | None, max_age: timedelta | None, *, quietly: bool = False
) -> "StatusReport":
    from rebalancer.app.chosen import chosen_accounts
    from rebalancer.app.status import status_report
    from rebalancer.market.clock import SystemClock

    settings = load_config(path, quietly=quietly)
    return status_report(settings, chosen_accounts(settings, account), SystemClock(), max_age)


def _watch(look: "partial[StatusReport]", *, json: bool) -> None:
    from rebalancer.report.status import watch

    if json or not sys.stdout.isatty():
        where = "goes without --json" if json else "needs a terminal"
        raise BadInputError(
            [Problem("--watch", "", f"{where}: a program asks `rebalance status --json` when it likes")]
        )
    from rich.console import Console

    look()  # what is wrong from the start ends it, as without --watch
    with shutdown_signal() as shutdown:
        watch(partial(_screen, look), Console(highlight=False), shutdown.wait, EVERY_SECONDS)


def _screen(look: "partial[StatusReport]") -> "Screen":
    """What can't be read now, such as a config that is being edited, may be read in ten seconds."""
    from rebalancer.report.console import line
    from rebalancer.report.status import status_screen

    try:
        yield from status_screen(look())
    except RebalancerError as error:
        yield line(error, "bold red")
