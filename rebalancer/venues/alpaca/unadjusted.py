"""Adjusts closes for a split or dividend of today that Alpaca's bars are not adjusted for yet."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from rebalancer.model import Closes, CorporateAction, Floats, Symbol

COUNTED = ("split", "dividend")
"""Kinds of corporate actions whose effect on earlier closes is known."""


def adjusted_for(
    closes: Closes, traded: Mapping[Symbol, Mapping[date, float]], actions: Sequence[CorporateAction]
) -> Closes:
    """`closes` adjusted for `actions`, all of the day after the last session, with a note for each.

    `traded` are unadjusted closes in dollars. Where a symbol's last adjusted close is nearer to its traded close than
    to the close that the actions imply, the bars do not reflect the actions yet, and its closes are multiplied: by
    old / new shares for a split, by 1 - dividend / close for a dividend, which is paid on the old shares. Where that
    can't be decided, or the action has no known effect, there is only the note.
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
    """Multiplies `prices` in place unless they are adjusted for the actions already."""
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
