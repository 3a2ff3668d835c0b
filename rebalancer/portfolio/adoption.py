"""Which shares the owner may hand over to the bots, where `manage = "own"` does not manage them yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.model import US_EQUITIES, Instruments, Position, Symbol, Trading
from rebalancer.model.text import shares
from rebalancer.portfolio.holdings import differences, never_managed

ZERO = Decimal(0)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Offer:
    """Shares that the bots do not own yet, with their value by the broker's figure.

    `expected` is the position's quantity where it differs from the journal: adopting the shares settles the difference.
    """

    symbol: Symbol
    quantity: Decimal
    value: Decimal
    expected: Decimal | None = None


Offers = Mapping[Symbol, Offer | str]
"""By symbol: the shares that can be handed over, or the reason why none can."""


def offers(
    positions: Sequence[Position],
    ours: Mapping[Symbol, Decimal],
    trading: Trading,
    expected: Mapping[Symbol, Decimal] | None = None,
    *,
    by_hand: bool = False,
    instruments: Instruments = US_EQUITIES,
) -> Offers:
    """Every position, and every symbol whose quantity differs from the journal's, sorted by symbol.

    `ours` are the bots' shares by the journal, `expected` the whole positions that it expects, None before its first
    record. A difference is settled: additional shares become the bots', or with `by_hand` count as the owner's own
    trade, which hands nothing over.
    """
    held = {position.symbol: position for position in positions}
    apart = {} if expected is None else differences(positions, expected)
    gone = {symbol: Position(symbol, ZERO, ZERO) for symbol in apart.keys() - held.keys()}
    return {
        symbol: _offer(position, ours.get(symbol, ZERO), trading, instruments, differs=symbol in apart, by_hand=by_hand)
        for symbol, position in sorted({**held, **gone}.items())
    }


def _offer(
    position: Position, ours: Decimal, trading: Trading, instruments: Instruments, *, differs: bool, by_hand: bool
) -> Offer | str:
    if by_hand and not differs:
        return "it is held as the journal counts it: there is no trade by hand to settle"
    if trading.manage == "account" and not differs:
        return "the whole account is managed: every long share is the bots' already"
    if position.symbol in trading.protected:
        return "protected in the config: take it out of `protected` first"
    if refusal := never_managed(position, instruments):
        return refusal
    theirs = position.quantity - ours
    if differs and (by_hand or not theirs > 0):
        return Offer(position.symbol, ZERO, ZERO, position.quantity)
    if not theirs > 0:
        return f"all {shares(position.quantity)} are the bots' already"
    value = (position.market_value * theirs / position.quantity).quantize(CENT)
    return Offer(position.symbol, theirs, value, position.quantity if differs else None)
