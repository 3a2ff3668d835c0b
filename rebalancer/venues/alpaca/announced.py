"""History on the morning of a split or dividend that the bars do not know of yet."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from rebalancer.model import Closes, CorporateAction, Floats, Symbol

COUNTED = ("split", "dividend")
"""The kinds whose effect on earlier closes is known."""


def restated(
    closes: Closes, traded: Mapping[Symbol, Mapping[date, float]], actions: Sequence[CorporateAction]
) -> Closes:
    """`closes` as they are once `actions`, all of the day after the last session, count; each is told in a note.

    `traded` are closes as they were traded, in dollars. Where the last adjusted close of a symbol is nearer to the
    traded one than to what the actions make of it, it is not adjusted for them yet, and the symbol is multiplied here:
    by old / new shares for a split, by 1 - dividend / close for a dividend, which is paid on the old shares. Where that
    can't be told, and for what has no known effect, there is only the note.
    """
    values, notes = closes.values.copy(), list(closes.notes)
    for column, symbol in enumerate(closes.symbols):
        own = [action for action in actions if action.symbol == symbol]
        notes.extend(_marks(own))
        counted = [action for action in own if action.kind in COUNTED]
        if counted and np.isfinite(values[:, column]).any():
            notes.extend(_restate(values[:, column], closes, traded.get(symbol, {}), counted))
    return replace(closes, values=values, notes=tuple(notes))


def _marks(actions: Sequence[CorporateAction]) -> Iterator[str]:
    for action in actions:
        if action.kind not in COUNTED:
            yield f"{action.symbol}: {action.words}: its closes are not adjusted for it, and may mislead its bots."


def _restate(
    prices: Floats, closes: Closes, traded: Mapping[date, float], actions: Sequence[CorporateAction]
) -> Iterator[str]:
    """Multiplies `prices` in place where the actions are not in them yet."""
    symbol, words = actions[0].symbol, " and ".join(action.words for action in actions)
    last = int(np.flatnonzero(np.isfinite(prices))[-1])
    day, adjusted = closes.day(last), float(prices[last])
    raw = traded.get(day, math.nan)
    factor = _factor(actions, raw)
    if not (math.isfinite(factor) and factor > 0):
        yield f"{symbol}: {words}: whether its closes are adjusted for it can't be told, and they may mislead its bots."
    elif not abs(adjusted / raw - factor) <= abs(adjusted / raw - 1):
        prices *= factor
        yield (
            f"{symbol}: {words}: Alpaca's closes are not adjusted for it yet, so they are multiplied by {factor:.6g} "
            f"here: {adjusted:,.4f} USD of {day} became {prices[last]:,.4f} USD."
        )


def _factor(actions: Sequence[CorporateAction], raw: float) -> float:
    dollars = sum(float(action.dollars) for action in actions)
    ratio = math.prod(float(action.ratio) for action in actions)
    return (1 - dollars / raw) / ratio
