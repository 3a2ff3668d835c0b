"""`rebalance adopt`: shares that were there before the bots, handed over to them."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, load_config, one_account
from rebalancer.cli.person import ask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from rebalancer.config import AccountConfig, Config
    from rebalancer.portfolio.adoption import Offer, Offers
    from rebalancer.trading.context import RunContext


QUESTION = "Hand these shares over? From then on the bots may sell them."


def adopt(
    symbols: Annotated[list[str] | None, typer.Argument(help="Tickers that are held.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that can be handed over.")] = False,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Shares came or went by your own trade: settle that, hand nothing over.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Hand shares that are held already over to the bots, where manage = "own" leaves them alone. Asks first.

    Where more or fewer are held than the journal counts, and no split or rename explains it, that is settled with it.
    """
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import show_adopted, show_offers

    settings = load_config(config)
    chosen = one_account(settings, account)
    found = _offers(settings, chosen, by_hand=by_hand)
    wanted = _wanted(found, symbols or [], everything=everything)
    refused = {symbol: offer for symbol, offer in found.items() if isinstance(offer, str)} if everything else {}
    if not json:
        show_offers(chosen.name, wanted, refused)
    if wanted:
        question = "Settle these? What is the bots' stays theirs." if by_hand else QUESTION
        ask(question, "adopt", "nothing was handed over", yes=yes)
        _hand_over(settings, chosen, wanted, by_hand=by_hand)
    if json:
        show_json({"account": chosen.name, "adopted": wanted, "refused": refused})
    else:
        show_adopted(wanted)


def _offers(config: "Config", account: "AccountConfig", *, by_hand: bool) -> "Offers":
    """Raises BadInputError where the whole account is managed, and nothing of it is to settle."""
    from rebalancer.app.evening import evening
    from rebalancer.errors import BadInputError, Problem

    with evening(config, account) as tonight:
        found = _present(tonight.context, by_hand=by_hand)
    if account.trading.manage == "account" and not any(not isinstance(offer, str) for offer in found.values()):
        text = 'is "account": every long share is the bots\' to manage already'
        raise BadInputError([Problem(str(config.path), f"accounts.{account.name}.trading.manage", text)])
    return found


def _present(context: "RunContext", *, by_hand: bool) -> "Offers":
    from rebalancer.portfolio.adoption import offers
    from rebalancer.trading.renames import still_protected

    ledger = context.journal.ledger(context.account)
    trading = still_protected(context.trading, ledger)
    return offers(context.broker.positions(), ledger.ours, trading, ledger.expected, by_hand=by_hand)


def _wanted(found: "Offers", symbols: "Sequence[str]", *, everything: bool) -> "tuple[Offer, ...]":
    """The offers that were asked for. Raises BadInputError with every symbol that can't be handed over."""
    from rebalancer.errors import BadInputError, Problem
    from rebalancer.model import canonical
    from rebalancer.portfolio.adoption import Offer

    if everything == bool(symbols):
        raise BadInputError([Problem("adopt", "", "name the tickers to hand over, or all of them with --all")])
    if everything:
        return tuple(offer for offer in found.values() if isinstance(offer, Offer))
    asked = {symbol: found.get(symbol, "not held in this account") for symbol in map(canonical, symbols)}
    if refused := [Problem("adopt", symbol, offer) for symbol, offer in asked.items() if isinstance(offer, str)]:
        raise BadInputError(refused)
    return tuple(offer for offer in asked.values() if isinstance(offer, Offer))


def _hand_over(config: "Config", account: "AccountConfig", wanted: "Sequence[Offer]", *, by_hand: bool) -> None:
    """Journal the adoption, if the account is still as the person saw it. Raises RunFailedError where it is not."""
    from rebalancer.app.evening import evening
    from rebalancer.errors import RunFailedError
    from rebalancer.events import Adopted
    from rebalancer.model import NO_RUN

    with evening(config, account) as tonight:
        context = tonight.context
        now = _present(context, by_hand=by_hand)
        for offer in wanted:
            if _figures(now.get(offer.symbol)) != _figures(offer):
                raise RunFailedError(
                    f"{offer.symbol}: what is held changed meanwhile. Nothing was handed over: try again."
                )
        at = context.clock.now()
        events = [
            Adopted(at, account.name, offer.symbol, offer.quantity, offer.value, offer.expected) for offer in wanted
        ]
        context.journal.record(NO_RUN, *events)


def _figures(offer: "Offer | str | None") -> "tuple[Decimal, Decimal | None] | None":
    return None if offer is None or isinstance(offer, str) else (offer.quantity, offer.expected)
