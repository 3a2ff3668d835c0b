"""`rebalance adopt` and `rebalance write-off`: held shares handed over to the bots, and worthless ones given up."""

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

HAND_OVER = "Hand these shares over? From then on the bots may sell them."
SETTLE = "Settle these? What is the bots' stays theirs."


def adopt(
    symbols: Annotated[list[str] | None, typer.Argument(help="Tickers that are held.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that can be handed over.")] = False,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Shares came or went by your own trade: settle that, hand nothing over.")
    ] = False,
    yes: YesOption = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Hand shares that are held already over to the bots, where manage = "own" leaves them alone. Asks first.

    A holding that differs from the journal, without a split or rename to explain it, is settled with it.
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
    symbol: Annotated[str, typer.Argument(help="A ticker that is held and has no price any more.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the journal.", show_default=False)],
    yes: YesOption = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Give up all shares of a ticker without a price, for nothing; in a simulated account only. Asks first."""
    from rebalancer.app import adoption
    from rebalancer.app.account import one_account
    from rebalancer.report.controls import show_worthless, show_written_off

    settings = load_config(config)
    chosen = one_account(settings, account)
    currency = chosen.venue.currency
    held = adoption.propose_write_off(settings, chosen, symbol)
    if not json:
        show_worthless(chosen.name, held, currency)
    ask(f"Give up all shares of {held.symbol} for 0 {currency}?", "write-off", "nothing was written off", yes=yes)
    adoption.write_off(settings, chosen, held, reason, person())
    show_json({"account": chosen.name, "written_off": held}) if json else show_written_off(held, currency)
