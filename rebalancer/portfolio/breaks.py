"""Reconciliation breaks: positions that differ from the journal.

Quantities are restated where announced splits and renames explain the whole difference. Otherwise a break stays open if
a split or a rename could have caused it; any other quantity must be a trade by hand.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from math import ceil, prod
from operator import attrgetter
from types import MappingProxyType

from rebalancer.events import Restated
from rebalancer.model import CorporateAction, Difference, Position, Symbol
from rebalancer.model.text import digits, shares

SMALLEST_PART = Decimal("1e-9")
"""Brokers report nine decimals of a share and truncate the rest."""
WHOLE = Decimal(1)
ANNOUNCED_WITHIN = timedelta(days=30)
LARGEST = 100
"""The largest number in a split of n for m, and the largest product of the two: no company splits 30 for 29."""
COMMON = 20
"""The largest product where the fraction of a share was paid out in cash, so that only whole shares remain."""
STOCK_DIVIDENDS = [Fraction(200 + halves, 200) for halves in range(1, 21)]
"""0.5 % to 10 %, in steps of 0.5 %."""

ZERO = Decimal(0)
INEXACT = Decimal("1e-12")
"""Precision of quantities after a ratio such as 1/3, which Decimal can't represent exactly."""
LARGEST_RATIO = 1_000_000
NONE_OPEN: Mapping[Symbol, Difference] = MappingProxyType({})
Found = Mapping[Symbol, tuple[Decimal, Decimal]]
"""By symbol: the broker's quantity and the expected one."""


def quantities(positions: Iterable[Position]) -> dict[Symbol, Decimal]:
    """Quantity by symbol, negative for a short."""
    return {position.symbol: position.quantity for position in positions}


def differences(positions: Sequence[Position], expected: Mapping[Symbol, Decimal]) -> Found:
    """Where the two differ, sorted."""
    held = quantities(positions)
    return {
        symbol: (there, due)
        for symbol in sorted({*held, *expected})
        if (there := held.get(symbol, ZERO)) != (due := expected.get(symbol, ZERO))
    }


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


@dataclass(frozen=True, slots=True)
class _Change:
    """`actions` turn `before` shares of `old` into `after` shares of `new`."""

    old: Symbol
    new: Symbol
    before: Decimal
    after: Decimal
    actions: tuple[CorporateAction, ...]

    @property
    def ratio(self) -> Decimal:
        return prod((action.ratio for action in self.actions), start=Decimal(1))

    @property
    def words(self) -> str:
        return " and ".join(_named(action) for action in self.actions)


def restatements(
    positions: Sequence[Position],
    ours: Mapping[Symbol, Decimal],
    expected: Mapping[Symbol, Decimal],
    actions: Sequence[CorporateAction],
    *,
    recorded: date,
    restated: Mapping[Symbol, date],
    today: date,
    account: str,
    at: datetime,
    unexplained: Mapping[Symbol, Difference],
) -> tuple[Restated, ...]:
    """Restatements of `ours` and `expected` by the `actions` with an ex-date from `recorded` to `today`.

    The session `recorded` itself counts, since brokers may book a split a day late. An action is ignored if its symbol
    was `restated` on or after its day. An `unexplained` break considers the actions from the record that it differs
    from to the session in which it was first seen.

    Only symbols whose quantity differs from `expected` are restated, and only if the broker's quantity is exactly
    expected x ratio, truncated to nine decimals or to whole shares (the fraction was paid in cash). With several
    splits the ratio is the product of all of them, or of the latest ones. If all shares were ours, all stay ours; else
    our part is rounded down. A rename needs the whole quantity under the new symbol and none under the old one; it
    gives two events.
    """
    shown = quantities(positions)
    pending = _pending(actions, recorded, restated, today, unexplained)
    changes = (_change(symbol, shown, expected, pending) for symbol in differences(positions, expected))
    return tuple(
        event
        for change in changes
        if change is not None
        for event in _events(change, ours.get(change.old, ZERO), account, at)
    )


