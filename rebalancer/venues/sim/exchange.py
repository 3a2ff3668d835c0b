"""The simulated broker's exchange: accepts, fills, cancels and expires orders; its failures are scripted by tests."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

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
    Side,
    Snapshot,
    Symbol,
)
from rebalancer.model.text import money
from rebalancer.ports import Quotes
from rebalancer.venues.order_rules import Available, Market, fill_price, market, refusal, slipped
from rebalancer.venues.sim.book import Book, RestingOrder


@dataclass(frozen=True, slots=True)
class ScriptedFault:
    """A failure of the simulated exchange; the default is none. A query is a call of `find`, `orders` or `open_orders`.

    refuse         the order is refused on submit, for this reason
    reject         the order is accepted, then rejected for this reason
    lost           this many submits of an order never arrive; each returns Unknown
    silent         the submit arrives, but its response is lost: Unknown
    fills_at_most  shares that fill; the rest of the order stays open
    waits          queries before the order changes; the response to the submit counts as the first
    cancel         "slow": the next query still finds it open; "refused": it stays open; "beaten": it fills first
    """

    refuse: str = ""
    reject: str = ""
    lost: int = 0
    silent: bool = False
    fills_at_most: Decimal = Decimal("Infinity")
    waits: int = 0
    cancel: Literal["prompt", "slow", "refused", "beaten"] = "prompt"


@dataclass(frozen=True, slots=True)
class Script:
    """A fault for every order of a side and symbol, and symbols that can't be traded, with the reason."""

    faults: Mapping[tuple[Side, Symbol], ScriptedFault] = field(default_factory=dict)
    untradable: Mapping[Symbol, str] = field(default_factory=dict)

    def fault(self, side: Side, symbol: Symbol) -> ScriptedFault:
        return self.faults.get((side, symbol), ScriptedFault())


