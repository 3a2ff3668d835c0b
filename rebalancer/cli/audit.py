"""`rebalance audit` and `rebalance backup`: whether the journal is what was written, and a copy of it."""

from pathlib import Path
from typing import Annotated

import typer

from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, load_config
from rebalancer.cli.person import ask
from rebalancer.errors import StoppedError

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
    """Look for lines that were changed, deleted, inserted or swapped; with --anchor also for lines cut off at the end.

    Exit code 5 where something is wrong.
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
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Go on with a journal that was restored from a backup, or with a new one after it was deleted. Asks first.

    Orders that it does not know stop the next run all the same: `rebalance recover` has to account for them.
    """
    from rebalancer.journal import high_water_mark
    from rebalancer.journal.lease import run_lock
    from rebalancer.report.audit import show_restored
    from rebalancer.report.console import line, show, show_json

    path = file or load_config(config).journal()
    with run_lock(path):
        present, before = high_water_mark.current(path), high_water_mark.load(path)
        if not json:
            show_restored(present, before)
        ask("Go on from there?", "audit", "nothing was accepted", yes=yes)
        high_water_mark.save(path, present)
    if json:
        show_json({"remembered": before, "head": present})
    else:
        show(line(f"Runs go on from line {present.seq:,}.", "bold green"))


def backup(
    file: Annotated[Path, typer.Argument(help="The new file.", show_default=False)],
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Copy the journal to a new file, as it is at one moment; a run may be going on meanwhile."""
    from rebalancer.journal.connection import back_up
    from rebalancer.report.audit import show_backup
    from rebalancer.report.console import show_json

    made = back_up(load_config(config).journal(), file)
    show_json(made) if json else show_backup(made)
