"""Splits and renames between two sessions: the broker's positions matched with announced corporate actions.

Quantities are restated only if the announcements explain the whole difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from math import prod
from operator import attrgetter
from types import MappingProxyType

from rebalancer.events import Restated
from rebalancer.model import CorporateAction, Difference, Position, Symbol
from rebalancer.model.text import digits, shares
from rebalancer.portfolio.breaks import SMALLEST_PART, WHOLE
from rebalancer.portfolio.holdings import differences, quantities

ZERO = Decimal(0)
INEXACT = Decimal("1e-12")
"""Precision of quantities after a ratio such as 1/3, which Decimal can't represent exactly."""
LARGEST_RATIO = 1_000_000
NONE_OPEN: Mapping[Symbol, Difference] = MappingProxyType({})


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
    unexplained: Mapping[Symbol, Difference] = NONE_OPEN,
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
