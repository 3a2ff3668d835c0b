"""Shares that were renamed while bots and settings still name them as before.

Tickers are reused: only a rename that was written into the account's own shares counts.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from rebalancer.model import Allocation, Closes, Decision, Limits, Rename, Symbol, Trading

Names = Mapping[Symbol, Symbol]
"""The new name by the old one."""


def names_now(named: Iterable[Symbol], renames: Sequence[Rename]) -> dict[Symbol, Rename]:
    """By each of `named` that has another name now: from which day on, and which. `renames` are the oldest first."""
    found: dict[Symbol, Rename] = {}
    for symbol in sorted(set(named)):
        new, day = symbol, None
        for rename in renames:
            if rename.old == new:
                new, day = rename.new, day or rename.day
        if day is not None and new != symbol:
            found[symbol] = Rename(symbol, new, day)
    return found


def why_not_followed(rename: Rename, named: Collection[Symbol], closes: Closes) -> str | None:
    """Why nobody can tell which share is meant; None where the new name is."""
    old, new, day = rename.old, rename.new, rename.day
    if new in named:
        return f"{old} was renamed to {new} on {day}, and both are named: neither is traded until only one of them is"
    if trades_again(rename, closes):
        return (
            f"{old} was renamed to {new} on {day}, and another share trades as {old} since: name the one that is meant"
        )
    if not any(math.isfinite(value) for value in closes.values[:, closes.symbols.index(new)]):
        return f"{old} was renamed to {new} on {day}, and {new} has no price history yet: it is left alone until it has"
    return None


def trades_again(rename: Rename, closes: Closes) -> bool:
    """Whether the old name has closes after the rename that are not those of the new one."""
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


def guarded(trading: Trading, names: Names) -> Trading:
    """What is protected is so under both names."""
    return replace(trading, protected=_both(trading.protected, names))


def guarded_limits(limits: Limits, names: Names) -> Limits:
    """What is allowed or denied is so under both names."""
    return replace(limits, allowed=_both(limits.allowed, names), denied=_both(limits.denied, names))


def _both(listed: tuple[Symbol, ...], names: Names) -> tuple[Symbol, ...]:
    more = {names[symbol] for symbol in listed if symbol in names}
    return (*listed, *sorted(more.difference(listed)))


def under_old_names(closes: Closes, names: Names, wanted: Collection[Symbol]) -> Closes:
    """`closes` for a bot that names `wanted`: the history of a new name in the column of the old one."""
    old = {new: old for old, new in names.items() if old in wanted}
    return replace(closes, symbols=tuple(old.get(symbol, symbol) for symbol in closes.symbols))


def under_new_names(decision: Decision, names: Names) -> Decision:
    if not isinstance(decision, Allocation):
        return decision
    weights = {names.get(symbol, symbol): weight for symbol, weight in decision.weights.items()}
    return replace(decision, weights=weights)
