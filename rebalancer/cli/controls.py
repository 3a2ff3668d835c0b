"""`rebalance halt`, `resume`, `kill`, `live`, `adopt` and `write-off`. None of them waits for a running run."""

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli import completion
from rebalancer.cli.config_file import load_account, load_config, own_config
from rebalancer.cli.options import (
    AccountOption,
    Answer,
    Commands,
    ConfigOption,
    JsonOption,
    OwnConfigOption,
    YesOption,
    ask,
    person,
    show,
    showing_progress,
)
from rebalancer.errors import BadInputError, Problem, echoed

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from rebalancer.events import Halted

AnyAccountOption = Annotated[
    str | None, Option("--account", help="Only this account; default: all.", autocompletion=completion.accounts)
]


def halt(
    account: AnyAccountOption = None,
    reason: Annotated[str, Option("--reason", help="Why; shown until the halt is lifted.")] = "by hand",
    config: ConfigOption = None,
) -> Answer:
    """Send no orders until `rebalance resume`. Open orders stay open at the broker."""
    from rebalancer.app import controls
    from rebalancer.report.controls import halted_screen

    halted = controls.halt(load_config(config), account, reason, person())
    return Answer({"halt": halted}, halted_screen(halted))


def resume(
    reason: Annotated[str, Option("--reason", help="Why trading may resume; journalled.")],
    account: AnyAccountOption = None,
    config: ConfigOption = None,
) -> Answer:
    """Lift a halt, and show who set it, when and why."""
    from rebalancer.app import controls
    from rebalancer.app.chosen import exchange_zones
    from rebalancer.report.controls import resumed_screen

    settings = load_config(config)
    resumed = controls.resume(settings, account, reason, person())
    return Answer(resumed, resumed_screen(resumed, exchange_zones(settings)))


