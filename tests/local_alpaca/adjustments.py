"""Unadjusted closes and corporate actions, and the adjusted closes that a vendor computes from both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

ONE = Decimal(1)
SPLITS = frozenset({"forward_split", "reverse_split", "stock_dividend"})
DIVIDENDS = frozenset({"cash_dividend"})
ADJUSTMENTS: Mapping[str, frozenset[str]] = {
    "raw": frozenset(),
    "split": SPLITS,
    "dividend": DIVIDENDS,
    "spin-off": frozenset(),  # announced without a value, so no close is adjusted for it
    "all": SPLITS | DIVIDENDS,
}
"""The kinds of actions that each value of `adjustment` applies; several values are joined by commas."""


@dataclass(frozen=True, slots=True)
class Action:
    """A corporate action. `fields` are those of its kind, as in the body.

    Closes before `ex_date` are adjusted for it only where it is `applied`. It is announced from `known_from` on, always
    where that is None.
    """

    kind: str
    symbol: str
    ex_date: date
    process_date: date
    applied: bool = True
    known_from: datetime | None = None
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def symbols(self) -> frozenset[str]:
        """Every symbol that finds it: that of the share, and the one it is renamed to or spun off as."""
        return frozenset({self.symbol, str(self.fields.get("new_symbol", self.symbol))})

    def number(self, name: str) -> Decimal:
        return Decimal(str(self.fields[name]))

    def factor(self, before: Decimal) -> Decimal:
        """The factor of every price before the ex-date; `before` is the last unadjusted close before it, in dollars."""
        match self.kind:
            case "forward_split" | "reverse_split":
                return self.number("old_rate") / self.number("new_rate")
            case "stock_dividend":
                return ONE / (ONE + self.number("rate"))
            case "cash_dividend":
                return ONE - self.number("rate") / before
            case _:
                return ONE


def kinds_of(adjustment: str) -> frozenset[str] | None:
    """None for an adjustment that does not exist."""
    parts = adjustment.split(",")
    return frozenset().union(*(ADJUSTMENTS[part] for part in parts)) if ADJUSTMENTS.keys() >= set(parts) else None


def adjusted(closes: Mapping[date, Decimal], actions: Iterable[Action], kinds: frozenset[str]) -> dict[date, Decimal]:
    """`closes` in the order of their days, each scaled by every applied action of `kinds` that came after it."""
    ahead = sorted((action for action in actions if action.applied and action.kind in kinds), key=lambda a: a.ex_date)
    factor, scaled = ONE, {}
    for day in sorted(closes, reverse=True):
        while ahead and ahead[-1].ex_date > day:
            factor *= ahead.pop().factor(closes[day])
        scaled[day] = closes[day] * factor
    return dict(reversed(scaled.items()))
