"""How long to wait after Alpaca refused a request for exceeding its rate limit."""

from collections.abc import Mapping
from datetime import datetime
from math import isfinite

TOO_MANY_REQUESTS = 429
DEFAULT_SECONDS = 5.0
LONGEST_SECONDS = 60.0
"""Alpaca limits requests per minute."""
HEADERS = ("Retry-After", "X-RateLimit-Reset")


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds, by the header Retry-After (seconds) or X-RateLimit-Reset (Unix time), else DEFAULT_SECONDS."""
    after, reset = (_number(headers.get(name)) for name in HEADERS)
    seconds = after if after is not None else None if reset is None else reset - now.timestamp()
    return min(max(DEFAULT_SECONDS if seconds is None else seconds, 0.0), LONGEST_SECONDS)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None
