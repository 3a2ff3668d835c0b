"""What the owner of an account lets no order and no run go beyond: `[limits]`, and how far a price may have moved.

Every gate says what it accepts, so NaN never passes. They are for buys and partial sells: a full exit is never asked.
Dollars are at the market's price; what a buy may cost beyond it is held back from its budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.model import Account, Instrument, Limits, Order, Price, Symbol
from rebalancer.model.text import digits, money, per_share, percent

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run has sent: how many orders, and what those that were not refused trade together, in dollars."""

    orders: int
    dollars: Decimal


def check_limits(
    order: Order,
    price: Price | None,
    held: Decimal,
    equity: Decimal,
    tally: Tally,
    limits: Limits,
    instrument: Instrument,
) -> str | None:
    """None where `order` is within every limit, else the first one that it breaks: the number, the limit and its key.

    `held` are all shares of the symbol, ours or not, `equity` is in dollars, both as the broker shows them now.
    """
    if price is None:
        return "it has no price that its limits could be checked by"
    numbers = (order.quantity, order.limit or ZERO, price.value, held, equity, tally.dollars)
    if not all(number.is_finite() for number in numbers):
        return f"price {price.value}, {held} held, equity {equity} and {tally.dollars} sent must all be numbers"
    dollars, currency = order.quantity * price.value, instrument.currency
    return (
        _of_the_list(order.symbol, limits)
        or _of_the_order(dollars, limits, currency)
        or _of_the_run(dollars, equity, tally, limits, currency)
        or (_of_the_symbol(held * price.value + dollars, equity, limits, currency) if order.side == "buy" else None)
    )


def check_armed(dollars: Decimal, max_dollars: Decimal, currency: str) -> str | None:
    """None where a run may trade `dollars` of real money, by what its account is armed for."""
    if dollars <= max_dollars:
        return None
    return (
        f"the run would trade {money(dollars, currency)}, more than the {money(max_dollars, currency)} that the "
        "account is armed for. Arm it for more: `rebalance live arm --max-dollars`"
    )


def _of_the_list(symbol: Symbol, limits: Limits) -> str | None:
    if symbol in limits.denied:
        return f"{symbol} is in limits.denied"
    if limits.allowed and symbol not in limits.allowed:
        return f"{symbol} is not in limits.allowed ({', '.join(limits.allowed)})"
    return None


def _of_the_order(dollars: Decimal, limits: Limits, currency: str) -> str | None:
    if dollars <= limits.max_order_dollars:
        return None
    most = limits.max_order_dollars
    return f"it trades {money(dollars, currency)}, more than limits.max_order_dollars, {money(most, currency)}"


def _of_the_run(dollars: Decimal, equity: Decimal, tally: Tally, limits: Limits, currency: str) -> str | None:
    if not tally.orders + 1 <= limits.max_orders:
        return f"{tally.orders} orders were sent in this run, and limits.max_orders is {limits.max_orders}"
    after = tally.dollars + dollars
    if not after <= limits.max_run_dollars:
        run = money(limits.max_run_dollars, currency)
        return f"the run would trade {money(after, currency)}, more than limits.max_run_dollars, {run}"
    most = limits.max_turnover_percent / 100
    if not after <= most * equity:
        return (
            f"the run would trade {money(after, currency)}, more than limits.max_turnover_percent, {percent(most)} of "
            f"equity or {money(most * equity, currency)}"
        )
    return None


def _of_the_symbol(after: Decimal, equity: Decimal, limits: Limits, currency: str) -> str | None:
    most = limits.max_symbol_percent / 100
    if after <= most * equity:
        return None
    return (
        f"{money(after, currency)} of it would be held, more than limits.max_symbol_percent, {percent(most)} of "
        f"equity or {money(most * equity, currency)}"
    )


def used_up(values: Mapping[Symbol, Decimal], equity: Decimal, limits: Limits, currency: str) -> Mapping[Symbol, str]:
    """The symbols of which nothing can be bought, since what is held of them is all that a symbol may be.

    `values` are dollars of all shares by symbol, ours or not.
    """
    most = limits.max_symbol_percent / 100 * equity
    return {
        symbol: f"{money(value, currency)} of it are held already, and limits.max_symbol_percent lets "
        f"{money(most, currency)} be held: it will not be bought"
        for symbol, value in sorted(values.items())
        if not value < most
    }


def check_distance(order: Order, price: Price | None, most: Decimal, instrument: Instrument) -> str | None:
    """None where price and limit are within `most` percent of the previous close, else which is not.

    What was listed today has no previous close, nor has a source of daily closes: there is nothing to go by then. Its
    price was fresh and two-sided enough for an order, and the limits in dollars hold for it as for any other.
    """
    if price is None or price.previous is None:
        return None
    if not (price.previous.is_finite() and price.previous > 0):
        return (
            f"its previous close is {price.previous} {instrument.currency}, and its price can't be compared with that"
        )
    if not abs(price.value - price.previous) <= price.previous * most / 100:
        return _too_far(
            f"its price of {per_share(price.value, instrument)}", price.value, price.previous, most, instrument
        )
    if order.limit is not None and not order.limit <= price.previous * (1 + most / 100):
        return _too_far(
            f"its limit of {per_share(order.limit, instrument)}", order.limit, price.previous, most, instrument
        )
    return None


def _too_far(what: str, value: Decimal, previous: Decimal, most: Decimal, instrument: Instrument) -> str:
    return (
        f"{what} is {percent(abs(value / previous - 1))} away from the previous close of "
        f"{per_share(previous, instrument)}, more than trading.max_distance_percent, {digits(most)} %"
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """Dollars: what the account is worth without what was paid in since, and what it was worth at the last close."""

    equity: Decimal
    basis: Decimal


def daily_loss(account: Account, max_percent: Decimal) -> Loss | None:
    """The loss of this session where it is beyond `max_percent` of its basis; None where it is not, or no one can tell.

    Where the broker does not say what was paid in or taken out, nothing was: then money that is taken out looks like a
    loss, and ends the buying for one session at most.
    """
    if account.previous_equity is None:
        return None
    basis, paid_in = account.previous_equity, account.deposits or ZERO
    if not all(number.is_finite() for number in (account.equity, basis, paid_in)):
        return Loss(account.equity, basis)
    worth = account.equity - paid_in
    return None if worth >= basis * (1 - max_percent / 100) else Loss(worth, basis)
