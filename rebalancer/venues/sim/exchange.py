"""The simulated broker's exchange: it accepts, fills, cancels and expires orders, and values positions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from rebalancer.errors import SourceError
from rebalancer.market.price_fallback import is_price
from rebalancer.model import (
    Accepted,
    Instrument,
    Order,
    OrderId,
    OrderState,
    Position,
    Refused,
    Snapshot,
    Symbol,
)
from rebalancer.model.text import minute, money
from rebalancer.ports import Quotes
from rebalancer.venues.order_rules import Available, Market, fee_charged, fill_price, market, refusal, slipped
from rebalancer.venues.sim.book import Book, RestingOrder


@dataclass(frozen=True, slots=True)
class Exchange:
    """Call it inside a transaction of the book."""

    _book: Book
    _quotes: Quotes
    _commission: Decimal
    _slippage_percent: Decimal
    _instrument: Callable[[Symbol], Instrument]

    def markets(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Market]:
        """By symbol; one without a usable price is absent."""
        found = {symbol: market(snapshot) for symbol, snapshot in self.snapshots(symbols).items()}
        return {symbol: here for symbol, here in found.items() if here is not None}

    def snapshots(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Snapshot]:
        """Prices as the source has them; an unknown symbol is absent. Raises SourceError."""
        wanted = sorted(symbols)
        return self._quotes.snapshots(wanted) if wanted else {}

    def positions(self) -> tuple[Position, ...]:
        """Raises SourceError where one never had a price: it is not valued at 0."""
        holdings = self._book.holdings()
        snapshots = self.snapshots(holdings)
        return tuple(self._valued(symbol, held, snapshots.get(symbol)) for symbol, held in holdings.items())

    def _valued(self, symbol: Symbol, held: Decimal, snapshot: Snapshot | None) -> Position:
        """At the mid price; without one at the last known close, else at the last fill."""
        asset_class = self._instrument(symbol).asset_class
        if (here := market(snapshot)) is not None:
            return Position(symbol, held, held * here.middle, asset_class)
        close = snapshot.previous if snapshot else None
        if close and is_price(close.close):
            return Position(symbol, held, held * close.close, asset_class, last_close=close.session)
        if (fill := self._book.last_fill(symbol)) is None:
            raise SourceError(
                f"the sim account holds {symbol}, which never had a price here: it can't be valued. Give [data] its "
                "closes."
            )
        return Position(symbol, held, held * fill.price, asset_class, last_close=fill.at.date())

    def spendable(self) -> Decimal:
        """Cash less what is reserved for open buys, in dollars."""
        return self._book.cash - sum(self._reserved(resting) for resting in self._book.open_orders())

    def receive(self, order: Order, expires: datetime, now: datetime) -> Accepted | Refused:
        """Accept an order with a new id, and match it with the market at once."""
        here = self.markets([order.symbol]).get(order.symbol)
        if here is None:
            return Refused(f"{order.symbol} has no price here: it is unknown or not traded now")
        price = slipped(here, order.side, self._slippage_percent, self._instrument(order.symbol))
        if (reason := self._refusal(order, price)) is not None:
            return Refused(reason)
        resting = self._book.place(order, order.limit or price, expires, now)
        self._trade(resting, resting.state.remaining, here, now)
        return Accepted(self._book.orders([order.id])[order.id])

    def expire(self, now: datetime, zone: tzinfo) -> None:
        """`zone` is the exchange's, in which a person reads why."""
        for resting in self._book.open_orders():
            if now >= resting.expires:
                reason = f"the session closed at {minute(resting.expires, zone)}"
                self._book.end(resting.state.id, "expired", reason, now)

    def match_orders(self, now: datetime) -> None:
        """Fill what can be filled of every open order, in order of arrival."""
        waiting = self._book.open_orders()
        markets = self.markets({resting.state.symbol for resting in waiting})
        for resting in waiting:
            self._trade(resting, resting.state.remaining, markets.get(resting.state.symbol), now)

    def cancel(self, order_id: OrderId, now: datetime) -> None:
        """Does nothing where the order is not open."""
        state = self._book.orders([order_id]).get(order_id)
        if state is not None and not state.terminal:
            self._book.end(order_id, "canceled", "canceled as asked", now)

    def _refusal(self, order: Order, price: Decimal) -> str | None:
        sells = [resting for resting in self._book.open_orders() if resting.state.side == "sell"]
        claimed = sum((sell.state.remaining for sell in sells if sell.state.symbol == order.symbol), Decimal(0))
        held = self._held(order.symbol)
        available, instrument = Available(self.spendable(), held, held - claimed), self._instrument(order.symbol)
        return refusal(order, price, available, self._commission, instrument)

    def _trade(self, resting: RestingOrder, quantity: Decimal, here: Market | None, now: datetime) -> None:
        state = resting.state
        instrument = self._instrument(state.symbol)
        price = fill_price(state.side, state.limit, here, self._slippage_percent, instrument) if here else None
        if price is None:
            return
        value = quantity * price
        fee = fee_charged(state.side, value, self._fee_due(state))
        if (reason := self._uncovered(resting, quantity, value + fee)) is not None:
            self._book.end(state.id, "canceled", reason, now)
            return
        self._book.fill(state, quantity, price, fee, now)

    def _uncovered(self, resting: RestingOrder, quantity: Decimal, cost: Decimal) -> str | None:
        """Why an accepted order can't be filled any more: the price or the position changed while it was open."""
        if resting.state.side == "sell":
            held = self._held(resting.state.symbol)
            return None if quantity <= held else f"only {held} {resting.state.symbol} are still held"
        covered = self.spendable() + self._reserved(resting)
        if cost <= covered:
            return None
        currency = self._instrument(resting.state.symbol).currency
        return f"it costs {money(cost, currency)} now, but only {money(covered, currency)} are there"

    def _held(self, symbol: Symbol) -> Decimal:
        return self._book.holdings().get(symbol, Decimal(0))

    def _reserved(self, resting: RestingOrder) -> Decimal:
        """Dollars reserved for an open order; 0 for a sell."""
        if resting.state.side == "sell":
            return Decimal(0)
        return resting.state.remaining * resting.worst_price + self._fee_due(resting.state)

    def _fee_due(self, state: OrderState) -> Decimal:
        """The whole commission is charged with the first fill."""
        return Decimal(0) if state.filled else self._commission
