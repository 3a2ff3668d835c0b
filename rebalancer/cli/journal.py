"""`rebalance history`, `orders`, `positions`, `audit-close`, `backup` and `audit`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import (
    MOST,
    AccountOption,
    Answer,
    Commands,
    ConfigOption,
    JsonOption,
    YesOption,
    ask,
    show,
    showing_progress,
)
from rebalancer.cli.screen import say
from rebalancer.errors import StoppedError, visible

if TYPE_CHECKING:
    from rebalancer.app.views import Restored

DryRunOption = Annotated[bool, Option("--dry-run", help="Read the journal of the dry runs.")]


def history(
    run: Annotated[int | None, Argument(min=1, max=MOST, help="The number of a run to show in full.")] = None,
    account: AccountOption = None,
    dry_run: DryRunOption = False,
    limit: Annotated[int, Option("--limit", min=1, max=MOST, help="How many runs to list.")] = 20,
    config: ConfigOption = None,
) -> Answer:
    """List the runs with the account's equity and the day's gain, or show one run in full."""
    from itertools import chain

    from rebalancer.journal import read
    from rebalancer.journal.connection import head
    from rebalancer.journal.crossed import crossed, would_cross
    from rebalancer.journal.kept_books import replayed
    from rebalancer.model import RunId
    from rebalancer.report.crossings import crossings_screen
    from rebalancer.report.journal import runs_screen
    from rebalancer.report.run import screen

    settings = load_config(config, quietly=run is not None)  # a run of the demo says itself that it is one
    path = settings.journal(dry_run=dry_run)
    if run is not None:
        record = read.run(path, RunId(run))
        of = record.run.account
        if dry_run:
            passed = would_cross(replayed(settings.journal(), of).keeper, path, RunId(run))
        else:
            passed = crossed(path, of, RunId(run))
        return Answer({"record": record, "crossed": passed}, chain(screen(record), crossings_screen(record, passed)))
    runs, last_line = read.runs(path, account, limit), head(path)
    currencies = {each.name: each.venue.currency for each in settings.accounts}
    return Answer({"runs": runs, "head": last_line}, runs_screen(runs, last_line, currencies))


def orders(
    run: Annotated[int | None, Option("--run", min=1, max=MOST, help="Only this run's orders.")] = None,
    account: AccountOption = None,
    dry_run: DryRunOption = False,
    limit: Annotated[int, Option("--limit", min=1, max=MOST, help="How many orders to list.")] = 50,
    csv: Annotated[Path | None, Option("--csv", help="Write the orders to this file.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """List the orders: side, limit, time, money, and why."""
    from rebalancer.app.outputs import Output, check_outputs
    from rebalancer.journal import read
    from rebalancer.model import RunId
    from rebalancer.report.order_list import CSV_BEGINS, orders_screen, to_csv

    settings, wanted = load_config(config), None if run is None else RunId(run)
    output = Output("--csv", csv, CSV_BEGINS) if csv else None
    check_outputs(settings, *([output] if output else []))
    found = read.orders(settings.journal(dry_run=dry_run), account, wanted, limit)
    venues = {each.name: each.venue for each in settings.accounts}
    if output:
        output.write(to_csv(found, venues))
        say(f"--csv: written to {visible(output.path)}", err=True)
    return Answer({"orders": found}, orders_screen(found, venues))


def positions(account: AccountOption = None, config: ConfigOption = None) -> Answer:
    """Show what the bots hold: shares, cost, value, gain, weight, and which bots hold them."""
    from rebalancer.app.chosen import chosen_accounts
    from rebalancer.app.positions import positions as held
    from rebalancer.report.journal import positions_screen

    settings = load_config(config)
    found = [held(settings, chosen) for chosen in chosen_accounts(settings, account)]
    return Answer({"accounts": found}, positions_screen(found))


def audit_close(
    run: Annotated[int | None, Argument(min=1, max=MOST, help="The number of a run. Default: the last one.")] = None,
    account: AccountOption = None,
    every: Annotated[bool, Option("--all", help="Audit every run.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Would the official closes have decided otherwise than a run did, and what did it cost?

    Exit code 3 if a decision would have been another.
    """
    from rebalancer.app.close_audit import audit_close as audited
    from rebalancer.report.close_audit import close_audit_screen

    settings = load_config(config)
    with showing_progress(json=json) as progress:
        found = audited(settings, run, account, every=every, progress=progress)
    return Answer(found, close_audit_screen(found), found.exit_code)


def backup(file: Annotated[Path, Argument(help="The file to create.")], config: ConfigOption = None) -> Answer:
    """Copy the journal to a new file, and beside it what `rebalance replay` needs; safe during a run."""
    from rebalancer.app.plan_recording import back_up
    from rebalancer.report.journal import backup_screen

    made = back_up(load_config(config), file)
    return Answer(made, backup_screen(made))


app = Commands(help="Verify the journal; accept a restored one.", no_args_is_help=True, rich_markup_mode=None)


@app.with_json()
def verify(
    file: Annotated[Path | None, Argument(help="A copy to verify instead of the journal.")] = None,
    anchor: Annotated[
        str | None, Option("--anchor", metavar="HASH", help="A hash noted earlier that must be in the journal.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Verify the hash chain: find changed, deleted, inserted or reordered lines; with --anchor also a truncated end.

    Exit code 5 if the journal was altered.
    """
    from rebalancer.journal import audit
    from rebalancer.report.journal import verdict_screen

    path = file or load_config(config).journal()
    with showing_progress(json=json) as progress:
        verdict = audit.verify(path, anchor, progress)
    exit_code = StoppedError.exit_code if verdict.faults else 0
    return Answer(verdict, verdict_screen(verdict), exit_code)


@app.with_json()
def accept_restore(
    file: Annotated[Path | None, Argument(help="The restored journal; default: that of the config.")] = None,
    yes: YesOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Accept a journal restored from a backup, or a new one after a deletion. Asks first.

    Orders at the broker that it lacks still stop the next run, until `rebalance recover --account-for` confirms them.
    """
    from rebalancer.app.recover import accept_restored
    from rebalancer.report.journal import accepted_screen, restored_screen

    def confirm(found: "Restored") -> None:
        if not json:
            show(restored_screen(found))
        ask("Continue with this journal?", "audit", "nothing was accepted", yes=yes)

    found = accept_restored(file or load_config(config).journal(), confirm)
    return Answer(found, accepted_screen(found))


@app.with_json()
def compact(config: ConfigOption = None) -> Answer:
    """Remove what is kept for `rebalance replay` of runs that the journal does not have. The journal stays as it is."""
    from rebalancer.app.plan_recording import compact as compacted
    from rebalancer.report.replay import compacted_screen

    found = compacted(load_config(config))
    return Answer(found, compacted_screen(found))
