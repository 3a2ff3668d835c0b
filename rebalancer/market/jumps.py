"""Price jumps that no corporate action explains."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np

from rebalancer.model import Closes, CorporateAction, Floats, Symbol
from rebalancer.model.text import per_share

WATCHED_SESSIONS = 5


def unexplained_jumps(
    closes: Closes,
    actions: Sequence[CorporateAction],
    most_percent: Decimal,
    sessions: int = WATCHED_SESSIONS,
) -> Mapping[Symbol, str]:
    """Symbols whose close moved by more than `most_percent` in one of the last `sessions` rows, each with a sentence.

    A close is compared with the last known one before it. An action of kind "other" between them explains any move,
    since its effect on the price is unknown. Splits and dividends explain none: adjusted closes do not show them, so
    one that shows means that the closes are not adjusted for it.
    """
    found = {}
    for column, symbol in enumerate(closes.symbols):
        own = [action for action in actions if action.symbol == symbol]
        for before, after in _moves(closes.values[:, column], sessions):
            between = [action for action in own if closes.day(before) < action.day <= closes.day(after)]
            percent = _change_percent(closes.values[before, column], closes.values[after, column])
            if not abs(percent) <= most_percent and not any(action.kind == "other" for action in between):
                found[symbol] = _sentence(closes, column, (before, after), between, percent, most_percent)
    return found


def _moves(prices: Floats, sessions: int) -> list[tuple[int, int]]:
    """Pairs of rows: the last row with a close before, and each of the last `sessions` rows with a close."""
    known = np.flatnonzero(np.isfinite(prices) & (prices > 0)).tolist()
    return [rows for rows in pairwise(known) if rows[1] >= len(prices) - sessions]


def _change_percent(before: float, after: float) -> float:
    return float(100 * (after / before - 1))


def _sentence(
    closes: Closes,
    column: int,
    rows: tuple[int, int],
    actions: Sequence[CorporateAction],
    percent: float,
    most_percent: Decimal,
) -> str:
    before, after = (Decimal(str(closes.values[row, column])) for row in rows)
    last = "tonight's price" if closes.provisional and rows[1] == len(closes.sessions) - 1 else "the close"
    why = " and ".join(action.words for action in actions)
    reason = f"its closes are not adjusted for the {why}" if why else "no corporate action explains it"
    return (
        f"{last} of {closes.day(rows[1])}, {per_share(after)}, is {percent:+.2f} % from {per_share(before)} on "
        f"{closes.day(rows[0])}, and {reason}: check its bars, or raise trading.max_jump_percent ({most_percent})"
    )
