"""`rebalance doctor`: whether an evening would go well, without sending anything; and the trial on paper."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import (
    AccountOption,
    ConfigOption,
    DebugOption,
    JsonOption,
    chosen_accounts,
    load_config,
    one_account,
)
from rebalancer.cli.person import ask
from rebalancer.errors import BadInputError, Problem, RebalancerError

if TYPE_CHECKING:
    from rebalancer.bots.base import Bot
    from rebalancer.config import AccountConfig, Config
    from rebalancer.model import Symbol
    from rebalancer.model.checkup import Check, Checkup

SOMETHING_FAILED = 4


def doctor(
    account: AccountOption = None,
    paper_trial: Annotated[
        bool, typer.Option("--paper-trial", help="Buy and sell one share on paper, and tell what was seen.")
    ] = False,
    two_evenings: Annotated[
        bool,
        typer.Option("--two-evenings", help="With --paper-trial: buy a share now, and sell it on a later evening."),
    ] = False,
    symbol: Annotated[
        str | None,
        typer.Option("--symbol", help="The share of the trial: SGOV, and over two evenings a fund that no bot wants."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before the trial.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check everything an evening needs. Sends nothing. Exit code 0 unless something fails, then 4."""
    from rebalancer.report.console import show_json
    from rebalancer.report.doctor import show_checkup, show_verdict

    if two_evenings and not paper_trial:
        raise BadInputError([Problem("--two-evenings", "", "is a form of the trial: add --paper-trial")])
    trial = _two_evenings if two_evenings else _trial
    found = []
    for checkup in trial(config, account, symbol, yes=yes) if paper_trial else _checkups(config, account):
        found.append(checkup)
        if not json:
            show_checkup(checkup)
    exit_code = SOMETHING_FAILED if any(checkup.failed for checkup in found) else 0
    show_json({"exit_code": exit_code, "checkups": found}) if json else show_verdict(*found)
    raise typer.Exit(exit_code)


def _checkups(config: Path | None, account: str | None) -> "Iterator[Checkup]":
    from rebalancer.app.doctor import machine
    from rebalancer.model.checkup import Check, Checkup

    try:
        settings = load_config(config)
    except BadInputError as error:
        yield Checkup("", (Check("config", "fail", _words(error), "`rebalance config check` shows each."),))
        return
    chosen = chosen_accounts(settings, account)
    read = Check("config", "pass", f"{settings.path} can be used: accounts {', '.join(one.name for one in chosen)}")
    yield Checkup("", (read, *machine(settings.state_dir, settings.journal())))
    for one in chosen:
        yield Checkup(one.name, tuple(_account(settings, one)))


def _account(config: "Config", account: "AccountConfig") -> "Iterator[Check]":
    from rebalancer.app.checkup import patient_of
    from rebalancer.app.doctor import examine
    from rebalancer.model.checkup import Check

    found, bots = _bots(account)
    yield found
    try:
        yield from _brakes(config, account)
        with patient_of(config, account, bots) as patient:
            yield from examine(patient)
    except RebalancerError as error:
        yield Check("account", "fail", _words(error), "Nothing more of this account was looked at.")


def _brakes(config: "Config", account: "AccountConfig") -> "Iterator[Check]":
    from rebalancer.journal import read
    from rebalancer.market.clock import SystemClock
    from rebalancer.trading.armed import armed_check, files_now
    from rebalancer.trading.halt import halt_check

    standing = read.trading_status(config.journal(), account.name)
    yield halt_check(standing.halt)
    if account.mode == "live":
        yield armed_check(account, standing.armed, files_now(config, account), SystemClock().now())


def _bots(account: "AccountConfig") -> "tuple[Check, dict[str, Bot]]":
    from rebalancer.app.bots import load_bots, read_bots
    from rebalancer.model.checkup import Check

    try:
        bots = load_bots(account.bots, read_bots(account.bots))
    except BadInputError as error:
        return Check("bots", "fail", _words(error), "`rebalance bots check FILE` shows each."), {}
    return Check("bots", "pass", f"all {len(bots)} can be used: {', '.join(bots)}"), bots


def _words(error: RebalancerError) -> str:
    """What went wrong; of many problems the first, and how many more there are."""
    if not isinstance(error, BadInputError):
        return str(error)
    more = len(error.problems) - 1
    return f"{error.problems[0]}{f' (and {more} more)' if more else ''}"


# --------------------------------------------------------------------------------------------- the trial on paper


def _trial(config: Path | None, account: str | None, symbol: str | None, *, yes: bool) -> "Iterator[Checkup]":
    """Raises BadInputError unless the person agrees, and what `run_trial` raises."""
    from rebalancer.app.checkup import trial_of
    from rebalancer.app.evening import present_of
    from rebalancer.app.paper_trial.one_evening import run_trial
    from rebalancer.model.checkup import Checkup
    from rebalancer.model.settings import SGOV

    settings = load_config(config)
    chosen, share = one_account(settings, account), _share(symbol) or SGOV
    question = f"Buy one share of {share} in account {chosen.name}, which must be a paper account, and sell it?"
    ask(question, "--paper-trial", "nothing was done", yes=yes)
    with trial_of(settings, chosen, present_of(settings, chosen, dry_run=False, as_of=None)) as (context, run, session):
        yield Checkup(chosen.name, run_trial(context, run, session, share))


def _two_evenings(config: Path | None, account: str | None, symbol: str | None, *, yes: bool) -> "Iterator[Checkup]":
    """Raises BadInputError unless the person agrees, and what `run_two_evenings` raises."""
    from rebalancer.app.checkup import trial_of
    from rebalancer.app.evening import present_of
    from rebalancer.app.paper_trial.two_evenings import run_two_evenings
    from rebalancer.model.checkup import Checkup

    settings = load_config(config)
    chosen, share = one_account(settings, account), _share(symbol)
    question = (
        f"Buy one share of {share or 'a fund that no bot wants'} in account {chosen.name}, which must be a paper "
        "account, or sell the one that an earlier evening bought?"
    )
    ask(question, "--paper-trial", "nothing was done", yes=yes)
    clock = present_of(settings, chosen, dry_run=False, as_of=None)
    with trial_of(settings, chosen, clock, "two-evenings") as (context, run, session):
        yield Checkup(chosen.name, *run_two_evenings(context, run, session, share))


def _share(text: str | None) -> "Symbol | None":
    """Raises BadInputError for what is no ticker."""
    from rebalancer import model

    try:
        return None if text is None else model.symbol(text)
    except ValueError as error:
        raise BadInputError([Problem("--symbol", "", str(error))]) from error
