"""Which orders and executions a list shows, and in what order."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from local_alpaca.json_bodies import Json, activity, activity_id
from local_alpaca.order_validation import MALFORMED, RefusalError
from local_alpaca.orders import Order
from local_alpaca.sessions import NEW_YORK

Row = TypeVar("Row")
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def orders_page(orders: Sequence[Order], params: Mapping[str, str]) -> Sequence[Order]:
    """Raises RefusalError for an invalid parameter."""
    wanted = params.get("status", "open")
    if wanted not in {"open", "closed", "all"}:
        raise RefusalError(MALFORMED, "invalid status")
    after, until = _time(params, "after", FIRST), _time(params, "until", LAST)
    symbols = params["symbols"].split(",") if params.get("symbols") else None
    shown = [
        order
        for order in orders
        if wanted in {"all", "open" if order.open else "closed"}
        and after < order.created < until
        and (symbols is None or order.ticket.symbol in symbols)
        and params.get("side") in {None, "", order.ticket.side}
    ]
    ids = [order.id for order in shown]
    if (start := params.get("after_order_id")) in ids:
        shown = shown[ids.index(start) + 1 :]
    if (end := params.get("before_order_id")) in ids:
        shown = shown[: ids.index(end)]
    return _directed(shown, params)[: _size(params, "limit", 50, 500)]


def activities_page(orders: Sequence[Order], params: Mapping[str, str], seen: datetime) -> list[Json]:
    """The page of executions up to `seen` that follows the activity `page_token`. Raises RefusalError."""
    after, until = _time(params, "after", FIRST), _time(params, "until", LAST)
    rows = sorted(
        (
            (execution.at, activity_id(execution), order, execution)
            for order in orders
            for execution in order.executions
        ),
        key=lambda row: row[:2],
    )
    shown = [
        (identity, activity(order, execution))
        for at, identity, order, execution in rows
        if at <= seen and after < at < until and _on(params.get("date"), at)
    ]
    shown = _directed(shown, params)
    ids = [identity for identity, _ in shown]
    start = ids.index(params["page_token"]) + 1 if params.get("page_token") in ids else 0
    return [entry for _, entry in shown[start : start + _size(params, "page_size", 100, 100)]]


def _on(day: str | None, at: datetime) -> bool:
    return not day or at.astimezone(NEW_YORK).date() == date.fromisoformat(day[:10])


def _directed(rows: list[Row], params: Mapping[str, str]) -> list[Row]:
    """Newest first by default."""
    direction = params.get("direction", "desc")
    if direction not in {"asc", "desc"}:
        raise RefusalError(MALFORMED, "invalid direction")
    return rows if direction == "asc" else rows[::-1]


def _time(params: Mapping[str, str], name: str, default: datetime) -> datetime:
    """A date or a time; without a zone it is UTC."""
    if not params.get(name):
        return default
    try:
        at = datetime.fromisoformat(params[name])
    except ValueError:
        raise RefusalError(MALFORMED, f"invalid {name}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _size(params: Mapping[str, str], name: str, default: int, most: int) -> int:
    size = params.get(name) or str(default)
    if not size.isdigit() or not 1 <= int(size) <= most:
        raise RefusalError(MALFORMED, f"invalid {name}")
    return int(size)