def unbooked_splits(
    managed: Mapping[Symbol, Decimal],
    actions: Sequence[CorporateAction],
    *,
    recorded: date,
    restated: Mapping[Symbol, date],
    today: date,
) -> dict[Symbol, str]:
    """The `managed` symbols not to trade tonight, with the reason: a split is announced that the broker has not booked.

    The price is already that of the new shares and the quantity still that of the old ones, so neither a value nor an
    order can be computed. `restated` must include the result of `restatements`.
    """
    return {
        action.symbol: f"the broker's quantity shows no {_named(action)} yet: neither bought nor sold tonight"
        for action in _pending(actions, recorded, restated, today)
        if action.kind == "split" and managed.get(action.symbol, ZERO) > 0
    }


def _pending(
    actions: Sequence[CorporateAction],
    recorded: date,
    restated: Mapping[Symbol, date],
    today: date,
    unexplained: Mapping[Symbol, Difference] = NONE_OPEN,
) -> list[CorporateAction]:
    """Actions from `recorded` to `today`, by day, that our quantities do not reflect yet, under either name."""
    since = {symbol: (difference.recorded, difference.opened) for symbol, difference in unexplained.items()}
    return sorted(
        (
            action
            for action in actions
            for first, last in [since.get(action.symbol, (recorded, today))]
            if first <= action.day <= last
            and all(restated.get(name, date.min) < action.day for name in (action.symbol, action.renamed) if name)
        ),
        key=attrgetter("day"),
    )


def _named(action: CorporateAction) -> str:
    return action.words or f"{action.kind} of {action.day}"


def _change(
    old: Symbol,
    shown: Mapping[Symbol, Decimal],
    expected: Mapping[Symbol, Decimal],
    actions: Sequence[CorporateAction],
) -> _Change | None:
    renames = {action.renamed: action for action in actions if action.symbol == old and action.renamed}
    new, *others = renames or (old,)
    if others or (new != old and (shown.get(old) or expected.get(new))):
        return None
    splits = [action for action in actions if action.kind == "split" and action.symbol in {old, new}]
    before, after = expected.get(old, ZERO), shown.get(new, ZERO)
    # The record may include the first of them: shares bought on the day of a split are new ones.
    latest = (splits[first:] for first in range(len(splits) or 1))
    changes = (_Change(old, new, before, after, (*renames.values(), *some)) for some in latest)
    return next(filter(_is_explained, changes), None)


def _is_explained(change: _Change) -> bool:
    """Whether the actions explain the whole change. Only a split may lose a fraction of a share."""
    ratio = change.ratio
    if not (change.actions and ratio.is_finite() and 0 < ratio < LARGEST_RATIO):
        return False
    if not (change.before > 0 and change.after > 0):
        return False
    due = (change.before * ratio).quantize(INEXACT)
    parts = () if ratio == 1 else (SMALLEST_PART, WHOLE)
    return change.after in {due, *(due.quantize(part, ROUND_DOWN) for part in parts)}


def _events(change: _Change, mine: Decimal, account: str, at: datetime) -> Iterator[Restated]:
    scaled = (mine * change.ratio).quantize(INEXACT).quantize(SMALLEST_PART, ROUND_DOWN)
    now = change.after if mine >= change.before else min(scaled, change.after)
    if change.new == change.old:
        yield Restated(at, account, change.new, now, change.after, f"{change.words}: {_ours(mine, now)}")
        return
    day = next(action.day for action in change.actions if action.renamed)
    come = f"was {change.old} ({change.words}): {_ours(mine, now)}"
    yield Restated(at, account, change.old, ZERO, ZERO, change.words)
    yield Restated(at, account, change.new, now, change.after, come, change.old, day)


def _ours(before: Decimal, now: Decimal) -> str:
    if not before:
        return "none of it is ours"
    return f"our {shares(before)} {'is' if before == 1 else 'are'} {digits(now)} now"
