"""`rebalance live`: real money, armed for a sum and a time, and disarmed."""

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
    own_config,
)
from rebalancer.cli.person import ask, person, write_down
from rebalancer.errors import BadInputError, Problem

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from rebalancer.config import AccountConfig, Config
    from rebalancer.events import Armed
    from rebalancer.report.brake import LiveAccount, Offer

app = typer.Typer(help="Arm real money, and disarm it.", no_args_is_help=True)


@app.command()
def arm(
    max_dollars: Annotated[
        str, typer.Option("--max-dollars", help="The most one run may send, sells and buys.", show_default=False)
    ],
    until: Annotated[
        str,
        typer.Option("--until", metavar="YYYY-MM-DD", help="The last day, 90 days ahead at most.", show_default=False),
    ],
    account: AccountOption = None,
    whole_first_run: Annotated[
        bool, typer.Option("--whole-first-run", help="Don't stop after the first order for a look at it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Let an account with mode = "live" trade, until a day, and as long as its config and bots stay as they are."""
    from rebalancer.report.brake import show_armed, show_offer
    from rebalancer.report.console import show_json

    settings = own_config(config)
    chosen = _live(settings, account)
    armed, offer = _offer(settings, chosen, _dollars(max_dollars), _day(until), first_order_only=not whole_first_run)
    if not json:
        show_offer(offer)
    ask(
        f"Let the bots trade real money in account {chosen.name}, {armed.number}?",
        "live arm",
        "nothing was armed",
        yes=yes,
    )
    write_down(settings, armed)
    show_json(armed) if json else show_armed(armed)


@app.command()
def disarm(
    account: AccountOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the journal.")] = "by hand",
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Let no order of an account leave any more, from this moment on."""
    from rebalancer.events import Disarmed
    from rebalancer.journal import read
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.brake import show_disarmed
    from rebalancer.report.console import show_json

    settings = load_config(config)
    name = one_account(settings, account).name
    armed = read.trading_status(settings.journal(), name).armed
    if armed is not None:
        write_down(settings, Disarmed(SystemClock().now(), name, person(), reason))
    show_json({"account": name, "was_armed": armed}) if json else show_disarmed(name, armed)


@app.command()
def status(
    account: AccountOption = None, config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """Show which accounts trade real money, and until when they are armed."""
    from rebalancer.report.brake import show_live
    from rebalancer.report.console import show_json

    settings = load_config(config)
    found = [_standing(settings, each) for each in chosen_accounts(settings, account) if each.mode == "live"]
    show_json(found) if json else show_live(found)


def disarmed_by_edit(before: "Config", path: "Path") -> list[str]:
    """Write down that every arming under `before` was undone by an edit of the config; a sentence for each.

    The journal is at `path`.
    """
    from rebalancer.journal import read
    from rebalancer.journal.store import SqliteJournal
    from rebalancer.market.clock import SystemClock
    from rebalancer.model import NO_RUN
    from rebalancer.trading.armed import undone

    armings = (read.trading_status(path, each.name).armed for each in before.accounts)
    edits = [undone(armed, SystemClock().now(), person()) for armed in armings if armed is not None]
    if edits:
        with SqliteJournal.open(path) as journal:
            journal.record(NO_RUN, *(event for event, _ in edits))
    return [sentence for _, sentence in edits]


def _live(settings: "Config", name: str | None) -> "AccountConfig":
    """The account that is meant. Raises BadInputError where no real money is in it."""
    chosen = one_account(settings, name)
    if chosen.mode == "live":
        return chosen
    text = f'is "{chosen.mode}", so that no real money is traded and nothing has to be armed'
    raise BadInputError([Problem(str(settings.path), f"accounts.{chosen.name}.mode", text)])


def _dollars(text: str) -> "Decimal":
    from decimal import Decimal

    from rebalancer.config.edit import NUMBER

    if NUMBER.fullmatch(text) and (found := Decimal(text)) > 0:
        return found
    raise BadInputError(
        [Problem("--max-dollars", "", f"{text[:40]!r} is no sum: write dollars above 0, such as 25000")]
    )


def _day(text: str) -> "date":
    from rebalancer.config import kinds

    try:
        day: date = kinds.day(text)
    except ValueError as error:
        raise BadInputError([Problem("--until", "", str(error))]) from error
    return day


def _offer(
    settings: "Config", account: "AccountConfig", most: "Decimal", until: "date", *, first_order_only: bool
) -> "tuple[Armed, Offer]":
    """What arming comes to, by the broker's own answer. Raises where the account, a bot or the day can't be used."""
    from rebalancer.app.account import broker_alone
    from rebalancer.app.bots import load_bots, read_bots
    from rebalancer.events import Armed
    from rebalancer.report.brake import Offer
    from rebalancer.trading.armed import end_of, files_now, not_until, require_pinned

    load_bots(account.bots, read_bots(account.bots))
    with broker_alone(settings, account) as (broker, clock):
        if (refused := not_until(until, clock.now())) is not None:
            raise BadInputError([Problem("--until", "", refused)])
        seen, now = require_pinned(broker.account(), account.account_number), clock.now()
    files = files_now(settings, account)
    armed = Armed(now, account.name, seen.number, most, end_of(until), files, first_order_only, person())
    offer = Offer(
        account=account.name,
        number=seen.number,
        host=account.address,
        equity=seen.equity,
        cash=seen.cash,
        max_dollars=most,
        until=armed.until,
        files=tuple(files),
        first_order_only=first_order_only,
    )
    return armed, offer


def _standing(settings: "Config", account: "AccountConfig") -> "LiveAccount":
    from rebalancer.journal import read
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.brake import LiveAccount
    from rebalancer.trading.armed import files_now, unarmed

    armed = read.trading_status(settings.journal(), account.name).armed
    files, number = files_now(settings, account), account.account_number
    trouble = unarmed(account.name, armed, number, files, SystemClock().now())
    return LiveAccount(account.name, number, armed, trouble or "")
