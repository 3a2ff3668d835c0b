"""What of the account is ours to manage tonight, and what is left alone."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_UP, Decimal
from types import MappingProxyType

from rebalancer.model import Holdings, Position, Symbol, Trading
from rebalancer.model.text import digits, shares
from rebalancer.portfolio.breaks import Found, could_be_renamed

CENT = Decimal("0.01")
ZERO = Decimal(0)
NOTHING: Mapping[Symbol, Decimal] = MappingProxyType({})


def sort_holdings(
    positions: Sequence[Position],
    ours: Mapping[Symbol, Decimal],
    expected: Mapping[Symbol, Decimal] | None,
    trading: Trading,
    recorded: Mapping[Symbol, Decimal] = NOTHING,
) -> Holdings:
    """The account sorted by `trading.manage`: "own" manages the shares in `ours`, "account" every long US equity.

    `ours` and `expected` are shares by symbol as the journal knows them; `expected` is None before the first record.
    A symbol that is absent counts as 0 shares, at the broker and in both mappings. The reasons in `untouchable` do not
    repeat their symbol. `others_value` is rounded up to the cent, and counts shares that open orders hold.

    `recorded` are the dollars of `expected` at the last record. What was ours of a changed symbol stays in Investable
    at its recorded dollars, or at the whole position's value where that is less: one share bought by hand, or a split
    that is not announced yet, makes no other holding be sold. What came where as much of ours went may be its new name,
    and counts by the record of the old one.
    """
    found = {} if expected is None else differences(positions, expected)
    changed, came_from = _changed(found), could_be_renamed(found)
    never = _never_traded(positions, trading)
    untouchable = changed | never
    managed: dict[Symbol, Decimal] = {}
    values: dict[Symbol, Decimal] = {}
    held: dict[Symbol, str] = {}
    kept: dict[Symbol, Decimal] = {}
    on_hold: dict[Symbol, Decimal] = {}
    others = ZERO
    for position in sorted(positions, key=lambda position: position.symbol):
        symbol = position.symbol
        wanted = ZERO if symbol in untouchable else _managed(position, ours, trading)
        quantity = min(wanted, free := _free(position))
        if quantity < wanted:
            on_hold[symbol] = wanted - quantity
            held[symbol] = _held(position.quantity - free, position.quantity)
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
    """Dollars of a changed position, recorded as `symbol`, that still count as managed; 0 where none of it was."""
    due = expected.get(symbol, ZERO)
    before = due if trading.manage == "account" else min(ours.get(symbol, ZERO), due)
    if not (before > 0 and position.quantity > 0 and position.market_value > 0):
        return ZERO
    by_record = recorded[symbol] * before / due if symbol in recorded else None
    by_shares = position.market_value * min(before, position.quantity) / position.quantity
    return min(position.market_value, by_shares if by_record is None else max(ZERO, by_record))


def _managed(position: Position, ours: Mapping[Symbol, Decimal], trading: Trading) -> Decimal:
    if trading.manage == "account":
        return position.quantity
    return min(ours.get(position.symbol, ZERO), position.quantity)


def _free(position: Position) -> Decimal:
    """The shares that no open order holds."""
    return max(ZERO, position.quantity if position.available is None else position.available)


def _held(quantity: Decimal, whole: Decimal) -> str:
    return f"{digits(quantity)} of {shares(whole)} {'is' if quantity == 1 else 'are'} held by open orders of others"


def _never_traded(positions: Sequence[Position], trading: Trading) -> dict[Symbol, str]:
    """Also what is not held at all: a bot may want to buy tonight what is protected."""
    foreign = {position.symbol: reason for position in positions if (reason := never_ours(position))}
    return foreign | dict.fromkeys(sorted(trading.protected), "protected in the config")


def _changed(found: Found) -> dict[Symbol, str]:
    """Also what is not held any more: a bot may want to buy tonight what was sold by hand."""
    return {
        symbol: f"the broker shows {shares(there)}, {digits(due)} were expected (a split or a trade by hand?): "
        "neither bought nor sold tonight"
        for symbol, (there, due) in found.items()
    }


def quantities(positions: Iterable[Position]) -> dict[Symbol, Decimal]:
    """Shares by symbol; below 0 where it is held short."""
    return {position.symbol: position.quantity for position in positions}


def equities(positions: Iterable[Position]) -> list[Position]:
    """Without options and crypto, which are never traded here."""
    return [position for position in positions if position.asset_class == "us_equity"]


def differences(
    positions: Sequence[Position], expected: Mapping[Symbol, Decimal]
) -> dict[Symbol, tuple[Decimal, Decimal]]:
    """What the broker shows and what was expected, in shares, where the two differ; sorted by symbol."""
    held = quantities(positions)
    return {
        symbol: (there, due)
        for symbol in sorted({*held, *expected})
        if (there := held.get(symbol, ZERO)) != (due := expected.get(symbol, ZERO))
    }


def never_ours(position: Position) -> str | None:
    if position.asset_class != "us_equity":
        return f"not a US equity ({position.asset_class}): never bought nor sold"
    if position.quantity < 0:
        return f"held short ({shares(position.quantity)}): never bought nor sold"
    return None
