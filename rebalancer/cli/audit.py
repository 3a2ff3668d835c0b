"""`rebalance audit` and `rebalance backup`: the journal verified, restored and copied."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, YesOption
from rebalancer.cli.person import ask
from rebalancer.errors import StoppedError

if TYPE_CHECKING:
    from rebalancer.app.views import Restored

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
    from rebalancer.report.audit import show_verdict
    from rebalancer.report.console import show_json

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
    from rebalancer.report.audit import show_accepted, show_restored
    from rebalancer.report.console import show_json

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
    from rebalancer.report.audit import show_backup
    from rebalancer.report.console import show_json

    made = back_up(load_config(config).journal(), file)
    show_json(made) if json else show_backup(made)
