"""Made-up prices of a dozen funds with real names, the same on every machine."""

import math
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from hashlib import sha256
from itertools import pairwise

from local_alpaca.sessions import Sessions

FIRST, LAST = date(2022, 1, 3), date(2028, 12, 29)
CENT = Decimal("0.01")
WALKS: Mapping[str, tuple[float, float, float]] = {
    "SPY": (470.0, 0.0004, 0.010),
    "QQQ": (390.0, 0.0005, 0.014),
    "IWM": (220.0, 0.0003, 0.013),
    "EFA": (78.0, 0.0002, 0.010),
    "TLT": (120.0, 0.0001, 0.009),
    "IEF": (105.0, 0.0001, 0.004),
    "GLD": (170.0, 0.0003, 0.009),
    "DBC": (21.0, 0.0001, 0.011),
    "VNQ": (110.0, 0.0002, 0.012),
}
"""By symbol: the first close in dollars, and the drift and the size of a day's move as fractions."""
BILLS = {"SGOV": 100.4, "BIL": 91.5}
INTEREST = 0.00016
"""Daily interest of a Treasury bill fund, as a fraction; it is paid out each month."""


@cache
def closes() -> dict[str, dict[date, Decimal]]:
    """By symbol and session, in dollars as they were traded. SH moves against SPY."""
    days = _days()
    walked = {symbol: _walk(days, first, _moves(symbol, days, *rest)) for symbol, (first, *rest) in WALKS.items()}
    against = [-move for move in _moves("SPY", days, *WALKS["SPY"][1:])]
    bills = {symbol: _bills(days, first) for symbol, first in BILLS.items()}
    return {**walked, "SH": _walk(days, 15.0, against), **bills}


def dividends() -> Iterator[tuple[str, date, Decimal]]:
    """Dividends of the Treasury bill funds, on the first session of each month: symbol, ex-date, dollars a share."""
    days = _days()
    for symbol, first in BILLS.items():
        earned = 0
        for before, day in pairwise(days):
            earned += 1
            if day.month != before.month:
                yield symbol, day, _to_cent(first * INTEREST * earned)
                earned = 0


def _days() -> tuple[date, ...]:
    return tuple(session.day for session in Sessions().between(FIRST, LAST))


def _moves(symbol: str, days: tuple[date, ...], drift: float, size: float) -> list[float]:
    """Daily returns as fractions, within 2 sizes of the drift; pseudo-random by symbol and day."""
    drawn = (int.from_bytes(sha256(f"{symbol} {day}".encode()).digest()[:4]) / 2**32 for day in days)
    return [drift + size * (4 * share - 2) for share in drawn]


def _walk(days: tuple[date, ...], first: float, moves: list[float]) -> dict[date, Decimal]:
    price, walked = first, {}
    for day, move in zip(days, moves, strict=True):
        price *= math.exp(move)
        walked[day] = _to_cent(price)
    return walked


def _bills(days: tuple[date, ...], first: float) -> dict[date, Decimal]:
    """Closes that rise by the daily interest and fall by the monthly dividend."""
    earned, priced, month = 0, {}, days[0].month
    for day in days:
        earned = 0 if day.month != month else earned + 1
        month = day.month
        priced[day] = _to_cent(first * (1 + INTEREST * earned))
    return priced


def _to_cent(dollars: float) -> Decimal:
    return Decimal(dollars).quantize(CENT)
