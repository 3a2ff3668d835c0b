"""JSON of corporate actions, grouped by kind and searched by their processing day."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from local_alpaca.adjustments import Action
from local_alpaca.parameters import NEW_YORK, BadRequest, Params, from_token, limit, moment, one_of, to_token

KINDS = frozenset(
    {
        "cash_dividend",
        "cash_merger",
        "contract_adjustment",
        "forward_split",
        "name_change",
        "partial_call",
        "redemption",
        "reorganization",
        "reverse_split",
        "rights_distribution",
        "spin_off",
        "stock_and_cash_merger",
        "stock_dividend",
        "stock_merger",
        "unit_split",
        "worthless_removal",
    }
)
CUSIP = "123456109"


def page(actions: Sequence[Action], params: Params, now: datetime) -> dict[str, Any]:
    most = limit(params, default=100, most=1000)
    asked = _asked(actions, params, now)
    first = _first(params)
    groups: dict[str, list[dict[str, Any]]] = {}
    for action in asked[first : first + most]:
        groups.setdefault(f"{action.kind}s", []).append(body(action))
    token = to_token(first + most) if first + most < len(asked) else None
    return {"corporate_actions": groups, "next_page_token": token}


def _asked(actions: Sequence[Action], params: Params, now: datetime) -> list[Action]:
    """Announced by `now`, of the requested symbols and kinds, processed from `start` to `end` (by default today)."""
    first, last = (moment(name, params, now).astimezone(NEW_YORK).date() for name in ("start", "end"))
    symbols = {symbol for symbol in params.get("symbols", "").split(",") if symbol}
    kinds = {kind for kind in params.get("types", "").split(",") if kind} or KINDS
    if strangers := kinds - KINDS:
        raise BadRequest(f"invalid type: {min(strangers)}")
    found = [
        action
        for action in actions
        if (action.known_from is None or action.known_from <= now)
        and (not symbols or symbols & action.symbols)
        and action.kind in kinds
        and first <= action.process_date <= last
    ]
    newest_first = one_of("sort", params, default="asc", allowed=frozenset({"asc", "desc"})) == "desc"
    return sorted(found, key=lambda action: (action.process_date, action.symbol), reverse=newest_first)


def _first(params: Params) -> int:
    parts = from_token(params) or ["0"]
    if not parts[0].isdecimal():
        raise BadRequest("invalid page_token")
    return int(parts[0])


def body(action: Action) -> dict[str, Any]:
    """The fields of its kind, then those of every kind."""
    given = {name: float(value) if isinstance(value, Decimal) else value for name, value in action.fields.items()}
    own = {**_fields(action), **given}
    name = f"{action.kind}/{action.symbol}/{action.ex_date}"
    return {"id": str(uuid5(NAMESPACE_URL, name)), **own, "process_date": str(action.process_date)}


def _fields(action: Action) -> dict[str, Any]:
    dates = _dates(action)
    match action.kind:
        case "name_change":
            return {"old_symbol": action.symbol, "old_cusip": CUSIP, "new_cusip": CUSIP}
        case "spin_off":
            source = {"source_symbol": action.symbol, "source_cusip": CUSIP, "source_rate": 1, "new_cusip": CUSIP}
            return {**source, "new_rate": 1, **dates}
        case "reverse_split":
            return {"symbol": action.symbol, "old_cusip": CUSIP, "new_cusip": CUSIP, **dates}
        case "cash_dividend":
            return {"symbol": action.symbol, "cusip": CUSIP, "special": False, "foreign": False, **dates}
        case _:
            return {"symbol": action.symbol, "cusip": CUSIP, **dates}


def _dates(action: Action) -> dict[str, str]:
    ex_date = str(action.ex_date)
    return {"ex_date": ex_date, "record_date": ex_date, "payable_date": str(action.process_date)}
