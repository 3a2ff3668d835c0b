"""Differences between what is held and what was expected that nothing announced explains yet.

A trade by hand is known by its size: no split or rename makes such a quantity. Whatever could be one stays open.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from rebalancer.model import Difference, Symbol

SMALLEST_PART = Decimal("1e-9")
"""Venues show nine decimals of a share at most, and truncate the rest."""
WHOLE = Decimal(1)
ANNOUNCED_WITHIN = timedelta(days=30)
LARGEST = 100
"""Of the numbers in `n for m`, and of their product: nobody splits 30 for 29."""
COMMON = 20
"""The largest product of those that also explain a quantity whose fraction was paid in cash."""
STOCK_DIVIDENDS = [Fraction(200 + halves, 200) for halves in range(1, 21)]
"""Half a percent to 10 %."""

Found = Mapping[Symbol, tuple[Decimal, Decimal]]
"""By symbol: the shares that the broker shows, and those that were expected."""


def could_be_split(before: Decimal, after: Decimal) -> bool:
    """Whether a split or a stock dividend could make `after` shares of `before`, to nine places or to whole shares."""
    if not (before.is_finite() and after.is_finite() and before > 0 and after > 0 and before != after):
        return False
    low, high, whole = (Fraction(after + cut) / Fraction(before) for cut in (Decimal(0), SMALLEST_PART, WHOLE))
    paid_in_cash = after == after.to_integral_value() and _is_split(low, whole, COMMON)
    return paid_in_cash or _is_split(low, high, LARGEST) or any(low <= ratio < high for ratio in STOCK_DIVIDENDS)


def _is_split(low: Fraction, high: Fraction, most: int) -> bool:
    """Whether some n for m is from `low` up to `high`, with n x m up to `most`, or 1 for m."""
    plain = ((ceil(low * old), old) for old in range(1, LARGEST + 1))
    return any(new < high * old and new != old and (new == 1 or new * old <= most) for new, old in plain)


def could_be_renamed(found: Found) -> dict[Symbol, Symbol]:
    """The symbol that came, and the one that went, where the quantities say that one may have become the other."""
    come = {symbol: there for symbol, (there, due) in found.items() if due == 0 and there > 0}
    pairs: dict[Symbol, Symbol] = {}
    for old, (there, due) in found.items():
        if there == 0 and due > 0:
            same = [new for new, shares in come.items() if shares == due and new not in pairs]
            split = [new for new, shares in come.items() if could_be_split(due, shares) and new not in pairs]
            if len(matching := same or split) == 1:
                pairs[matching[0]] = old
    return pairs


def stay_open(
    found: Found, ours: Collection[Symbol], already: Mapping[Symbol, Difference], recorded: date, today: date
) -> dict[Symbol, Difference]:
    """The differences of `found` that are not closed tonight: what is open `already`, and what could be a split or a
    rename of what is `ours`. `recorded` is the session of the record that the others differ from.
    """
    pairs = {new: old for new, old in could_be_renamed(found).items() if old in ours}
    split = {symbol for symbol, (there, due) in found.items() if symbol in ours and could_be_split(due, there)}
    fresh = {*split, *pairs, *pairs.values()}
    return {
        symbol: replace(already.get(symbol, Difference(there, recorded, today)), shown=there)
        for symbol, (there, _) in found.items()
        if symbol in already or symbol in fresh
    }


def waits(difference: Difference, today: date) -> bool:
    """Whether an announcement may still explain it."""
    return today - difference.opened <= ANNOUNCED_WITHIN


def told(symbol: Symbol, difference: Difference, today: date) -> str:
    """What is said of it every evening, with the way out."""
    way_out = (
        f"`rebalance adopt {symbol}` hands all that is held of it to the bots; with --by-hand it was your own trade, "
        "and only what was theirs stays theirs"
    )
    if waits(difference, today):
        last = difference.opened + ANNOUNCED_WITHIN
        return f"left alone until a split or rename is announced, or until {last}. You can settle it now: {way_out}"
    days = ANNOUNCED_WITHIN.days
    return (
        f"nothing announced in {days} days from {difference.opened} explains it, so you must say whose it is: {way_out}"
    )
