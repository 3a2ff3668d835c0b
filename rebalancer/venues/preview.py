"""The broker of a dry run: a real account as it is now, with orders simulated and none sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.market.price_fallback import is_price
from rebalancer.model import (
    Accepted,
    Account,
    Fill,
    Found,
    Hours,
    Order,
    OrderId,
    OrderState,
    Payment,
    Position,
    Refused,
    Submitted,
    Symbol,
    Unknown,
    Venue,
)
from rebalancer.portfolio.buys import own_cash
from rebalancer.portfolio.order_ids import is_ours
from rebalancer.ports import Broker, Clock, PaysCash, Quotes
from rebalancer.venues.order_rules import Available, Market, fee_charged, fill_price, market, refusal, slipped

ZERO = Decimal(0)


class PreviewBroker:
    """Reads the account of `real` once and never sends it anything.

    `hours` are the real broker's unless others are given. An order fills at once at the market price, without slippage,
    or is canceled at once if its limit is not met. Proceeds of sells can be spent at once; canceling an order of the
    real account frees no cash.
    """

    def __init__(self, real: Broker, quotes: Quotes, clock: Clock, hours: Callable[[], Hours] | None = None) -> None:
        self._real = real
        self._quotes = quotes
        self._clock = clock
        self._account = real.account()
        self._positions = {position.symbol: position for position in real.positions()}
        self._orders = {state.id: state for state in real.open_orders()}
        self._fills: dict[OrderId, tuple[Fill, ...]] = {}
        # Reads that no simulated order changes.
        self.hours = hours or real.hours
        self.may_short = real.may_short
        self.untradable = real.untradable
        self.instruments = real.instruments
        self.named = real.named

    @property
    def venue(self) -> Venue:
        real = self._real.venue
        return replace(
            real,
            name=f"preview of {real.name}",
            simulated=True,
            idempotent_ids=False,
            order_kinds=real.order_kinds - {"moc"},
        )

    def account(self) -> Account:
        return self._account

    def payments(self, since: date) -> tuple[Payment, ...]:
        """None from a broker that does not list them."""
        return self._real.payments(since) if isinstance(self._real, PaysCash) else ()

    def positions(self) -> tuple[Position, ...]:
        return tuple(self._positions[symbol] for symbol in sorted(self._positions))

    def open_orders(self) -> tuple[OrderState, ...]:
        return tuple(state for state in self._orders.values() if not state.terminal)

    def submit(self, order: Order) -> Submitted:
        if order.id in self._orders:
            return Unknown(f"the order id {order.id} was used before: look up what came of it")
        try:
            here = self._market(order.symbol)
        except SourceError as error:
            return Refused(str(error))
        if here is None:
            return Refused(f"{order.symbol} has no price now: what the order would do can't be shown")
        instrument, fee = self.instruments([order.symbol])[order.symbol], self.venue.fee_per_order
        price = slipped(here, order.side, ZERO, instrument)
        if (reason := refusal(order, price, self._available(order.symbol), fee, instrument)) is not None:
            return Refused(reason)
        state = order.opened()
        if (price_paid := fill_price(order.side, order.limit, here, ZERO, instrument)) is not None:
            state = self._filled(state, price_paid)
        else:
            beyond = f"the market is beyond the limit of {order.limit} {instrument.currency} now"
            state = replace(state, status="canceled", reason=beyond)
        self._orders[order.id] = state
        return Accepted(state)

    def find(self, order_id: OrderId) -> Found:
        """A simulated order; orders of earlier runs are looked up at the real broker."""
        return self._orders.get(order_id) or self._real.find(order_id)

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        return {order_id: self._orders[order_id] for order_id in ids if order_id in self._orders}

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        return self._fills.get(order_id) or self._real.fills(order_id)

    def cancel(self, order_id: OrderId) -> None:
        """Simulated, and only for our own orders: those of others stay open."""
        state = self._orders.get(order_id)
        if state is not None and not state.terminal and is_ours(order_id):
            self._orders[order_id] = replace(state, status="canceled", reason="the cancel is only pretended")

    def _market(self, symbol: Symbol) -> Market | None:
        """The market, else the broker's value of a held share, since a full exit needs no price."""
        here = market(self._quotes.snapshots([symbol]).get(symbol))
        position = self._positions.get(symbol)
        if here is not None or position is None:
            return here
        value = position.market_value / position.quantity
        return Market(value, value) if is_price(value) else None

    def _available(self, symbol: Symbol) -> Available:
        sells = [state for state in self.open_orders() if state.symbol == symbol and state.side == "sell"]
        held = self._position(symbol).quantity
        return Available(own_cash(self._account), held, held - sum((state.remaining for state in sells), ZERO))

    def _position(self, symbol: Symbol) -> Position:
        asset_class = self.instruments([symbol])[symbol].asset_class
        return self._positions.get(symbol, Position(symbol, ZERO, ZERO, asset_class))

    def _filled(self, state: OrderState, price: Decimal) -> OrderState:
        """The whole order filled at `price`: updates position, account and fills."""
        now, value = self._clock.now(), state.quantity * price
        fee = fee_charged(state.side, value, self.venue.fee_per_order)
        sign = 1 if state.side == "buy" else -1
        gained = self._move_shares(state.symbol, sign * state.quantity, price)
        paid, account = sign * value + fee, self._account
        self._account = replace(
            account,
            equity=account.equity + gained - paid,
            cash=account.cash - paid,
            spendable=account.spendable - paid,
            long_value=None if account.long_value is None else account.long_value + gained,
            at=now,
        )
        fill = Fill(f"{state.id}-1", state.id, state.symbol, state.side, state.quantity, price, fee, now)
        self._fills[state.id] = (fill,)
        return replace(state, status="filled", filled=state.quantity, average_price=price)

    def _move_shares(self, symbol: Symbol, change: Decimal, price: Decimal) -> Decimal:
        """Update the position, valued at `price`; returns the change of its value."""
        before = self._positions.pop(symbol, None) or self._position(symbol)
        quantity = before.quantity + change
        if quantity:
            self._positions[symbol] = replace(before, quantity=quantity, market_value=quantity * price)
        return quantity * price - before.market_value
