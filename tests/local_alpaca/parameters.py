"""Parameters of a market-data request, validated as strictly as by the venue."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
TICKER = re.compile(r"[A-Z][A-Z0-9]{0,11}([./][A-Z0-9]{1,5})?")

Params = Mapping[str, str]


class BadRequest(Exception):  # noqa: N818 - what the venue calls it
    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def symbols_of(params: Params) -> list[str]:
    """Sorted, without duplicates."""
    if not params.get("symbols"):
        raise BadRequest("symbols is required")
    asked = sorted(set(params["symbols"].split(",")))
    for symbol in asked:
        if not TICKER.fullmatch(symbol):
            raise BadRequest(f"invalid symbol: {symbol}")
    return asked


def one_of(name: str, params: Params, *, default: str, allowed: frozenset[str]) -> str:
    if (value := params.get(name, default)) not in allowed:
        raise BadRequest(f"invalid {name}: {value}")
    return value


def limit(params: Params, *, default: int, most: int) -> int:
    text = params.get("limit", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise BadRequest(f"invalid limit: {text}")
    return int(text)


def moment(name: str, params: Params, default: datetime) -> datetime:
    """A date is its midnight in New York; a time without a zone is in UTC."""
    if name not in params:
        return default
    try:
        found = datetime.fromisoformat(params[name])
    except ValueError as error:
        raise BadRequest(f"invalid {name}: {params[name]}") from error
    if len(params[name]) == len("2026-11-20"):
        return found.replace(tzinfo=NEW_YORK)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def to_token(*parts: object) -> str:
    return base64.b64encode("|".join(map(str, parts)).encode()).decode()


def from_token(params: Params) -> list[str] | None:
    """The parts that `to_token` put into the page token; None on the first page."""
    if not params.get("page_token"):
        return None
    try:
        return base64.b64decode(params["page_token"], validate=True).decode().split("|")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadRequest("invalid page_token") from error
