"""Orders in a list, on the terminal and as CSV."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

from rebalancer.journal.read import OrderSummary
from rebalancer.model import Venue
from rebalancer.model.text import digits, grouped, minute, money, price_text
from rebalancer.report.console import Screen, line
from rebalancer.report.spreadsheet import csv_text, money_cell, name_cell
from rebalancer.report.tables import grid

CSV_BEGINS = b"order,run,account,session,at,symbol,side,"
HEADER = (
    *("order", "run", "account", "session", "at", "symbol", "side", "quantity", "type", "limit", "state", "filled"),
    *("average_price", "value", "currency", "settled", "reason", "why"),
)
COLUMNS = ("#run", "time", "symbol", "side", "#shares", "#limit", "#price", "#value", "~state", "~why", "?id")


def orders_screen(orders: Sequence[OrderSummary], venues: Mapping[str, Venue]) -> Screen:
    """`venues` are by account; orders of accounts no longer in the config are shown in UTC and without a currency."""
    if not orders:
        yield line("The journal has no order yet.")
        return
    yield grid("Orders", COLUMNS, (_row(order, venues.get(order.account)) for order in orders))


def _row(order: OrderSummary, venue: Venue | None) -> tuple[str, ...]:
    zone: tzinfo = venue.zone if venue else UTC
    value = money(order.dollars, _currency(venue)).rstrip() if order.filled else ""
    limit = order.kind if order.limit is None else price_text(order.limit)
    price = "" if order.average_price is None else price_text(order.average_price)
    return (
        *(str(order.run), minute(order.at, zone), order.symbol, order.side, grouped(order.quantity), limit, price),
        *(value, _state(order), order.why, order.id),
    )


def _state(order: OrderSummary) -> str:
    """As in "canceled, 5 of 12 filled (the session closed)"."""
    done = (
        "" if order.filled in {0, order.quantity} else f", {grouped(order.filled)} of {grouped(order.quantity)} filled"
    )
    return f"{order.state}{done}{f' ({order.reason})' if order.reason else ''}"


def _currency(venue: Venue | None) -> str:
    return venue.currency if venue else ""


def to_csv(orders: Sequence[OrderSummary], venues: Mapping[str, Venue]) -> str:
    """A row for each order, with its time in ISO 8601; an empty limit or price is none."""
    return csv_text(HEADER, (_cells(order, _currency(venues.get(order.account))) for order in orders))


def _cells(order: OrderSummary, currency: str) -> tuple[object, ...]:
    limit, price = ("" if found is None else digits(found) for found in (order.limit, order.average_price))
    return (
        *(name_cell(order.id), order.run, name_cell(order.account), order.session, order.at.isoformat()),
        *(order.symbol, order.side, digits(order.quantity), order.kind, limit, order.state, digits(order.filled)),
        *(price, money_cell(order.dollars), currency, order.settled, name_cell(order.reason), name_cell(order.why)),
    )
