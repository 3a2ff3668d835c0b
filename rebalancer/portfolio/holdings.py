"""Which positions are managed, which are not traded tonight, and which shares the owner may hand over to the bots."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from types import MappingProxyType

from rebalancer.model import Holdings, Instruments, Position, Symbol, Trading, instrument_of
from rebalancer.model.text import digits, shares
from rebalancer.portfolio.breaks import Found, could_be_renamed, differences

CENT = Decimal("0.01")
ZERO = Decimal(0)
NOTHING: Mapping[Symbol, Decimal] = MappingProxyType({})


def sort_holdings(
    positions: Sequence[Position],
    ours: Mapping[Symbol, Decimal],
    expected: Mapping[Symbol, Decimal] | None,
    trading: Trading,
    recorded: Mapping[Symbol, Decimal] = NOTHING,
    *,
    instruments: Instruments,
) -> Holdings:
    """The account by `trading.manage`: "own" manages the quantities in `ours`, "account" every long position.

    Positions of another asset class than their symbol's instrument are never managed.

    `ours` and `expected` are quantities by the journal; `expected` is None before the first record. A missing symbol
    counts as 0. Reasons in `untouchable` do not repeat their symbol. `others_value` is rounded up to the cent, and
    includes what open orders reserve.

    `recorded` is the value of `expected` at the last record. Our part of a changed position stays in Investable at its
    recorded value, at most at the position's value now: a share bought by hand, or a split that is not announced yet,
    must not trigger sales of other holdings. If the same quantity disappeared under another symbol, the new symbol is
    taken for its new name and counts by the old one's record.
    """
    found = {} if expected is None else differences(positions, expected)
    changed, came_from = _changed(found), could_be_renamed(found)
    never = _never_traded(positions, trading, instruments)
    untouchable = changed | never
    managed: dict[Symbol, Decimal] = {}
    values: dict[Symbol, Decimal] = {}
    held: dict[Symbol, str] = {}
    kept: dict[Symbol, Decimal] = {}
    on_hold: dict[Symbol, Decimal] = {}
    others = ZERO
    for position in sorted(positions, key=lambda position: position.symbol):
        symbol = position.symbol
        due = position.quantity if trading.manage == "account" else min(ours.get(symbol, ZERO), position.quantity)
        wanted = ZERO if symbol in untouchable else due
        free = max(ZERO, position.quantity if position.available is None else position.available)
        quantity = min(wanted, free)
        if quantity < wanted:
            on_hold[symbol] = wanted - quantity
            reserved = position.quantity - free
            are = "is" if reserved == 1 else "are"
            held[symbol] = f"{digits(reserved)} of {shares(position.quantity)} {are} held by open orders of others"
        value = position.market_value * quantity / position.quantity if quantity > 0 else ZERO
        if quantity > 0:
            managed[symbol], values[symbol] = quantity, value
        if symbol in changed and symbol not in never:
            known_as = came_from.get(symbol, symbol)
            kept[symbol] = value = _kept(position, known_as, ours, expected or {}, recorded, trading)
        others += abs(position.market_value - value)
    return Holdings(managed, untouchable, others.quantize(CENT, ROUND_UP), values, held, kept, on_hold)


def _kept(
    position: Position,
    symbol: Symbol,
    ours: Mapping[Symbol, Decimal],
    expected: Mapping[Symbol, Decimal],
    recorded: Mapping[Symbol, Decimal],
    trading: Trading,
) -> Decimal:
    """The part of a changed position's value that still counts as managed; it was recorded as `symbol`."""
    due = expected.get(symbol, ZERO)
    before = due if trading.manage == "account" else min(ours.get(symbol, ZERO), due)
    if not (before > 0 and position.quantity > 0 and position.market_value > 0):
        return ZERO
    by_record = recorded[symbol] * before / due if symbol in recorded else None
    by_shares = position.market_value * min(before, position.quantity) / position.quantity
    return min(position.market_value, by_shares if by_record is None else max(ZERO, by_record))


def _never_traded(positions: Sequence[Position], trading: Trading, instruments: Instruments) -> dict[Symbol, str]:
    """Includes symbols that are not held: a bot may want to buy a protected one."""
    foreign = {position.symbol: reason for position in positions if (reason := never_managed(position, instruments))}
    return foreign | dict.fromkeys(sorted(trading.protected), "protected in the config")


def _changed(found: Found) -> dict[Symbol, str]:
    """Includes symbols that are not held any more: a bot may want to buy what was sold by hand."""
    return {
        symbol: f"the broker shows {shares(there)}, {digits(due)} were expected (a split or a trade by hand?): "
        "neither bought nor sold tonight"
        for symbol, (there, due) in found.items()
    }


def tradable(positions: Iterable[Position], instruments: Instruments) -> list[Position]:
    """Positions in what is traded at the venue; at a stock broker without options and crypto."""
    return [position for position in positions if _is_tradable(position, instruments)]


def _is_tradable(position: Position, instruments: Instruments) -> bool:
    return position.asset_class == instrument_of(position.symbol, instruments).asset_class


def never_managed(position: Position, instruments: Instruments) -> str | None:
    """Why the position is never traded; None where it may be."""
    if not _is_tradable(position, instruments):
        wanted = instrument_of(position.symbol, instruments).asset_class
        what = "US equity" if wanted == "us_equity" else wanted
        return f"not a {what} ({position.asset_class}): never bought nor sold"
    if position.quantity < 0:
        return f"held short ({shares(position.quantity)}): never bought nor sold"
    return None


@dataclass(frozen=True, slots=True)
class Offer:
    """Shares that the bots do not own yet, with their value by the broker's figure, and their cost by its average.

    `expected` is the position's quantity where it differs from the journal: adopting the shares settles the difference.
    """

    symbol: Symbol
    quantity: Decimal
    value: Decimal
    expected: Decimal | None = None
    cost: Decimal | None = None


Offers = Mapping[Symbol, Offer | str]
"""By symbol: the shares that can be handed over, or the reason why none can."""


def offers(
    positions: Sequence[Position],
    ours: Mapping[Symbol, Decimal],
    trading: Trading,
    expected: Mapping[Symbol, Decimal] | None = None,
    *,
    by_hand: bool = False,
    instruments: Instruments,
) -> Offers:
    """What the owner may hand over where `manage = "own"` does not manage it yet, sorted by symbol.

    Of every position, and of every symbol whose quantity differs from the journal's.
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
    cost = None if position.average_cost is None else (position.average_cost * theirs).quantize(CENT)
    return Offer(position.symbol, theirs, value, position.quantity if differs else None, cost)
