"""Which shares a person may hand over to the bots, where `manage = "own"` leaves them alone so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.model import Position, Symbol, Trading
from rebalancer.portfolio.holdings import never_ours
from rebalancer.portfolio.wording import shares

ZERO = Decimal(0)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Offer:
    """Shares that are not the bots' yet, and their value in dollars by the broker's own figure."""

    symbol: Symbol
    quantity: Decimal
    value: Decimal


Offers = Mapping[Symbol, Offer | str]
"""By symbol: what can be handed over, or a sentence why it can't."""


def offers(positions: Sequence[Position], ours: Mapping[Symbol, Decimal], trading: Trading) -> Offers:
    """Every position sorted by symbol. `ours` are the bots' shares by the journal."""
    ordered = sorted(positions, key=lambda position: position.symbol)
    return {position.symbol: _offer(position, ours.get(position.symbol, ZERO), trading) for position in ordered}


def _offer(position: Position, ours: Decimal, trading: Trading) -> Offer | str:
    if position.symbol in trading.protected:
        return "protected in the config: take it out of `protected` first"
    if refusal := never_ours(position):
        return refusal
    theirs = position.quantity - ours
    if not theirs > 0:
        return f"all {shares(position.quantity)} are the bots' already"
    return Offer(position.symbol, theirs, (position.market_value * theirs / position.quantity).quantize(CENT))
