"""`rebalance halt`, `resume` and `kill`: no order is sent while an account is halted. None waits for a run to end."""

from typing import Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption
from rebalancer.cli.person import person

AccountOption = Annotated[str | None, typer.Option("--account", help="Only this account; else all of them.")]


def halt(
    account: AccountOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever lifts it.")] = "by hand",
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Send no order from now on, until `rebalance resume`. Orders that are open at the broker stay open."""
    from rebalancer.app import controls
    from rebalancer.report.console import show_json
    from rebalancer.report.controls import show_halted

    halted = controls.halt(load_config(config), account, reason, person())
    show_json(halted) if json else show_halted(halted)


def resume(
    reason: Annotated[str, typer.Option("--reason", help="Why it may go on; kept in the journal.", show_default=False)],
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Lift a halt, and show who halted what, when and why."""
    from rebalancer.app import controls
    from rebalancer.report.console import show_json
    from rebalancer.report.controls import show_resumed

    resumed = controls.resume(load_config(config), account, reason, person())
    show_json(resumed) if json else show_resumed(resumed)


def kill(
    account: AccountOption = None,
    everyones: Annotated[bool, typer.Option("--all", help="Every open order of the account, yours too.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Halt, then cancel this program's open orders at the broker. Exit code 5 where one may still be open."""
    from rebalancer.app import controls
    from rebalancer.report.console import show_json
    from rebalancer.report.controls import show_halted, show_killed

    on_halted = (lambda _: None) if json else show_halted
    killed = controls.kill(load_config(config), account, person(), everyones=everyones, on_halted=on_halted)
    show_json(killed) if json else show_killed(killed.accounts)
    raise typer.Exit(killed.exit_code)
