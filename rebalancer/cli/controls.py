"""`rebalance halt`, `resume`, `kill` and `live`. None of them waits for a running run."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config, own_config
from rebalancer.cli.options import (
    AccountOption,
    ConfigOption,
    DebugOption,
    JsonOption,
    YesOption,
    ask,
    person,
    show_json,
)
from rebalancer.errors import BadInputError, Problem

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


AnyAccountOption = Annotated[str | None, typer.Option("--account", help="Only this account; default: all.")]


def halt(
    account: AnyAccountOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown until the halt is lifted.")] = "by hand",
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Send no orders until `rebalance resume`. Open orders stay open at the broker."""
    from rebalancer.app import controls
    from rebalancer.report.controls import show_halted

    halted = controls.halt(load_config(config), account, reason, person())
    show_json(halted) if json else show_halted(halted)


def resume(
    reason: Annotated[str, typer.Option("--reason", help="Why trading may resume; journalled.", show_default=False)],
    account: AnyAccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Lift a halt, and show who set it, when and why."""
    from rebalancer.app import controls
    from rebalancer.report.controls import show_resumed

    resumed = controls.resume(load_config(config), account, reason, person())
    show_json(resumed) if json else show_resumed(resumed)


def kill(
    account: AnyAccountOption = None,
    everyones: Annotated[bool, typer.Option("--all", help="Also cancel orders that rebalance did not send.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Halt, then cancel rebalance's open orders at the broker. Exit code 5 if one may still be open."""
    from rebalancer.app import controls
    from rebalancer.report.controls import show_halted, show_killed

    on_halted = (lambda _: None) if json else show_halted
    killed = controls.kill(load_config(config), account, person(), everyones=everyones, on_halted=on_halted)
    show_json(killed) if json else show_killed(killed.accounts)
    raise typer.Exit(killed.exit_code)


# ---------------------------------------------------------------------------------------------------------- real money


app = typer.Typer(help="Arm and disarm trading with real money.", no_args_is_help=True)


@app.command()
def arm(
    max_dollars: Annotated[
        str,
        typer.Option(
            "--max-dollars", help="Limit on the value of one run's orders, sells and buys.", show_default=False
        ),
    ],
    until: Annotated[
        str,
        typer.Option("--until", metavar="YYYY-MM-DD", help="The last day, at most 90 days ahead.", show_default=False),
    ],
    account: AccountOption = None,
    whole_first_run: Annotated[
        bool, typer.Option("--whole-first-run", help="Don't halt for a review after the first order.")
    ] = False,
    yes: YesOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Allow an account with mode = "live" to trade until a given day, as long as its config and bots are unchanged."""
    from rebalancer.app import controls
    from rebalancer.report.controls import show_armed, show_proposal

    settings, first = own_config(config), not whole_first_run
    proposal = controls.propose_arming(
        settings, account, _amount(max_dollars), _day(until), person(), first_order_only=first
    )
    if not json:
        show_proposal(proposal)
    name, number = proposal.armed.account, proposal.armed.number
    question = f"Let the bots trade real money in account {name}, {number}?"
    ask(question, "live arm", "nothing was armed", yes=yes)
    armed = controls.arm(settings, proposal)
    show_json(armed) if json else show_armed(proposal)


@app.command()
def disarm(
    account: AccountOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; journalled.")] = "by hand",
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Revoke an arming: no more orders are sent for the account."""
    from rebalancer.app import controls
    from rebalancer.app.account import one_account
    from rebalancer.report.controls import show_disarmed

    settings = load_config(config)
    chosen = one_account(settings, account)
    armed = controls.disarm(settings, chosen, reason, person())
    show_json({"account": chosen.name, "was_armed": armed}) if json else show_disarmed(chosen.name, armed)


@app.command()
def status(
    account: AccountOption = None, config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Show the accounts that trade real money, and until when they are armed."""
    from rebalancer.app.controls import live_accounts
    from rebalancer.report.controls import show_live

    found = live_accounts(load_config(config), account)
    show_json(found) if json else show_live(found)


def _amount(text: str) -> "Decimal":
    from decimal import Decimal

    from rebalancer.config.edit import NUMBER

    if NUMBER.fullmatch(text) and (found := Decimal(text)) > 0:
        return found
    sentence = f"{text[:40]!r} is not a valid amount: use a number above 0, such as 25000"
    raise BadInputError([Problem("--max-dollars", "", sentence)])


def _day(text: str) -> "date":
    from rebalancer.config import parsers

    try:
        day: date = parsers.day(text)
    except ValueError as error:
        raise BadInputError([Problem("--until", "", str(error))]) from error
    return day
