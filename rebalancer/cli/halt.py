"""`rebalance halt`, `resume` and `kill`: the brake, in a person's hand. None of them waits for a run to end."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, chosen_accounts, load_config
from rebalancer.cli.person import person, write_down

if TYPE_CHECKING:
    from rebalancer.config import AccountConfig, Config
    from rebalancer.events import Halted
    from rebalancer.report.brake import KilledAccount

LEFT_OPEN = 5
AccountOption = Annotated[str | None, typer.Option("--account", help="Only this account; else all of them.")]


def halt(
    account: AccountOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever lifts it.")] = "by hand",
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Send nothing any more, from this moment on, until `rebalance resume`. What is open at the broker stays open."""
    from rebalancer.report.brake import show_halted
    from rebalancer.report.console import show_json

    settings = load_config(config)
    halted = _halt(settings, account, reason)
    show_json(halted) if json else show_halted(halted)


def resume(
    reason: Annotated[str, typer.Option("--reason", help="Why it may go on; kept in the journal.", show_default=False)],
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show who halted what, when and why, and lift it."""
    from rebalancer.events import HaltLifted
    from rebalancer.journal import read
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.brake import show_resumed
    from rebalancer.report.console import show_json
    from rebalancer.trading.armed import looked_at

    settings, by, now = load_config(config), person(), SystemClock().now()
    path = settings.journal()
    halts = {each.name: read.halts(path, each.name) for each in chosen_accounts(settings, account)}
    lifted = tuple(dict.fromkeys(halt for each in halts.values() for halt in each))
    looked = (looked_at(read.trading_status(path, name).armed, each, now, by) for name, each in halts.items())
    whole = tuple(armed for armed in looked if armed is not None)
    if lifted:
        write_down(settings, HaltLifted(now, account or "", by, reason), *whole)
    if json:
        show_json({"lifted": lifted, "whole_runs": whole})
    else:
        show_resumed(lifted, whole)


def kill(
    account: AccountOption = None,
    everyones: Annotated[bool, typer.Option("--all", help="Every open order of the account, yours too.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Halt, then cancel what this program has open at the broker. Exit code 5 where something may still be open."""
    from rebalancer.report.brake import show_halted, show_killed
    from rebalancer.report.console import show_json

    settings = load_config(config)
    halted = _halt(settings, account, "rebalance kill")
    if not json:
        show_halted(halted)
    killed = [_kill(settings, each, everyones=everyones) for each in chosen_accounts(settings, account)]
    exit_code = LEFT_OPEN if any(each.left or each.trouble for each in killed) else 0
    show_json({"exit_code": exit_code, "halted": halted, "accounts": killed}) if json else show_killed(killed)
    raise typer.Exit(exit_code)


def _halt(settings: "Config", account: str | None, reason: str) -> "Halted":
    """Raises BadInputError for an account that the config does not have."""
    from rebalancer.events import Halted
    from rebalancer.market.clock import SystemClock

    chosen_accounts(settings, account)
    halted = Halted(SystemClock().now(), account or "", person(), reason)
    write_down(settings, halted)
    return halted


def _kill(settings: "Config", account: "AccountConfig", *, everyones: bool) -> "KilledAccount":
    """One account that does not answer keeps no other from being killed."""
    from rebalancer.app.account import broker_alone
    from rebalancer.errors import RebalancerError
    from rebalancer.report.brake import KilledAccount
    from rebalancer.trading.kill import kill

    try:
        with broker_alone(settings, account) as (broker, clock):
            watch = broker.venue.quiet_seconds if _is_running(settings) else 0
            done = kill(broker, clock, pinned=account.account_number, everyones=everyones, watch=watch)
        return KilledAccount(account.name, done.found, done.left)
    except RebalancerError as error:
        return KilledAccount(account.name, (), (), str(error))


def _is_running(settings: "Config") -> bool:
    """Whether a run is going on, so that an order may have been on its way when the halt was written."""
    from rebalancer.errors import BusyError
    from rebalancer.journal.lease import run_lock

    try:
        with run_lock(settings.journal()):
            return False
    except BusyError:
        return True
