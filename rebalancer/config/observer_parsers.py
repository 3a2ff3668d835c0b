"""Parsers of what only [metrics] and [[notify]] have. Each raises ValueError with what is allowed."""

import re
from contextlib import suppress
from datetime import time
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rebalancer.config.parsers import parser, path, shown
from rebalancer.model import NoticeKind, QuietHours

NOTICE_KINDS = get_args(NoticeKind)


@parser({"type": "array", "items": {"enum": list(NOTICE_KINDS)}, "minItems": 1})
def notice_kinds(value: object) -> frozenset[NoticeKind]:
    if isinstance(value, list) and value and all(kind in NOTICE_KINDS for kind in value):
        return frozenset(value)
    raise ValueError(f"{shown(value)} is not allowed: use a list of {', '.join(NOTICE_KINDS)}")


QUIET_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d) ([A-Za-z0-9_+/-]+)", re.ASCII)


@parser({"type": "string", "pattern": f"^{QUIET_HOURS.pattern}$"})
def quiet_hours(value: object) -> QuietHours:
    """Times of day with their zone, as in "22:00-07:00 Europe/Berlin"."""
    if isinstance(value, str) and (found := QUIET_HOURS.fullmatch(value)) and found[0][:5] != found[0][6:11]:
        begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups()[:4])
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return QuietHours(time(begin_hour, begin_minute), time(end_hour, end_minute), ZoneInfo(found[5]))
    raise ValueError(f'{shown(value)} is not allowed: write it as "22:00-07:00 Europe/Berlin", with the zone')


@parser({"type": "string", "pattern": r"\.prom$"}, text=True)
def metrics_file(value: object) -> Path:
    """A path that ends in .prom: a collector reads no other file."""
    if isinstance(value, str) and value.endswith(".prom"):
        found: Path = path(value)
        return found
    raise ValueError(f'{shown(value)} is not allowed: use a path that ends in .prom, such as "rebalance.prom"')
