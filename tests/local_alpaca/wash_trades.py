"""The venue's wash-trade rules for open orders of opposite sides."""

from collections.abc import Iterable

from local_alpaca.orders import Order, Ticket

WITH_LIMIT = {"limit", "stop_limit"}


def opposite(ticket: Ticket, open_orders: Iterable[Order]) -> Order | None:
    """The open order that `ticket` could trade with."""
    against = (o for o in open_orders if o.ticket.symbol == ticket.symbol and o.ticket.side != ticket.side)
    return next((order for order in against if crosses(ticket, order.ticket)), None)


def crosses(new: Ticket, standing: Ticket) -> bool:
    """Market and stop orders cross every order; two limits cross if the buyer's is not below the seller's."""
    if new.kind not in WITH_LIMIT or standing.kind not in WITH_LIMIT:
        return True
    assert new.limit is not None
    assert standing.limit is not None
    buy, sell = (new.limit, standing.limit) if new.side == "buy" else (standing.limit, new.limit)
    return buy >= sell