@dataclass(frozen=True, slots=True)
class Exchange:
    """Call it inside a transaction of the book. Counts of queries and slow cancels are kept in memory only."""

    _book: Book
    _quotes: Quotes
    _commission: Decimal
    _slippage_percent: Decimal
    _script: Script
    _instrument: Callable[[Symbol], Instrument]
    _queries: Counter[OrderId] = field(default_factory=Counter)
    _cancel_at_query: dict[OrderId, int] = field(default_factory=dict)

    def markets(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Market]:
        """By symbol; one without a usable price is absent."""
        wanted = sorted(symbols)
        snapshots = self._shown(wanted)
        found = {symbol: market(snapshots.get(symbol)) for symbol in wanted}
        return {symbol: here for symbol, here in found.items() if here is not None}

    def last_closes(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, date]:
        """The session of the last known close, by symbol; one that never had a close is absent."""
        shown = self._shown(sorted(symbols))
        return {symbol: snapshot.previous.session for symbol, snapshot in shown.items() if snapshot.previous}

    def positions(self) -> tuple[Position, ...]:
        """Raises SourceError where one never had a price: it is not valued at 0."""
        holdings = self._book.holdings()
        snapshots = self._shown(list(holdings))
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

    def _shown(self, symbols: list[Symbol]) -> Mapping[Symbol, Snapshot]:
        return self._quotes.snapshots(symbols) if symbols else {}

    def spendable(self) -> Decimal:
        """Cash less what is reserved for open buys, in dollars."""
        return self._book.cash - sum(self._reserved(resting) for resting in self._book.open_orders())

    # ------------------------------------------------------------------------------------- what happens to orders

    def receive(self, order: Order, expires: datetime, now: datetime) -> Accepted | Refused:
        """Accept an order with a new id, and match it with the market at once."""
        here = self.markets([order.symbol]).get(order.symbol)
        if here is None:
            return Refused(f"{order.symbol} has no price here: it is unknown or not traded now")
        price = slipped(here, order.side, self._slippage_percent, self._instrument(order.symbol))
        if (reason := self._refusal(order, price)) is not None:
            return Refused(reason)
        resting = self._book.place(order, order.limit or price, expires, now)
        self._match(resting, here, now)
        return Accepted(self._book.orders([order.id])[order.id])

    def expire(self, now: datetime) -> None:
        for resting in self._book.open_orders():
            if now >= resting.expires:
                reason = f"the session closed at {resting.expires:%Y-%m-%d %H:%M} UTC"
                self._book.end(resting.state.id, "expired", reason, now)

    def match_orders(self, now: datetime) -> None:
        """Fill what can be filled of every open order, in order of arrival; then end slow cancels."""
        waiting = self._book.open_orders()
        markets = self.markets({resting.state.symbol for resting in waiting})
        for resting in waiting:
            self._match(resting, markets.get(resting.state.symbol), now)

    def count_query(self) -> None:
        self._queries.update(resting.state.id for resting in self._book.open_orders())

    def ask_to_cancel(self, order_id: OrderId, now: datetime) -> None:
        """Does nothing where the order is not open."""
        for resting in self._book.open_orders():
            if resting.state.id == order_id:
                self._cancel(resting, now)

    # ------------------------------------------------------------------------------------- one order

    def _refusal(self, order: Order, price: Decimal) -> str | None:
        scripted = self._script.fault(order.side, order.symbol).refuse or self._script.untradable.get(order.symbol)
        sells = [resting for resting in self._book.open_orders() if resting.state.side == "sell"]
        claimed = sum((sell.remaining for sell in sells if sell.state.symbol == order.symbol), Decimal(0))
        held = self._held(order.symbol)
        available, instrument = Available(self.spendable(), held, held - claimed), self._instrument(order.symbol)
        return scripted or refusal(order, price, available, self._commission, instrument)

    def _match(self, resting: RestingOrder, here: Market | None, now: datetime) -> None:
        state, fault = resting.state, self._script.fault(resting.state.side, resting.state.symbol)
        queries = self._queries[state.id]
        if queries >= fault.waits and fault.reject:
            self._book.end(state.id, "rejected", fault.reject, now)
        elif queries >= fault.waits:
            self._trade(resting, min(resting.remaining, fault.fills_at_most - state.filled), here, now)
        if queries >= self._cancel_at_query.get(state.id, queries + 1):
            self._end_if_open(state.id, now)

    def _trade(self, resting: RestingOrder, quantity: Decimal, here: Market | None, now: datetime) -> None:
        state = resting.state
        instrument = self._instrument(state.symbol)
        price = fill_price(state.side, state.limit, here, self._slippage_percent, instrument) if here else None
        if price is None or not quantity > 0:
            return
        value = quantity * price
        fee = self._fee_due(state) if state.side == "buy" else min(self._fee_due(state), value)
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

    def _cancel(self, resting: RestingOrder, now: datetime) -> None:
        state = resting.state
        match self._script.fault(state.side, state.symbol).cancel:
            case "prompt":
                self._end_if_open(state.id, now)
            case "slow":
                self._cancel_at_query.setdefault(state.id, self._queries[state.id] + 2)
            case "beaten":
                self._trade(resting, resting.remaining, self.markets([state.symbol]).get(state.symbol), now)
                self._end_if_open(state.id, now)
            case "refused":
                pass

    def _end_if_open(self, order_id: OrderId, now: datetime) -> None:
        if not self._book.orders([order_id])[order_id].terminal:
            self._book.end(order_id, "canceled", "canceled as asked", now)

    # ------------------------------------------------------------------------------------- money

    def _held(self, symbol: Symbol) -> Decimal:
        return self._book.holdings().get(symbol, Decimal(0))

    def _reserved(self, resting: RestingOrder) -> Decimal:
        """Dollars reserved for an open order; 0 for a sell."""
        if resting.state.side == "sell":
            return Decimal(0)
        return resting.remaining * resting.worst_price + self._fee_due(resting.state)

    def _fee_due(self, state: OrderState) -> Decimal:
        """The whole commission is charged with the first fill."""
        return Decimal(0) if state.filled else self._commission
