"""Sizing of buys, to the cash and the prices read after the last sell."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from rebalancer.model import (
    Account,
    Instrument,
    Instruments,
    NoPrice,
    Order,
    OrderId,
    OrderKind,
    Plan,
    Price,
    Symbol,
    Trade,
    Trading,
    instrument_of,
)
from rebalancer.model.text import digits, money, per_share, percent, shares
from rebalancer.portfolio.order_ids import order_id
from rebalancer.portfolio.trades import ZERO, Prices, beyond_floor, least_order, no_price, target_value, usable_price

MOST_INVESTED = Decimal("0.99")
"""The fraction of equity that may be invested, in managed and unmanaged positions together."""
COLLAR = Decimal("0.04")
"""How far above the market price a venue may reserve money for a market buy; brokers use 2.5 to 4 %."""
FIRST: Mapping[Symbol, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Funds:
    """What buys may use: `cash` for their limits and a `fee` each; `room` is what may still be invested."""

    cash: Decimal
    room: Decimal
    fee: Decimal


def limit_price(price: Price, limit_percent: Decimal, instrument: Instrument) -> Decimal:
    """The limit of a buy: `limit_percent` above the ask (the price where there is no ask), rounded down to the tick."""
    return _above(price.value if price.ask is None else price.ask, limit_percent, instrument)


def worst_price(order: Order, value: Decimal, trading: Trading, instrument: Instrument) -> Decimal:
    """The price that `order` is budgeted at: its limit, or the limit it would have had at the price `value`."""
    return _above(value, trading.limit_percent, instrument) if order.limit is None else order.limit


def _above(value: Decimal, limit_percent: Decimal, instrument: Instrument) -> Decimal:
    return instrument.to_tick(value * (1 + limit_percent / 100))


def own_cash(account: Account) -> Decimal:
    """Cash that is neither borrowed, nor proceeds of short sales, nor about to be paid out; NaN where unknown.

    Unsettled proceeds of tonight's sales count, since brokers accept equity buys with them.
    """
    unborrowed = account.cash if account.long_value is None else account.equity - account.long_value
    if not (account.cash.is_finite() and unborrowed.is_finite()):
        return Decimal("NaN")
    return min(account.cash, unborrowed) - account.pending_out


def budget(account: Account, reserve: Decimal, open_buys: Decimal, *, short: bool = False) -> Decimal:
    """Money for buys: own cash less `reserve` and the unfilled part of `open_buys`; at least 0, and 0 where unknown.

    With a `short` position in the account, at most the venue's `spendable`, which already excludes open buys.
    """
    known = (own_cash(account), account.spendable, reserve, open_buys)
    if not all(amount.is_finite() for amount in known):
        return ZERO
    free = own_cash(account) - open_buys
    return max(ZERO, (min(free, account.spendable) if short else free) - reserve)


def budget_after_refusal(cash: Decimal, buying_power: Decimal | None, kind: OrderKind) -> Decimal:
    """`cash`, or the `buying_power` that the venue stated when it refused a buy, if that is less."""
    if buying_power is None:
        return cash
    spendable = buying_power if kind == "limit" else buying_power * (1 - COLLAR)
    return min(cash, spendable) if spendable.is_finite() else ZERO


class Sized(NamedTuple):
    """`notes` give the reason for each buy that was reduced or omitted, by symbol.

    `short_of_cash` are the symbols limited by cash, `short_of_room` those limited by the 99 % of equity.
    """

    orders: tuple[Order, ...]
    notes: Mapping[Symbol, str]
    short_of_cash: frozenset[Symbol]
    short_of_room: frozenset[Symbol]


def room(equity: Decimal, invested: Decimal) -> Decimal:
    """Money that may still be invested: 99 % of `equity` less `invested`, all long positions; 0 where unknown."""
    left = MOST_INVESTED * equity - invested
    return left if left.is_finite() and left > 0 else ZERO


def size_buys(
    plan: Plan,
    held: Mapping[Symbol, Decimal],
    prices: Prices,
    funds: Funds,
    trading: Trading,
    account: str,
    session: date,
    run_number: int,
    attempts: Mapping[Symbol, int] = FIRST,
    *,
    instruments: Instruments,
) -> Sized:
    """Buys within `funds`, the largest shortfall in money first, ties by symbol; never more than planned.

    `held` are the managed quantities after the sells, `prices` fresh ones. `attempts` is the order number by symbol, of
    those that already had an order in this run. Notes state their numbers and do not repeat the symbol.
    """
    buys, notes = _fresh_buys(plan, held, prices, trading, instruments)
    orders: list[Order] = []
    short_of_cash: set[Symbol] = set()
    short_of_room: set[Symbol] = set()
    left = funds
    for buy in sorted(buys, key=lambda buy: (-buy.missing, buy.trade.symbol)):
        # In whole lots; the limit price counts against the cash, the market price against the room.
        by_cash = buy.instrument.quantity_for(left.cash - left.fee, buy.limit)
        by_room = buy.instrument.quantity_for(left.room, buy.price.value)
        quantity = min(buy.wanted, by_cash, by_room)
        accepted = quantity >= buy.instrument.lot and quantity * buy.price.value >= buy.least(trading)
        if quantity < buy.trade.quantity or not accepted:
            bought = f"buying {digits(quantity)} of the planned {shares(buy.trade.quantity)}"
            why = _shrunk(buy, quantity, left, trading)
            notes[buy.trade.symbol] = f"{bought if accepted else 'not bought'}, {why}"
        if quantity < buy.wanted:
            (short_of_cash if quantity < by_room else short_of_room).add(buy.trade.symbol)
        if accepted:
            attempt = attempts.get(buy.trade.symbol, 1)
            identity = order_id(account, session, run_number, "buys", buy.trade.symbol, "buy", attempt)
            orders.append(_buy_order(identity, buy, quantity, trading))
            spent = quantity * buy.limit + left.fee
            left = replace(left, cash=left.cash - spent, room=left.room - quantity * buy.price.value)
    return Sized(tuple(orders), notes, frozenset(short_of_cash), frozenset(short_of_room))


@dataclass(frozen=True, slots=True)
class _Buy:
    """A planned buy at its fresh price: quantity still `wanted`, money `missing` to its target, its limit price."""

    trade: Trade
    instrument: Instrument
    price: Price
    wanted: Decimal
    missing: Decimal
    limit: Decimal

    def least(self, trading: Trading) -> Decimal:
        return max(trading.min_trade_dollars, self.instrument.least_order)


def _fresh_buys(
    plan: Plan, held: Mapping[Symbol, Decimal], prices: Prices, trading: Trading, instruments: Instruments
) -> tuple[list[_Buy], dict[Symbol, str]]:
    """The planned buys at fresh prices, and a note for each symbol without one."""
    buys, notes = [], {}
    for trade in plan.buys:
        instrument = instrument_of(trade.symbol, instruments)
        price = usable_price(instrument, prices)
        if isinstance(price, NoPrice):
            notes[trade.symbol] = f"not bought, {no_price(price)}"
        else:
            buys.append(_fresh(trade, instrument, price, held.get(trade.symbol, ZERO), plan, trading))
    return buys, notes


def _fresh(trade: Trade, instrument: Instrument, price: Price, now: Decimal, plan: Plan, trading: Trading) -> _Buy:
    target = target_value(trade.target, plan.investable)
    goal = instrument.quantity_for(target, price.value) + beyond_floor(trade, plan.investable, instrument)
    wanted = min(trade.quantity, goal - now)
    missing = target - now * price.value
    limit = limit_price(price, trading.limit_percent, instrument)
    return _Buy(trade, instrument, price, instrument.round_down(wanted), missing, limit)


def _shrunk(buy: _Buy, quantity: Decimal, left: Funds, trading: Trading) -> str:
    instrument, currency = buy.instrument, buy.instrument.currency
    value = quantity * buy.price.value
    if 0 < value < buy.least(trading):
        return f"{money(value, currency)} is under {least_order(value, trading, instrument)}"
    if quantity < buy.wanted and instrument.quantity_for(left.room, buy.price.value) == quantity:
        return f"{money(left.room, currency)} may still be invested before {percent(MOST_INVESTED)} of equity are"
    if quantity < buy.wanted:
        with_fee = f" and the order {money(left.fee, currency)}" if left.fee else ""
        most = per_share(buy.limit, instrument)
        return f"{money(left.cash, currency)} of the budget is left and a share may cost {most}{with_fee}"
    return f"at {per_share(buy.price.value, instrument)} no more fit into its target of {percent(buy.trade.target)}"


def _buy_order(identity: OrderId, buy: _Buy, quantity: Decimal, trading: Trading) -> Order:
    stale = trading.order_type == "market" and buy.price.rung == "bar"
    kind: OrderKind = "limit" if stale else trading.order_type
    limit = buy.limit if kind == "limit" else None
    return Order(identity, buy.trade.symbol, "buy", quantity, kind, limit, buy.trade.why)
