"""Validation of an order in the venue's sequence: fields, asset, session, price."""

import uuid
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from local_alpaca.orders import NINE_PLACES, Ticket
from local_alpaca.sessions import NEW_YORK, Sessions

MALFORMED, UNPROCESSABLE, FORBIDDEN = 40010001, 42210000, 40310000
STATUS_OF = {MALFORMED: 422, UNPROCESSABLE: 422, FORBIDDEN: 403}
AUCTION_CUTOFF = timedelta(minutes=10)
AUCTION_REOPENS = time(19)
KINDS = {"market", "limit", "stop", "stop_limit"}

Asset = Mapping[str, object]


class RefusalError(Exception):
    """The order is refused. `extras` are further fields of the body."""

    def __init__(self, code: int, message: str, **extras: str) -> None:
        super().__init__(message)
        self.status = STATUS_OF[code]
        self.body: dict[str, object] = {"code": code, "message": message, **extras}


def check(refused: bool, code: int, message: str) -> None:  # noqa: FBT001 - reads as "refuse if"
    if refused:
        raise RefusalError(code, message)


def ticket_of(body: Mapping[str, object]) -> Ticket:
    """The order in `body`. Raises RefusalError for an invalid one."""
    symbol, side, kind = body.get("symbol"), body.get("side"), body.get("type")
    check(not isinstance(symbol, str) or not symbol, MALFORMED, "symbol is required")
    quantity, notional = _amount(body, "qty"), _amount(body, "notional")
    check(quantity is None and notional is None, MALFORMED, "qty or notional is required")
    check(quantity is not None and notional is not None, MALFORMED, "only one of qty or notional is accepted")
    check(quantity is not None and not quantity > 0, MALFORMED, "qty must be > 0")
    check(notional is not None and not notional > 0, MALFORMED, "notional must be > 0")
    check(side not in {"buy", "sell"}, MALFORMED, "invalid side")
    check(kind not in KINDS, MALFORMED, "invalid order type")
    lasts = body.get("time_in_force")
    check(lasts not in {"day", "gtc", "cls"}, MALFORMED, "invalid time_in_force")
    limit, stop = _amount(body, "limit_price"), _amount(body, "stop_price")
    check(kind in {"limit", "stop_limit"} and limit is None, MALFORMED, "limit orders require a limit price")
    check(kind in {"stop", "stop_limit"} and stop is None, MALFORMED, "stop orders require a stop price")
    no_price = kind == "market" and (limit is not None or stop is not None)
    check(no_price, MALFORMED, "market orders require no stop or limit price")
    client_id = body.get("client_order_id") or str(uuid.uuid4())
    check(len(str(client_id)) > 128, MALFORMED, "client_order_id must be no more than 128 characters")
    return Ticket(
        symbol=str(symbol),
        side="buy" if side == "buy" else "sell",
        kind=str(kind),
        time_in_force=str(lasts),
        # The real venue cuts off further decimal places without an error.
        shares=(quantity or Decimal(0)).quantize(NINE_PLACES, ROUND_DOWN),
        notional=notional,
        limit=limit,
        stop=stop,
        extended=body.get("extended_hours") is True,
        client_id=str(client_id),
        order_class=str(body.get("order_class") or ""),
        intent=_intent(body),
    )


def check_account(account: Mapping[str, object]) -> None:
    suspended = account["trade_suspended_by_user"] is True
    check(suspended, FORBIDDEN, "new orders are rejected by user request")
    barred = account["status"] != "ACTIVE" or account["account_blocked"] is True or account["trading_blocked"] is True
    check(barred, FORBIDDEN, "account is not authorized to trade")


def check_asset(ticket: Ticket, asset: Asset | None) -> None:
    name = f'asset "{ticket.symbol}"'
    if asset is None:
        raise RefusalError(UNPROCESSABLE, f"{name} not found")
    check(asset["status"] != "active", UNPROCESSABLE, f"{name} is not active")
    check(asset["tradable"] is not True, UNPROCESSABLE, f"{name} is not tradable")
    fraction = ticket.notional is not None or ticket.shares % 1 != 0
    check(fraction and asset["fractionable"] is not True, FORBIDDEN, f"{name} is not fractionable")


def check_terms(ticket: Ticket) -> None:
    """Fractions, ticks and trading hours."""
    fraction = ticket.notional is not None or ticket.shares % 1 != 0
    check(fraction and ticket.time_in_force != "day", UNPROCESSABLE, "fractional orders must be DAY orders")
    complex_order = ticket.order_class not in {"", "simple"}
    check(fraction and complex_order, UNPROCESSABLE, "fractional orders must be simple orders")
    check(complex_order, UNPROCESSABLE, "complex orders are not taken here")
    too_fine = ticket.notional is not None and ticket.notional % Decimal("0.01") != 0
    check(too_fine, UNPROCESSABLE, "notional value must be limited to 2 decimal places")
    for name, price in (("limit_price", ticket.limit), ("stop_price", ticket.stop)):
        if price is not None:
            tick = Decimal("0.01") if price >= 1 else Decimal("0.0001")
            rule = f"invalid {name} {price}. sub-penny increment does not fulfill minimum pricing criteria"
            check(price % tick != 0 or price <= 0, UNPROCESSABLE, rule)
    early_or_late = ticket.extended and (ticket.kind != "limit" or ticket.time_in_force == "cls")
    check(early_or_late, UNPROCESSABLE, "extended hours order must be DAY or GTC limit orders")


def check_auction(ticket: Ticket, sessions: Sessions, now: datetime) -> None:
    """From ten minutes before the close to 19:00 New York time no orders for the closing auction are accepted."""
    session = sessions.of(now.astimezone(NEW_YORK).date())
    if ticket.time_in_force != "cls" or session is None:
        return
    reopens = datetime.combine(session.day, AUCTION_REOPENS, NEW_YORK)
    cutoff = session.closes - AUCTION_CUTOFF
    late = f"market on close orders must be submitted before {cutoff:%H:%M}"
    check(cutoff <= now < reopens, UNPROCESSABLE, late)


def _intent(body: Mapping[str, object]) -> str | None:
    """Published: buy_to_open, buy_to_close, sell_to_open, sell_to_close. Recorded for any other value: 422
    "invalid position_intent specified" (alpacahq/alpaca-trade-api-go#289); the other side's is taken for none here.
    """
    intent = body.get("position_intent")
    if intent is None:
        return None
    known = str(intent) in {f"{body['side']}_to_open", f"{body['side']}_to_close"}
    check(not known, MALFORMED, "invalid position_intent specified")
    return str(intent)


def _amount(body: Mapping[str, object], name: str) -> Decimal | None:
    """Numbers and strings alike; None where the field is missing."""
    written = body.get(name)
    if written is None:
        return None
    try:
        amount = Decimal(str(written))
    except InvalidOperation:
        amount = Decimal("NaN")
    check(not amount.is_finite(), MALFORMED, f"invalid {name}")
    return amount
