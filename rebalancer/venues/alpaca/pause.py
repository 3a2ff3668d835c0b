"""How long Alpaca asks to be left alone after too many requests."""

from collections.abc import Mapping
from datetime import datetime
from math import isfinite

TOO_MANY = 429
UNTOLD_SECONDS = 5.0
LONGEST_SECONDS = 60.0
"""Alpaca counts requests by the minute."""
HEADERS = ("Retry-After", "X-RateLimit-Reset")


def pause(headers: Mapping[str, str], now: datetime) -> float:
    """In seconds, by Retry-After (seconds) or X-RateLimit-Reset (a moment); either may be missing or no number."""
    after, reset = (_number(headers.get(name)) for name in HEADERS)
    seconds = after if after is not None else None if reset is None else reset - now.timestamp()
    return min(max(UNTOLD_SECONDS if seconds is None else seconds, 0.0), LONGEST_SECONDS)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None
