"""`rebalance doctor`: pre-run checks, and the paper trial."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, Answer, ConfigOption, JsonOption, ask, show
from rebalancer.errors import BadInputError, Problem, RunFailedError

if TYPE_CHECKING:
    from rebalancer.model.checkup import Checkup


def doctor(
    account: AccountOption = None,
    paper_trial: Annotated[
        bool, Option("--paper-trial", help="Buy and sell one share in a paper account, and report the results.")
    ] = False,
    two_evenings: Annotated[
        bool,
        Option("--two-evenings", help="With --paper-trial: buy a share today, sell it in a later session."),
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

    if two_evenings and not paper_trial:
        raise BadInputError([Problem("--two-evenings", "", "needs --paper-trial")])
    if paper_trial:
        found = iter([_trial(config, account, symbol, two_evenings=two_evenings, yes=yes)])
    else:
        found = checkups(partial(load_config, config), account)
    return _answer(found, json=json)


def _answer(checkups: "Iterator[Checkup]", *, json: bool) -> Answer:
    """Show each checkup as it completes, unless all are printed as JSON."""
    from rebalancer.report.doctor import checkup_screen, verdict_screen

    done = []
    for checkup in checkups:
        done.append(checkup)
        if not json:
            show(checkup_screen(checkup))
    exit_code = RunFailedError.exit_code if any(checkup.failed for checkup in done) else 0
    return Answer({"exit_code": exit_code, "checkups": done}, verdict_screen(*done), exit_code)


def _trial(path: Path | None, account: str | None, symbol: str | None, *, two_evenings: bool, yes: bool) -> "Checkup":
    from rebalancer import model
    from rebalancer.app.account import one_account
    from rebalancer.app.doctor import paper_trial

    settings = load_config(path)
    chosen = one_account(settings, account)
    try:
        share = None if symbol is None else model.symbol(symbol)
    except ValueError as error:
        raise BadInputError([Problem("--symbol", "", str(error))]) from error
    confirm = partial(ask, command="--paper-trial", otherwise="nothing was done", yes=yes)
    return paper_trial(settings, chosen, share, confirm, two_evenings=two_evenings)
