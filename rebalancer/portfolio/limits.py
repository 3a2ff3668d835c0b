"""The owner's limits: `[limits]`, the amount an account is armed for, the daily loss, and the distance of prices.

Each check accepts explicitly, so NaN never passes. They apply to buys and partial sells, never to a full exit. Values
are at the market price; what a buy may cost above it is reserved from its budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.model import Account, Instrument, Limits, Order, Price, Symbol
from rebalancer.model.text import digits, money, per_share, percent

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run has sent: the number of orders, and the total value of those that were not refused."""

    orders: int
    traded: Decimal


def check_limits(
    order: Order,
    price: Price | None,
    held: Decimal,
    equity: Decimal,
    tally: Tally,
    limits: Limits,
    instrument: Instrument,
) -> str | None:
    """None where `order` is within every limit, else the first limit that it exceeds: the number, the limit, its key.

    `held` is the whole position in the symbol, ours or not; it and `equity` are the broker's current figures.
    """
    if price is None:
        return "it has no price that its limits could be checked by"
    numbers = (order.quantity, order.limit or ZERO, price.value, held, equity, tally.traded)
    if not all(number.is_finite() for number in numbers):
        return f"price {price.value}, {held} held, equity {equity} and {tally.traded} sent must all be numbers"
    value, currency = order.quantity * price.value, instrument.currency
    return (
        _check_lists(order.symbol, limits)
        or _check_order_value(value, limits, currency)
        or _check_run_totals(value, equity, tally, limits, currency)
        or (_check_symbol_value(held * price.value + value, equity, limits, currency) if order.side == "buy" else None)
    )


def check_armed(value: Decimal, max_dollars: Decimal, currency: str) -> str | None:
    """None where a run may trade `value` of real money: at most what the account is armed for."""
    if value <= max_dollars:
        return None
    return (
        f"the run would trade {money(value, currency)}, more than the {money(max_dollars, currency)} that the "
        "account is armed for. Arm it for more: `rebalance live arm --max-dollars`"
    )


def _check_lists(symbol: Symbol, limits: Limits) -> str | None:
    if symbol in limits.denied:
        return f"{symbol} is in limits.denied"
    if limits.allowed and symbol not in limits.allowed:
        return f"{symbol} is not in limits.allowed ({', '.join(limits.allowed)})"
    return None


def _check_order_value(value: Decimal, limits: Limits, currency: str) -> str | None:
    if value <= limits.max_order_dollars:
        return None
    most = limits.max_order_dollars
    return f"it trades {money(value, currency)}, more than limits.max_order_dollars, {money(most, currency)}"


def _check_run_totals(value: Decimal, equity: Decimal, tally: Tally, limits: Limits, currency: str) -> str | None:
    if not tally.orders + 1 <= limits.max_orders:
        return f"{tally.orders} orders were sent in this run, and limits.max_orders is {limits.max_orders}"
    after = tally.traded + value
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


def _check_symbol_value(after: Decimal, equity: Decimal, limits: Limits, currency: str) -> str | None:
    most = limits.max_symbol_percent / 100
    if after <= most * equity:
        return None
    return (
        f"{money(after, currency)} of it would be held, more than limits.max_symbol_percent, {percent(most)} of "
        f"equity or {money(most * equity, currency)}"
    )


def symbols_at_limit(
    values: Mapping[Symbol, Decimal], equity: Decimal, limits: Limits, currency: str
) -> Mapping[Symbol, str]:
    """The symbols that already reach limits.max_symbol_percent, each with a sentence.

    `values` are whole positions by symbol, ours or not.
    """
    most = limits.max_symbol_percent / 100 * equity
    return {
        symbol: f"{money(value, currency)} of it are held already, and limits.max_symbol_percent lets "
        f"{money(most, currency)} be held: it will not be bought"
        for symbol, value in sorted(values.items())
        if not value < most
    }


def check_distance(order: Order, price: Price | None, most: Decimal, instrument: Instrument) -> str | None:
    """None where the price and the order's limit are within `most` percent of the previous close, else a sentence.

    Also None without a previous close, as on the day of a listing: the price already passed the checks of its age and
    spread, and the limits on order values still apply.
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
    """`equity` without deposits since the last close, and `basis`, the equity at that close."""

    equity: Decimal
    basis: Decimal


def daily_loss(account: Account, max_percent: Decimal) -> Loss | None:
    """The loss of this session where it exceeds `max_percent` of its basis; None if not, or if the basis is unknown.

    Without the broker's figure for deposits they count as 0: a withdrawal then looks like a loss, and stops buys for
    one session at most.
    """
    if account.previous_equity is None:
        return None
    basis, paid_in = account.previous_equity, account.deposits or ZERO
    if not all(number.is_finite() for number in (account.equity, basis, paid_in)):
        return Loss(account.equity, basis)
    worth = account.equity - paid_in
    return None if worth >= basis * (1 - max_percent / 100) else Loss(worth, basis)
