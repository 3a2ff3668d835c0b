"""The rules of a strict venue, as pure functions: at which price an order fills, and which orders are refused."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from rebalancer.market.price_fallback import is_price
from rebalancer.model import Instrument, Order, Side, Snapshot
from rebalancer.model.text import money


@dataclass(frozen=True, slots=True)
class Market:
    """Prices per share, finite and above 0: a sell fills at `bid`, a buy at `ask`."""

    bid: Decimal
    ask: Decimal

    @property
    def middle(self) -> Decimal:
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class Available:
    """What an account can trade with in one symbol: spendable cash, shares held, and shares without an open sell."""

    spendable: Decimal
    held: Decimal
    free: Decimal


def market(snapshot: Snapshot | None) -> Market | None:
    """The quote if it is valid, else the last trade, else the bar; None where none is valid."""
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


def slipped(now: Market, side: Side, slippage_percent: Decimal, instrument: Instrument) -> Decimal:
    """The price of a market order: ask or bid, worsened by the slippage and rounded to the tick against the taker."""
    if side == "buy":
        return instrument.to_tick(now.ask * (1 + slippage_percent / 100), ROUND_CEILING)
    return instrument.to_tick(now.bid * (1 - slippage_percent / 100), ROUND_FLOOR)


def fill_price(
    side: Side, limit: Decimal | None, now: Market, slippage_percent: Decimal, instrument: Instrument
) -> Decimal | None:
    """The price at which the order fills now; never worse than `limit`, None while the market has not reached it."""
    price = slipped(now, side, slippage_percent, instrument)
    if limit is None:
        return price if price > 0 else None
    if side == "buy":
        return min(price, limit) if now.ask <= limit else None
    return max(price, limit) if now.bid >= limit else None


def fee_charged(side: Side, value: Decimal, fee: Decimal) -> Decimal:
    """`fee`, which never exceeds the `value` of a sale."""
    return fee if side == "buy" else min(fee, value)


def refusal(order: Order, price: Decimal, available: Available, fee: Decimal, instrument: Instrument) -> str | None:
    """Why the order is refused, None if it is accepted. `price` is that of a market order."""
    if (reason := malformed(order, instrument)) is not None:
        return reason
    if not price > 0:
        return f"{order.symbol} would fetch nothing at its present price"
    if not (value := order.quantity * (order.limit or price)) >= instrument.least_order:
        least = money(instrument.least_order, instrument.currency)
        return f"an order of {order.symbol} worth {money(value, instrument.currency)}: at least {least} are traded"
    if order.side == "sell":
        return _sell_refusal(order, available, instrument)
    return _buy_refusal(order, price, available, fee, instrument.currency)


def malformed(order: Order, instrument: Instrument) -> str | None:
    """Why no venue can take the order, whatever the account holds; None where it is well formed."""
    if not (order.quantity.is_finite() and order.quantity > 0):
        return f"a quantity of {order.quantity} {order.symbol}: it must be a number above 0"
    if order.side == "buy" and not instrument.is_multiple_of_lot(order.quantity):
        lots = "whole shares" if instrument.lot == 1 else f"lots of {instrument.lot}"
        return f"a buy of {order.quantity} {order.symbol}: buys are in {lots}"
    if (order.kind == "limit") != (order.limit is not None):
        return f"a {order.kind} order with the limit {order.limit}: a limit order has one, a market order has none"
    if order.limit is None or (is_price(order.limit) and instrument.is_on_tick(order.limit)):
        return None
    currency, finer = instrument.currency, instrument.tick_below_one
    below = f" ({finer} {currency} under 1 {currency})" if finer else ""
    return f"a limit of {order.limit}: it must be above 0 and on the tick, {instrument.tick} {currency}{below}"


def _sell_refusal(order: Order, available: Available, instrument: Instrument) -> str | None:
    if not order.quantity <= available.free:
        return (
            f"a sell of {order.quantity} {order.symbol}, but {available.held} are held and open sells claim "
            f"{available.held - available.free} of them: nothing is sold short"
        )
    if not (instrument.is_multiple_of_lot(order.quantity) or order.quantity == available.held):
        return (
            f"a sell of {order.quantity} {order.symbol}: a fraction is sold only with the whole position, "
            f"{available.held}"
        )
    return None


def _buy_refusal(order: Order, price: Decimal, available: Available, fee: Decimal, currency: str) -> str | None:
    cost = order.quantity * (order.limit or price) + fee
    if cost <= available.spendable:
        return None
    return (
        f"a buy of {order.quantity} {order.symbol} costs up to {money(cost, currency)} with its fee, "
        f"but only {money(available.spendable, currency)} can be spent"
    )
