"""Position intents: when a sell closes a position and when it opens a short.

Sources: docs.alpaca.markets, "Margin and Short Selling" and "Placing Orders"; texts of refusals as users recorded them.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from local_alpaca.book import Book
from local_alpaca.order_validation import FORBIDDEN, UNPROCESSABLE, Asset, RefusalError, check
from local_alpaca.orders import Ticket, number
from local_alpaca.terms import Terms


def with_intent(ticket: Ticket, book: Book, terms: Terms) -> Ticket:
    """The order with its own position intent, else the one inferred from the holding. See `Terms.enforces_intent`."""
    inferred = f"{ticket.side}_to_{'open' if opens(ticket, book) else 'close'}"
    mismatch = terms.enforces_intent and ticket.intent not in {None, inferred}
    text = f"position intent mismatch, inferred: {inferred}, specified: {ticket.intent}"
    check(mismatch, UNPROCESSABLE, text)
    return replace(ticket, intent=ticket.intent or inferred)


def opens(ticket: Ticket, book: Book) -> bool:
    held = book.shares(ticket.symbol)
    return held <= 0 if ticket.side == "sell" else held >= 0


def opened(ticket: Ticket, book: Book) -> Decimal:
    """The shares of `ticket` that open a position, beyond those that close one. Only these need buying power."""
    closed = book.shares(ticket.symbol) * (1 if ticket.side == "sell" else -1)
    return max(Decimal(0), ticket.shares - max(Decimal(0), closed))


def check_sale(
    ticket: Ticket, book: Book, account: Mapping[str, object], asset: Asset | None, terms: Terms, now: datetime
) -> None:
    """Raises RefusalError for a sell beyond the position, unless the account may sell short."""
    there, held = book.shares(ticket.symbol), book.held(ticket.symbol, now)
    if there > 0 and ticket.shares > there - held and not (terms.flips and not held):
        _too_few(ticket, there, held)
    if ticket.shares > there:
        _check_short(ticket, account, asset, terms)


def _check_short(ticket: Ticket, account: Mapping[str, object], asset: Asset | None, terms: Terms) -> None:
    barred = terms.no_shorting or terms.multiplier == 1 or account["shorting_enabled"] is not True
    check(barred, FORBIDDEN, "account is not allowed to short")
    name = f'asset "{ticket.symbol}"'
    check(asset is None or asset["shortable"] is not True, UNPROCESSABLE, f"{name} cannot be sold short")
    check(ticket.shares % 1 != 0, UNPROCESSABLE, "fractional orders cannot be sold short")


def _too_few(ticket: Ticket, there: Decimal, held: Decimal) -> None:
    asked, free = number(ticket.shares), number(there - held)
    raise RefusalError(
        FORBIDDEN,
        f"insufficient qty available for order (requested: {asked}, available: {free})",
        available=free,
        existing_qty=number(there),
        held_for_orders=number(held),
        symbol=ticket.symbol,
    )