def kill(
    account: AnyAccountOption = None,
    reason: Annotated[str, Option("--reason", help="Why; shown until the halt is lifted.")] = "by hand",
    everyones: Annotated[bool, Option("--all", help="Also cancel orders that rebalance did not send.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Halt, then cancel rebalance's open orders at the broker. Exit code 5 if one may still be open."""
    from rebalancer.app import controls
    from rebalancer.report.controls import halted_screen, killed_screen

    def on_halted(halt: "Halted") -> None:
        if not json:
            show(halted_screen(halt))

    settings = load_config(config)
    with showing_progress(json=json) as progress:
        killed = controls.kill(
            settings, account, reason, person(), everyones=everyones, on_halted=on_halted, progress=progress
        )
    return Answer(killed, killed_screen(killed.accounts), killed.exit_code)


# ---------------------------------------------------------------------------------------------------------- real money


app = Commands(help="Arm and disarm trading with real money.", no_args_is_help=True)


@app.with_json()
def arm(
    max_dollars: Annotated[
        str, Option("--max-dollars", help="Limit on the value of one run's orders, sells and buys.")
    ],
    until: Annotated[str, Option("--until", metavar="YYYY-MM-DD", help="The last day, at most 90 days ahead.")],
    account: AccountOption = None,
    whole_first_run: Annotated[
        bool, Option("--whole-first-run", help="Don't halt for a review after the first order.")
    ] = False,
    yes: YesOption = False,
    config: OwnConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Allow an account with mode = "live" to trade until a given day, as long as its config and bots are unchanged."""
    from rebalancer.app import controls
    from rebalancer.report.controls import armed_screen, proposal_screen

    settings, most, last = own_config(config), _amount(max_dollars), _day(until)
    proposal = controls.propose_arming(settings, account, most, last, person(), first_order_only=not whole_first_run)
    if not json:
        show(proposal_screen(proposal))
    name, number = proposal.armed.account, proposal.armed.number
    ask(f"Let the bots trade real money in account {name}, {number}?", "live arm", "nothing was armed", yes=yes)
    return Answer({"armed": controls.arm(settings, proposal)}, armed_screen(proposal))


@app.with_json()
def disarm(
    account: AccountOption = None,
    reason: Annotated[str, Option("--reason", help="Why; journalled.")] = "by hand",
    config: ConfigOption = None,
) -> Answer:
    """Revoke an arming: no more orders are sent for the account."""
    from rebalancer.app import controls
    from rebalancer.report.controls import disarmed_screen

    settings, chosen = load_account(config, account)
    armed = controls.disarm(settings, chosen, reason, person())
    return Answer({"account": chosen.name, "was_armed": armed}, disarmed_screen(chosen.name, armed))


@app.with_json()
def status(account: AccountOption = None, config: ConfigOption = None) -> Answer:
    """Show the accounts that trade real money, and until when they are armed."""
    from rebalancer.app.arming import live_accounts
    from rebalancer.report.controls import live_screen

    found = live_accounts(load_config(config), account)
    return Answer({"accounts": found}, live_screen(found))


def _amount(text: str) -> "Decimal":
    from rebalancer.model.numbers import amount

    if found := amount(text):
        return found
    sentence = f"{echoed(text)} is not a valid amount: use a number above 0, such as 25000"
    raise BadInputError([Problem("--max-dollars", "", sentence)])


def _day(text: str) -> "date":
    from rebalancer.config import parsers

    try:
        day: date = parsers.day(text)
    except ValueError as error:
        raise BadInputError([Problem("--until", "", str(error))]) from error
    return day


# -------------------------------------------------------------------------------------------- adoptions and write-offs


HAND_OVER = "Hand these shares over to the bots, which may then sell them?"
SETTLE = "Accept these quantities? The bots keep their own shares."


def adopt(
    symbols: Annotated[list[str] | None, Argument(help="Tickers of held shares.")] = None,
    everything: Annotated[bool, Option("--all", help="All shares that can be handed over.")] = False,
    by_hand: Annotated[bool, Option("--by-hand", help="Accept your own manual trades; hand nothing over.")] = False,
    yes: YesOption = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Hand shares that you hold over to the bots (manage = "own" otherwise excludes them). Asks first.

    Also resolves an unexplained difference between the broker's position and the journal.
    """
    from rebalancer.app import adoption
    from rebalancer.report.controls import adopted_screen, proposed_screen

    settings, chosen = load_account(config, account)
    with showing_progress(json=json) as progress:
        found = adoption.propose_adoption(
            settings, chosen, symbols or [], everything=everything, by_hand=by_hand, progress=progress
        )
    if not json:
        show(proposed_screen(found))
    if found.adopted:
        ask(SETTLE if by_hand else HAND_OVER, "adopt", "nothing was handed over", yes=yes)
        with showing_progress(json=json) as progress:
            adoption.adopt(settings, chosen, found, by_hand=by_hand, progress=progress)
    return Answer(found, adopted_screen(found.adopted))


def write_off(
    symbol: Annotated[str, Argument(help="A held ticker that no longer has a price.")],
    reason: Annotated[str, Option("--reason", help="Why; journalled.")],
    yes: YesOption = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Remove all shares of a ticker without a price at value 0 (simulated accounts only). Asks first."""
    from rebalancer.app import adoption
    from rebalancer.report.controls import worthless_screen, written_off_screen

    settings, chosen = load_account(config, account)
    currency = chosen.venue.currency
    with showing_progress(json=json) as progress:
        held = adoption.propose_write_off(settings, chosen, symbol, progress)
    if not json:
        show(worthless_screen(chosen.name, held, currency))
    ask(f"Write off all shares of {held.symbol} for 0 {currency}?", "write-off", "nothing was written off", yes=yes)
    with showing_progress(json=json) as progress:
        adoption.write_off(settings, chosen, held, reason, person(), progress)
    return Answer({"account": chosen.name, "written_off": held}, written_off_screen(held, currency))
