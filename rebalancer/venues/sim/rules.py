"""The rules of a strict venue, as pure functions: what a share costs now, and which orders are refused."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from rebalancer.model import Order, Side, Snapshot

CENT = Decimal("0.01")
HUNDREDTH_OF_A_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Market:
    """What a share fetches (`bid`) and costs (`ask`), in dollars; both are finite and above 0."""

    bid: Decimal
    ask: Decimal

    @property
    def middle(self) -> Decimal:
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class Room:
    """What an account can still give for one symbol: dollars, shares held, and those no open sell has a claim on."""

    spendable: Decimal
    held: Decimal
    free: Decimal


def market(snapshot: Snapshot | None) -> Market | None:
    """The quote if it is sound, else the last trade, else the bar; None where nothing is."""
    if snapshot is None:
        return None
    quote, trade, bar = snapshot.quote, snapshot.trade, snapshot.bar
    if quote and is_price(quote.bid) and is_price(quote.ask) and quote.bid <= quote.ask:
        return Market(quote.bid, quote.ask)
    if trade and is_price(trade.price):
        return Market(trade.price, trade.price)
    if bar and is_price(bar.close):
        return Market(bar.close, bar.close)
    return None


def is_price(value: Decimal) -> bool:
    """Finite and above 0: the only numbers that may price an order."""
    return value.is_finite() and value > 0


def tick(price: Decimal) -> Decimal:
    """The smallest step of a price in dollars (SEC Rule 612): a cent, or a hundredth of it under one dollar."""
    return CENT if price >= 1 else HUNDREDTH_OF_A_CENT


def slipped(now: Market, side: Side, slippage_percent: Decimal) -> Decimal:
    """Dollars per share for taking the market, moved and then rounded to the tick against whoever takes it."""
    if side == "buy":
        price = now.ask * (1 + slippage_percent / 100)
        return price.quantize(tick(price), rounding=ROUND_CEILING)
    price = now.bid * (1 - slippage_percent / 100)
    return price.quantize(tick(price), rounding=ROUND_FLOOR)


def fill_price(side: Side, limit: Decimal | None, now: Market, slippage_percent: Decimal) -> Decimal | None:
    """Dollars per share if the order fills now; never worse than `limit`, None while the market has not reached it."""
    price = slipped(now, side, slippage_percent)
    if limit is None:
        return price if price > 0 else None
    if side == "buy":
        return min(price, limit) if now.ask <= limit else None
    return max(price, limit) if now.bid >= limit else None


def refusal(order: Order, price: Decimal, room: Room, fee: Decimal) -> str | None:
    """Why the order can't stand, None if it can. `price` is what a market order would pay or fetch, in dollars."""
    if (reason := malformed(order)) is not None:
        return reason
    if not price > 0:
        return f"{order.symbol} would fetch nothing at its present price"
    return _unowned(order, room) if order.side == "sell" else _unpaid(order, price, room, fee)


def malformed(order: Order) -> str | None:
    """What in an order no venue could take; None where nothing is."""
    if not (order.quantity.is_finite() and order.quantity > 0):
        return f"a quantity of {order.quantity} {order.symbol}: it must be a number above 0"
    if order.side == "buy" and not _is_whole(order.quantity):
        return f"a buy of {order.quantity} {order.symbol}: buys are in whole shares"
    if (order.kind == "limit") != (order.limit is not None):
        return f"a {order.kind} order with the limit {order.limit}: a limit order has one, a market order has none"
    if order.limit is None or (is_price(order.limit) and not order.limit % tick(order.limit)):
        return None
    return f"a limit of {order.limit}: it must be above 0 and on the tick, 0.01 USD (0.0001 USD under 1 USD)"


def _unowned(order: Order, room: Room) -> str | None:
    if not order.quantity <= room.free:
        return (
            f"a sell of {order.quantity} {order.symbol}, but {room.held} are held and open sells claim "
            f"{room.held - room.free} of them: nothing is sold short"
        )
    if not (_is_whole(order.quantity) or order.quantity == room.held):
        return (
            f"a sell of {order.quantity} {order.symbol}: a fraction is sold only with the whole position, {room.held}"
        )
    return None


def _unpaid(order: Order, price: Decimal, room: Room, fee: Decimal) -> str | None:
    cost = order.quantity * (order.limit or price) + fee
    if cost <= room.spendable:
        return None
    return (
        f"a buy of {order.quantity} {order.symbol} costs up to {cost:,.2f} USD with its fee, "
        f"but only {room.spendable:,.2f} USD can be spent"
    )


def _is_whole(quantity: Decimal) -> bool:
    return quantity == quantity.to_integral_value()
