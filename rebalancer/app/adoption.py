"""Adoption of held shares by the bots, and write-off of worthless shares, both without orders."""

from collections.abc import Sequence
from decimal import Decimal

from rebalancer.app.evening import Evening, evening
from rebalancer.app.reasons import require_reason
from rebalancer.app.recover import simulated
from rebalancer.app.views import Adoption
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, Problem, RunFailedError
from rebalancer.events import Adopted, WrittenOff
from rebalancer.model import NO_RUN, Position, Symbol, canonical
from rebalancer.portfolio.holdings import Offer, Offers, offers
from rebalancer.ports import Progress, unwatched
from rebalancer.trading.context import RunContext
from rebalancer.trading.corporate_actions import protected_by_new_names


def propose_adoption(
    config: Config,
    account: AccountConfig,
    symbols: Sequence[str],
    *,
    everything: bool,
    by_hand: bool,
    progress: Progress = unwatched,
) -> Adoption:
    """The shares of `symbols`, or all shares, that can be handed over to the bots. Nothing is journalled yet.

    With `by_hand`, the effect of manual trades is accepted instead, and nothing is handed over. Raises BadInputError
    for each symbol that can't be handed over, and if the whole account is managed already.
    """
    if everything == bool(symbols):
        raise BadInputError.of("adopt", "name the tickers to hand over, or all of them with --all")
    with evening(config, account, progress=progress) as tonight:
        found = _offers(tonight.context, by_hand=by_hand)
    if account.trading.manage == "account" and not any(isinstance(offer, Offer) for offer in found.values()):
        text = 'is "account": every long share is the bots\' to manage already'
        raise BadInputError.of(config.path, text, f"accounts.{account.name}.trading.manage")
    if not everything:
        found = {symbol: found.get(symbol, "not held in this account") for symbol in map(canonical, symbols)}
    refused = {symbol: offer for symbol, offer in found.items() if isinstance(offer, str)}
    if refused and not everything:
        raise BadInputError([Problem("adopt", symbol, reason) for symbol, reason in refused.items()])
    adopted = tuple(offer for offer in found.values() if isinstance(offer, Offer))
    return Adoption(account.name, adopted, refused, account.venue.currency)


def adopt(
    config: Config, account: AccountConfig, wanted: Adoption, *, by_hand: bool, progress: Progress = unwatched
) -> None:
    """Journal the adoption. Raises RunFailedError if the holdings changed since the proposal."""
    with evening(config, account, progress=progress) as tonight:
        context = tonight.context
        now = _offers(context, by_hand=by_hand)
        for offer in wanted.adopted:
            if _figures(now.get(offer.symbol)) != _figures(offer):
                raise RunFailedError(
                    f"{offer.symbol}: what is held changed meanwhile. Nothing was handed over: try again."
                )
        at = context.clock.now()
        events = [
            Adopted(at, account.name, offer.symbol, offer.quantity, offer.value, offer.expected, offer.cost)
            for offer in wanted.adopted
        ]
        context.journal.record(NO_RUN, *events)


def _offers(context: RunContext, *, by_hand: bool) -> Offers:
    ledger = context.journal.ledger(context.account)
    trading = protected_by_new_names(context.trading, ledger)
    positions = context.broker.positions()
    instruments = context.instruments(each.symbol for each in positions)
    return offers(positions, ledger.ours, trading, ledger.expected, by_hand=by_hand, instruments=instruments)


def _figures(offer: Offer | str | None) -> tuple[Decimal, Decimal | None] | None:
    return (offer.quantity, offer.expected) if isinstance(offer, Offer) else None


def propose_write_off(config: Config, account: AccountConfig, symbol: str, progress: Progress = unwatched) -> Position:
    """A simulated account's position in `symbol`, which no longer has a price. Nothing is journalled yet.

    Raises BadInputError at a real broker, and if the symbol is not held or still has a price.
    """
    name = canonical(symbol)
    if not account.venue.simulated:
        text = (
            f"account {account.name} is at {account.broker}: what is worth nothing there, the broker takes out by "
            "itself, and the next run says so. Only a simulated account needs a write-off"
        )
        raise BadInputError.of("write-off", text, name)
    with simulated(config, account, progress) as (now, _):
        return _without_price(now, name)


def write_off(
    config: Config,
    account: AccountConfig,
    wanted: Position,
    reason: str,
    by: str,
    progress: Progress = unwatched,
) -> None:
    """Remove the position `wanted` at value 0.

    Raises BadInputError for an unusable reason, RunFailedError if the position changed since the proposal.
    """
    require_reason(reason)
    with simulated(config, account, progress) as (now, broker):
        if _without_price(now, wanted.symbol) != wanted:
            raise RunFailedError(
                f"{wanted.symbol}: what is held changed meanwhile. Nothing was written off: try again."
            )
        at, value = now.context.clock.now(), wanted.market_value
        event = WrittenOff(at, account.name, wanted.symbol, wanted.quantity, value, by, reason)
        now.context.journal.record(NO_RUN, event)  # before the broker: after a crash here, repeat the command
        broker.write_off(wanted.symbol)


def _without_price(now: Evening, symbol: Symbol) -> Position:
    held = {position.symbol: position for position in now.context.broker.positions()}.get(symbol)
    if held is None:
        raise BadInputError.of("write-off", "not held in this account", symbol)
    last = held.last_close
    if last is not None and last < now.session.day:
        return held
    text = f"it has a price on {last or now.session.day}: only a share without one is written off, this one can be sold"
    raise BadInputError.of("write-off", text, symbol)
