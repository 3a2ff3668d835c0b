"""Which shares the owner may hand over to the bots, where `manage = "own"` does not manage them yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
        symbol: _settled(position, ours.get(symbol, ZERO), trading, instruments, by_hand=by_hand)
        if symbol in apart
        else _undisputed(position, ours.get(symbol, ZERO), trading, instruments, by_hand=by_hand)
        for symbol, position in sorted({**held, **gone}.items())
    }


def _settled(
    position: Position, ours: Decimal, trading: Trading, instruments: Instruments, *, by_hand: bool
) -> Offer | str:
    if by_hand or not position.quantity > ours:
        return _refusal(position, trading, instruments) or Offer(position.symbol, ZERO, ZERO, position.quantity)
    offer = _offer(position, ours, trading, instruments)
    return offer if isinstance(offer, str) else replace(offer, expected=position.quantity)


def _undisputed(
    position: Position, ours: Decimal, trading: Trading, instruments: Instruments, *, by_hand: bool
) -> Offer | str:
    if by_hand:
        return "it is held as the journal counts it: there is no trade by hand to settle"
    if trading.manage == "account":
        return "the whole account is managed: every long share is the bots' already"
    return _offer(position, ours, trading, instruments)


def _refusal(position: Position, trading: Trading, instruments: Instruments) -> str | None:
    if position.symbol in trading.protected:
        return "protected in the config: take it out of `protected` first"
    return never_managed(position, instruments)


def _offer(position: Position, ours: Decimal, trading: Trading, instruments: Instruments) -> Offer | str:
    if refusal := _refusal(position, trading, instruments):
        return refusal
    theirs = position.quantity - ours
    if not theirs > 0:
        return f"all {shares(position.quantity)} are the bots' already"
    return Offer(position.symbol, theirs, (position.market_value * theirs / position.quantity).quantize(CENT))
