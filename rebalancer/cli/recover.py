"""`rebalance recover`: settle what earlier runs left, without an evening."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, chosen_accounts, load_config

if TYPE_CHECKING:
    from rebalancer.config import AccountConfig, Config
    from rebalancer.journal.read import RunRecord


def recover(
    config: ConfigOption = None,
    account: AccountOption = None,
    account_for: Annotated[
        list[str] | None, typer.Option("--account-for", help="An order's id you vouch for: it is yours to know of.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why you vouch for it; kept in the journal.")] = "",
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Ask the broker what came of every order that was left, cancel what is open, and end a run that was cut off.

    Nothing is bought or sold. A run does the same before anything else.
    """
    from rebalancer.report.console import show, show_json
    from rebalancer.report.run import screen

    settings = load_config(config, quietly=True)
    if account_for:
        vouch(settings, account, account_for, reason)
    records = {each.name: recovered(settings, each) for each in chosen_accounts(settings, account)}
    if json:
        show_json(records)
        return
    for name, record in records.items():
        if record is None:
            typer.echo(f"account {name}: nothing was left to settle")
        else:
            show(*screen(record))


def recovered(config: "Config", account: "AccountConfig") -> "RunRecord | None":
    """The run it was written down in, None where nothing was left. Raises what settling raises."""
    from rebalancer.app.recover import recover as settle
    from rebalancer.app.recovery import recovery
    from rebalancer.journal import read

    with recovery(config, account) as now:
        run = settle(now.context, now.claim, now.session)
    return None if run is None else read.run(config.journal(), run)


def vouch(config: "Config", account: str | None, ids: list[str], reason: str) -> None:
    """Write down that a person knows of these orders. Raises BadInputError without an account or a reason."""
    from rebalancer.cli.options import one_account
    from rebalancer.cli.person import person, write_down
    from rebalancer.errors import BadInputError, Problem
    from rebalancer.events import OrderAccounted
    from rebalancer.market.clock import SystemClock

    chosen = one_account(config, account)
    if not reason:
        raise BadInputError([Problem("--reason", "", "is needed with --account-for: say why you know of these orders")])
    now, by = SystemClock().now(), person()
    write_down(config, *(OrderAccounted(now, chosen.name, order_id, by, reason) for order_id in ids))
