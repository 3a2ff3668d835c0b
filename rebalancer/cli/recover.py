"""`rebalance recover`: settle the orders of earlier runs, without a new run."""

from typing import Annotated

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption
from rebalancer.cli.person import person


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
    """Ask the broker for the outcome of every unsettled order, cancel what is open, and end an interrupted run.

    Nothing is bought or sold. A run does the same before anything else.
    """
    from rebalancer.app.recover import recovered, vouch
    from rebalancer.app.selection import chosen_accounts, one_account
    from rebalancer.report.console import show_json
    from rebalancer.report.run import show_recovered

    settings = load_config(config, quietly=True)
    if account_for:
        vouch(settings, one_account(settings, account), account_for, reason, person())
    records = {each.name: recovered(settings, each) for each in chosen_accounts(settings, account)}
    show_json(records) if json else show_recovered(records)
