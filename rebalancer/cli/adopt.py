"""`rebalance adopt` and `rebalance write-off`."""

from typing import Annotated

import typer

from rebalancer.cli.config_file import load_config
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

HAND_OVER = "Hand these shares over to the bots, which may then sell them?"
SETTLE = "Accept these quantities? The bots keep their own shares."


def adopt(
    symbols: Annotated[list[str] | None, typer.Argument(help="Tickers of held shares.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All shares that can be handed over.")] = False,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Accept your own manual trades; hand nothing over.")
    ] = False,
    yes: YesOption = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Hand shares that you hold over to the bots (manage = "own" otherwise excludes them). Asks first.

    Also resolves an unexplained difference between the broker's position and the journal.
    """
    from rebalancer.app import adoption
    from rebalancer.app.account import one_account
    from rebalancer.report.controls import show_adopted, show_proposed

    settings = load_config(config)
    chosen = one_account(settings, account)
    found = adoption.propose_adoption(settings, chosen, symbols or [], everything=everything, by_hand=by_hand)
    if not json:
        show_proposed(found)
    if found.adopted:
        ask(SETTLE if by_hand else HAND_OVER, "adopt", "nothing was handed over", yes=yes)
        adoption.adopt(settings, chosen, found, by_hand=by_hand)
    show_json(found) if json else show_adopted(found.adopted)


def write_off(
    symbol: Annotated[str, typer.Argument(help="A held ticker that no longer has a price.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; journalled.", show_default=False)],
    yes: YesOption = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove all shares of a ticker without a price at value 0 (simulated accounts only). Asks first."""
    from rebalancer.app import adoption
    from rebalancer.app.account import one_account
    from rebalancer.report.controls import show_worthless, show_written_off

    settings = load_config(config)
    chosen = one_account(settings, account)
    currency = chosen.venue.currency
    held = adoption.propose_write_off(settings, chosen, symbol)
    if not json:
        show_worthless(chosen.name, held, currency)
    ask(f"Write off all shares of {held.symbol} for 0 {currency}?", "write-off", "nothing was written off", yes=yes)
    adoption.write_off(settings, chosen, held, reason, person())
    show_json({"account": chosen.name, "written_off": held}) if json else show_written_off(held, currency)
