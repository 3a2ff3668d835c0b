"""`rebalance run`, `recover` and `doctor`."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Exit, Option

from rebalancer.cli.config_file import load_account, load_config
from rebalancer.cli.options import (
    AccountOption,
    Answer,
    ConfigOption,
    DebugOption,
    IgnoreRebalanceOption,
    JsonOption,
    LogFileOption,
    ask,
    day_option,
    person,
    show,
    show_json,
    showing_progress,
)
from rebalancer.cli.screen import say
from rebalancer.cli.signals import shutdown_signal
from rebalancer.errors import BadInputError, Problem, RunFailedError

if TYPE_CHECKING:
    from rebalancer.app.views import RunResult
    from rebalancer.cli.log import Log
    from rebalancer.config import Config
    from rebalancer.model.checkup import Checkup
    from rebalancer.portfolio.confirmed import ConfirmedPlan


def run(
    config: ConfigOption = None,
    account: AccountOption = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Show the orders a run would send; send none.")] = False,
    as_of: Annotated[datetime | None, day_option("--as-of", "Replay a past session (sim only).")] = None,
    force: Annotated[bool, Option("--force", help="Run again even if this session already had its run.")] = False,
    ignore_rebalance: IgnoreRebalanceOption = False,
    only_plan: Annotated[
        str | None,
        Option("--only-plan", metavar="DRY-RUN", help="Only if the plan is still that of this dry run, by its number."),
    ] = None,
    confirmed_by: Annotated[str | None, Option("--confirmed-by", hidden=True, help="Who confirmed that plan.")] = None,
    when_due: Annotated[
        bool, Option("--when-due", help="For cron: run enabled accounts whose run is due, else do nothing.")
    ] = False,
    yes: Annotated[bool, Option("--yes", help="Don't ask before a run outside its window.")] = False,
    log_file: LogFileOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Rebalance now: evaluate the bots, sell, then buy."""
    from rebalancer.app.chosen import chosen_accounts
    from rebalancer.app.runs import run_by_hand, run_due
    from rebalancer.cli.log import log_of
    from rebalancer.market.clock import SystemClock

    if when_due and (account or dry_run or as_of or force or only_plan):
        text = (
            "goes without --account, --dry-run, --as-of, --force and --only-plan: it runs what is due, as the config "
            "has it"
        )
        raise BadInputError([Problem("--when-due", "", text)])
    if ignore_rebalance and not dry_run:
        text = "goes with --dry-run: a real run trades to what the bots hold by their rebalance rules"
        raise BadInputError([Problem("--ignore-rebalance", "", text)])
    if only_plan and dry_run:
        text = "goes without --dry-run: it sends the orders of a dry run that was confirmed"
        raise BadInputError([Problem("--only-plan", "", text)])
    settings = load_config(config, quietly=True)
    log = log_of(SystemClock(), log_file, settings.journal(), lambda: settings.account_numbers, json=json)
    with log, shutdown_signal(at_once=dry_run) as shutdown, showing_progress(json=json or log.journald) as progress:
        if when_due:
            results = run_due(settings, SystemClock(), shutdown.is_set, progress)
        else:
            by_hand = partial(
                run_by_hand,
                settings,
                confirm=partial(ask, command="run", otherwise="nothing was done", yes=yes),
                dry_run=dry_run,
                as_of=as_of.date() if as_of else None,
                force=force,
                confirmed=_confirmed(settings, account, only_plan, confirmed_by),
                ignore_rebalance=ignore_rebalance,
                shutdown_requested=shutdown.is_set,
                progress=progress,
                debug=debug,
            )
            results = map(by_hand, chosen_accounts(settings, account))
        raise Exit(_shown(progress.between(results), log, json=json))


def _confirmed(settings: "Config", account: str | None, line: str | None, by: str | None) -> "ConfirmedPlan | None":
    if line is None:
        return None
    from rebalancer.app.chosen import one_account
    from rebalancer.app.tonight import confirmed_plan

    return confirmed_plan(settings, one_account(settings, account), line, by or person())


