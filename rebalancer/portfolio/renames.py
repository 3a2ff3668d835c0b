"""Ticker changes: bots and settings may still use the old name of a renamed share.

Tickers are reused, so only renames journalled for this account's own shares count.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from rebalancer.model import Allocation, Closes, Decision, Rename, Symbol, Trading

Names = Mapping[Symbol, Symbol]
"""The new name by the old one."""


def current_names(named: Iterable[Symbol], renames: Sequence[Rename]) -> dict[Symbol, Rename]:
    """The symbols of `named` that were renamed, with the current name and the day of the first rename."""
    found: dict[Symbol, Rename] = {}
    for symbol in sorted(set(named)):
        new, day = symbol, None
        for rename in renames:
            if rename.old == new:
                new, day = rename.new, day or rename.day
        if day is not None and new != symbol:
            found[symbol] = Rename(symbol, new, day)
    return found


def ambiguity(rename: Rename, named: Collection[Symbol], closes: Closes) -> str | None:
    """Why the rename is ambiguous; None where the new name can be used."""
    old, new, day = rename.old, rename.new, rename.day
    if new in named:
        return f"{old} was renamed to {new} on {day}, and both are named: neither is traded until only one of them is"
    if old_ticker_reused(rename, closes):
        return (
            f"{old} was renamed to {new} on {day}, and another share trades as {old} since: name the one that is meant"
        )
    if not any(math.isfinite(value) for value in closes.values[:, closes.symbols.index(new)]):
        return f"{old} was renamed to {new} on {day}, and {new} has no price history yet: it is left alone until it has"
    return None


def old_ticker_reused(rename: Rename, closes: Closes) -> bool:
    """Whether the old ticker has closes after the rename that differ from the new one's: it was reused."""
    old, new = (closes.values[:, closes.symbols.index(symbol)] for symbol in (rename.old, rename.new))
    return any(
        math.isfinite(old[row]) and not math.isclose(old[row], new[row], rel_tol=1e-6)
        for row in range(len(closes.sessions))
        if closes.day(row) > rename.day
    )


def renamed_trading(trading: Trading, names: Names) -> Trading:
    fallback = trading.fallback_ticker
    return replace(
        trading,
        fallback_ticker=None if fallback is None else names.get(fallback, fallback),
        paired_tickers=tuple((names.get(a, a), names.get(b, b)) for a, b in trading.paired_tickers),
    )


def under_both_names(listed: tuple[Symbol, ...], names: Names) -> tuple[Symbol, ...]:
    more = {names[symbol] for symbol in listed if symbol in names}
    return (*listed, *sorted(more.difference(listed)))


def under_old_names(closes: Closes, names: Names, wanted: Collection[Symbol]) -> Closes:
    """`closes` for a bot that uses the symbols `wanted`: a new name's history in the column of the old name."""
    old = {new: old for old, new in names.items() if old in wanted}
    bars = closes.bars and replace(closes.bars, symbols=_under(old, closes.bars.symbols))
    return replace(closes, symbols=_under(old, closes.symbols), bars=bars)


def _under(names: Names, symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    return tuple(names.get(symbol, symbol) for symbol in symbols)


def under_new_names(decision: Decision, names: Names) -> Decision:
    if not isinstance(decision, Allocation):
        return decision
    weights = {names.get(symbol, symbol): weight for symbol, weight in decision.weights.items()}
    flips = tuple(replace(flip, symbol=flip.symbol and names.get(flip.symbol, flip.symbol)) for flip in decision.flips)
    return replace(decision, weights=weights, flips=flips)
