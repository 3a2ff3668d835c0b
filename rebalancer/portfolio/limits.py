"""The owner's limits: `[limits]`, the amount an account is armed for, the daily loss, and the distance of prices.

They apply to buys and partial sells, never to a full exit. Values are at the market price; what a buy may cost above it
is reserved from its budget.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from typing import ParamSpec

from rebalancer.model import Account, Instrument, Limits, Order, Price, Symbol
from rebalancer.model.text import counted, digits, money, per_share, percent

ZERO = Decimal(0)
Rules = Iterator[tuple[bool, str]]
"""For each rule whether it is kept, written "accept only if" so that NaN never passes, and the refusal if not."""
_Facts = ParamSpec("_Facts")


def first_refusal(rules: Callable[_Facts, Rules]) -> Callable[_Facts, str | None]:
    """The first refusal of `rules`, None where all are kept; no rule is looked at after one that is broken."""

    @wraps(rules)
    def check(*args: _Facts.args, **facts: _Facts.kwargs) -> str | None:
        return next((refusal for kept, refusal in rules(*args, **facts) if not kept), None)

    return check


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run has sent: the number of orders, and the total value of those that were not refused."""

    orders: int
    traded: Decimal


@first_refusal
def check_limits(
    order: Order,
    price: Price | None,
    held: Decimal,
    equity: Decimal,
    tally: Tally,
    limits: Limits,
    instrument: Instrument,
) -> Rules:
    """The first limit that `order` exceeds: the number, the limit, its key.

    `held` is the whole position in the symbol, ours or not; it and `equity` are the broker's current figures.
    """
    if price is None:
        yield False, "it has no price that its limits could be checked by"
        return
    numbers = (order.quantity, order.limit or ZERO, price.value, held, equity, tally.traded)
    known = all(number.is_finite() for number in numbers)
    yield known, f"price {price.value}, {held} held, equity {equity} and {tally.traded} sent must all be numbers"
    symbol, allowed, currency = order.symbol, ", ".join(limits.allowed), instrument.currency
    yield symbol not in limits.denied, f"{symbol} is in limits.denied"
    yield not allowed or symbol in limits.allowed, f"{symbol} is not in limits.allowed ({allowed})"
    value, most = order.quantity * price.value, limits.max_order_dollars
    would_trade = f"it trades {money(value, currency)}"
    yield value <= most, f"{would_trade}, more than limits.max_order_dollars, {money(most, currency)}"
    sent, most_orders = tally.orders, limits.max_orders
    sends = f"{counted(sent, 'order')} sent in this run"
    yield sent + 1 <= most_orders, f"{sends}, and limits.max_orders is {most_orders}"
    after, most = tally.traded + value, limits.max_run_dollars
    would_trade = f"the run would trade {money(after, currency)}"
    yield after <= most, f"{would_trade}, more than limits.max_run_dollars, {money(most, currency)}"
    most, words = _of_equity(limits.max_turnover_percent, equity, currency)
    yield after <= most, f"{would_trade}, more than limits.max_turnover_percent, {words}"
    if order.side == "buy":
        owned = held * price.value + value
        most, words = _of_equity(limits.max_symbol_percent, equity, currency)
        would_hold = f"{money(owned, currency)} of it would be held"
        yield owned <= most, f"{would_hold}, more than limits.max_symbol_percent, {words}"


def _of_equity(most_percent: Decimal, equity: Decimal, currency: str) -> tuple[Decimal, str]:
    """The amount, and its words."""
    most = most_percent / 100 * equity
    return most, f"{percent(most_percent / 100)} of equity or {money(most, currency)}"


def check_armed(value: Decimal, max_dollars: Decimal, currency: str) -> str | None:
    """None where a run may trade `value` of real money: at most what the account is armed for."""
    if value <= max_dollars:
        return None
    return (
        f"the run would trade {money(value, currency)}, more than the {money(max_dollars, currency)} that the "
        "account is armed for. Arm it for more: `rebalance live arm --max-dollars`"
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


@first_refusal
def check_distance(order: Order, price: Price | None, most: Decimal, instrument: Instrument) -> Rules:
    """Why the price or the order's limit is more than `most` percent away from the previous close.

    None without a previous close, as on the day of a listing: the price already passed the checks of its age and
    spread, and the limits on order values still apply.
    """
    if price is None or price.previous is None:
        return
    previous = price.previous
    known = previous.is_finite() and previous > 0
    yield known, f"its previous close is {previous} {instrument.currency}, and its price can't be compared with that"
    yield (
        abs(price.value - previous) <= previous * most / 100,
        _too_far("price", price.value, previous, most, instrument),
    )
    if order.limit is not None:
        near = order.limit <= previous * (1 + most / 100)
        yield near, _too_far("limit", order.limit, previous, most, instrument)


def _too_far(what: str, value: Decimal, previous: Decimal, most: Decimal, instrument: Instrument) -> str:
    return (
        f"its {what} of {per_share(value, instrument)} is {percent(abs(value / previous - 1))} away from the previous "
        f"close of {per_share(previous, instrument)}, more than trading.max_distance_percent, {digits(most)} %"
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