def _shown(results: "Iterator[RunResult]", log: "Log", *, json: bool) -> int:
    """Log and show each result as it arrives, or all as JSON; return the exit code."""
    from rebalancer.report.console import lines
    from rebalancer.report.crossings import crossings_screen
    from rebalancer.report.log import log_lines
    from rebalancer.report.run import screen

    done = []
    for result in results:
        done.append(result)
        log.write(log_lines(result))
        if log.journald:
            continue
        if result.run and not json:
            passed = crossings_screen(result.run, result.crossed)
            show((*screen(result.run), *passed, *lines(result.tax, "yellow")))
        elif not json:
            say(result.message, err=result.exit_code != 0)
    exit_code = max((result.exit_code for result in done), default=0)
    if json and done:  # cron's --when-due says nothing where nothing is due
        show_json({"accounts": done}, exit_code)
    return exit_code


def recover(
    config: ConfigOption = None,
    account: AccountOption = None,
    account_for: Annotated[
        list[str] | None, Option("--account-for", help="Id of an unknown order that you confirm.")
    ] = None,
    reason: Annotated[str, Option("--reason", help="Why the order is legitimate; journalled.")] = "",
    json: JsonOption = False,
) -> Answer:
    """Fetch the outcome of every unsettled order, cancel open orders, and end an interrupted run.

    Sends no orders. Every run starts with the same steps.
    """
    from rebalancer.app.chosen import chosen_accounts, one_account
    from rebalancer.app.recover import recovered, vouch
    from rebalancer.app.removal import cut_off_removals
    from rebalancer.report.run import recovered_screen

    settings = load_config(config, quietly=True)
    if account_for:
        vouch(settings, one_account(settings, account), account_for, reason, person())
    with showing_progress(json=json) as progress:
        records = {
            each.name: recovered(settings, each, progress, unhurried=True)
            for each in chosen_accounts(settings, account)
        }
    cut_off = {each.name: cut_off_removals(settings, each) for each in chosen_accounts(settings, account)}
    found = [{"account": name, "record": record, "cut_off_removals": cut_off[name]} for name, record in records.items()]
    return Answer({"accounts": found}, recovered_screen(records, cut_off))


def doctor(
    account: AccountOption = None,
    paper_trial: Annotated[
        bool, Option("--paper-trial", help="Buy and sell one share in a paper account, and report the results.")
    ] = False,
    two_evenings: Annotated[
        bool, Option("--two-evenings", help="With --paper-trial: buy a share today, sell it in a later session.")
    ] = False,
    symbol: Annotated[
        str | None,
        Option("--symbol", help="The ticker to trade. Default: SGOV; with --two-evenings a fund that no bot uses."),
    ] = None,
    yes: Annotated[bool, Option("--yes", help="Don't ask before the trial.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Check everything that a run needs, without sending orders. Exit code 4 if a check fails."""
    from rebalancer.app.doctor import checkups
    from rebalancer.app.service_installation import ran

    if two_evenings and not paper_trial:
        raise BadInputError([Problem("--two-evenings", "", "needs --paper-trial")])
    if paper_trial:
        found = iter([_trial(config, account, symbol, two_evenings=two_evenings, yes=yes, json=json)])
        return _checked(found, json=json)
    with showing_progress(json=json) as progress:
        return _checked(progress.between(checkups(partial(load_config, config), account, progress, ran)), json=json)


def _checked(checkups: "Iterator[Checkup]", *, json: bool) -> Answer:
    """Show each checkup as it completes, unless all are printed as JSON."""
    from rebalancer.report.doctor import checkup_screen, verdict_screen

    done = []
    for checkup in checkups:
        done.append(checkup)
        if not json:
            show(checkup_screen(checkup))
    exit_code = RunFailedError.exit_code if any(checkup.failed for checkup in done) else 0
    return Answer({"checkups": done}, verdict_screen(*done), exit_code)


def _trial(
    path: Path | None, account: str | None, symbol: str | None, *, two_evenings: bool, yes: bool, json: bool
) -> "Checkup":
    from rebalancer import model
    from rebalancer.app.doctor import paper_trial

    settings, chosen = load_account(path, account)
    try:
        share = None if symbol is None else model.symbol(symbol)
    except ValueError as error:
        raise BadInputError([Problem("--symbol", "", str(error))]) from error
    confirm = partial(ask, command="--paper-trial", otherwise="nothing was done", yes=yes)
    with showing_progress(json=json) as progress:
        return paper_trial(settings, chosen, share, confirm, two_evenings=two_evenings, progress=progress)
