"""Reconciliation breaks: positions that differ from the journal without an announced corporate action.

A break stays open if a split or a rename could have caused it; any other quantity must be a trade by hand.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from rebalancer.model import Difference, Symbol

SMALLEST_PART = Decimal("1e-9")
"""Brokers report nine decimals of a share and truncate the rest."""
WHOLE = Decimal(1)
ANNOUNCED_WITHIN = timedelta(days=30)
LARGEST = 100
"""The largest number in a split of n for m, and the largest product of the two: nobody splits 30 for 29."""
COMMON = 20
"""The largest product where the fraction of a share was paid out in cash, so that only whole shares remain."""
STOCK_DIVIDENDS = [Fraction(200 + halves, 200) for halves in range(1, 21)]
"""0.5 % to 10 %, in steps of 0.5 %."""

Found = Mapping[Symbol, tuple[Decimal, Decimal]]
"""By symbol: the broker's quantity and the expected one."""


def could_be_split(before: Decimal, after: Decimal) -> bool:
    """Whether a split or stock dividend could turn `before` into `after` shares, to nine decimals or whole shares."""
    if not (before.is_finite() and after.is_finite() and before > 0 and after > 0 and before != after):
        return False
    low, high, whole = (Fraction(after + cut) / Fraction(before) for cut in (Decimal(0), SMALLEST_PART, WHOLE))
    paid_in_cash = after == after.to_integral_value() and _is_split(low, whole, COMMON)
    return paid_in_cash or _is_split(low, high, LARGEST) or any(low <= ratio < high for ratio in STOCK_DIVIDENDS)


def _is_split(low: Fraction, high: Fraction, most: int) -> bool:
    """Whether a split ratio n / m lies in [low, high), with n x m at most `most` or n = 1."""
    plain = ((ceil(low * old), old) for old in range(1, LARGEST + 1))
    return any(new < high * old and new != old and (new == 1 or new * old <= most) for new, old in plain)


def could_be_renamed(found: Found) -> dict[Symbol, Symbol]:
    """Old symbol by new one, where a position disappeared and one of the same (or a split) quantity appeared."""
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
    """The breaks in `found` that stay open: those open `already`, and those that may be a split or rename of `ours`.

    `recorded` is the session of the record that new breaks differ from.
    """
    pairs = {new: old for new, old in could_be_renamed(found).items() if old in ours}
    split = {symbol for symbol, (there, due) in found.items() if symbol in ours and could_be_split(due, there)}
    fresh = {*split, *pairs, *pairs.values()}
    return {
        symbol: replace(already.get(symbol, Difference(there, recorded, today)), shown=there)
        for symbol, (there, _) in found.items()
        if symbol in already or symbol in fresh
    }


def may_be_announced(difference: Difference, today: date) -> bool:
    """Whether an announcement may still come."""
    return today - difference.opened <= ANNOUNCED_WITHIN


def break_text(symbol: Symbol, difference: Difference, today: date) -> str:
    """The nightly sentence about an open break, with the remedy."""
    way_out = (
        f"`rebalance adopt {symbol}` hands all that is held of it to the bots; with --by-hand it was your own trade, "
        "and only what was theirs stays theirs"
    )
    if may_be_announced(difference, today):
        last = difference.opened + ANNOUNCED_WITHIN
        return f"left alone until a split or rename is announced, or until {last}. You can settle it now: {way_out}"
    days = ANNOUNCED_WITHIN.days
    return (
        f"nothing announced in {days} days from {difference.opened} explains it, so you must say whose it is: {way_out}"
    )
