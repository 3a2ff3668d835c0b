"""The sim broker with scripted faults, trades by hand and deposits: everything that only tests ask of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from rebalancer.model import Order, OrderId, OrderState, Payment, Side, Symbol, Unknown
from rebalancer.model.text import money
from rebalancer.ports import Calendar, Clock, Quotes
from rebalancer.venues.order_rules import Market
from rebalancer.venues.sim.book import RestingOrder
from rebalancer.venues.sim.broker import SimBroker
from rebalancer.venues.sim.exchange import Exchange


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

    def fault(self, order: Order | OrderState) -> ScriptedFault:
        return self.faults.get((order.side, order.symbol), ScriptedFault())


@dataclass(frozen=True)
class ScriptedExchange(Exchange):
    """Counts of queries and slow cancels are kept in memory only."""

    script: Script = field(default_factory=Script)
    queries: Counter[OrderId] = field(default_factory=Counter)
    cancel_at_query: dict[OrderId, int] = field(default_factory=dict)

    def count_query(self) -> None:
        self.queries.update(resting.state.id for resting in self._book.open_orders())

    def cancel(self, order_id: OrderId, now: datetime) -> None:
        for resting in self._book.open_orders():
            if resting.state.id == order_id:
                self._cancel(resting, now)

    def _cancel(self, resting: RestingOrder, now: datetime) -> None:
        state = resting.state
        match self.script.fault(state).cancel:
            case "prompt":
                super().cancel(state.id, now)
            case "slow":
                self.cancel_at_query.setdefault(state.id, self.queries[state.id] + 2)
            case "beaten":
                super()._trade(resting, resting.state.remaining, self.markets([state.symbol]).get(state.symbol), now)
                super().cancel(state.id, now)
            case "refused":
                pass

    def _refusal(self, order: Order, price: Decimal) -> str | None:
        scripted = self.script.fault(order).refuse or self.script.untradable.get(order.symbol)
        return scripted or super()._refusal(order, price)

    def _trade(self, resting: RestingOrder, quantity: Decimal, here: Market | None, now: datetime) -> None:
        state, fault = resting.state, self.script.fault(resting.state)
        queries = self.queries[state.id]
        if queries >= fault.waits and fault.reject:
            self._book.end(state.id, "rejected", fault.reject, now)
        elif queries >= fault.waits and (most := min(quantity, fault.fills_at_most - state.filled)) > 0:
            super()._trade(resting, most, here, now)
        if queries >= self.cancel_at_query.get(state.id, queries + 1):
            super().cancel(state.id, now)


class ScriptedSimBroker(SimBroker):
    def __init__(
        self,
        path: Path,
        clock: Clock,
        quotes: Quotes,
        calendar: Calendar,
        *,
        script: Script | None = None,
        paid: list[Payment] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(path, clock, quotes, calendar, **settings)
        self._paid = [] if paid is None else paid
        plain = self._exchange
        self._script = script or Script()
        self._exchange: ScriptedExchange = ScriptedExchange(
            plain._book, plain._quotes, plain._commission, plain._slippage_percent, plain._instrument, self._script
        )
        self._lost: Counter[OrderId] = Counter()

    def submit(self, order: Order) -> Any:
        fault = self._script.fault(order)
        if self._lost[order.id] < fault.lost:
            self._lost[order.id] += 1
            return Unknown("the connection broke before the order arrived")
        answer = super().submit(order)
        return Unknown("the connection broke before the answer came") if fault.silent else answer

    def untradable(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, str]:
        wanted = set(symbols)
        barred = {symbol: why for symbol, why in self._script.untradable.items() if symbol in wanted}
        return {**super().untradable(wanted), **barred}

    def open_orders(self) -> tuple[OrderState, ...]:
        self._count_query()
        return super().open_orders()

    def find(self, order_id: OrderId) -> Any:
        self._count_query()
        return super().find(order_id)

    def named(self, ours: Any, since: datetime) -> tuple[OrderState, ...]:
        self._count_query()
        return super().named(ours, since)

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        self._count_query()
        return super().orders(ids)

    def _count_query(self) -> None:
        with self._book.change():
            self._exchange.count_query()

    # ------------------------------------------------------------------------------------- outside of orders

    def change_position(self, symbol: Symbol, quantity: Decimal) -> None:
        """Shares added (or removed, below 0) without an order: by a manual trade, a split, a transfer."""
        with self._now() as now:
            self._book.move_shares(symbol, quantity, now)

    def pay(self, payment: Payment) -> None:
        """Its cash comes to the account, and it is listed from then on."""
        with self._now() as now:
            self._book.move_cash(payment.amount, now)
        self._paid.append(payment)

    def payments(self, since: date) -> tuple[Payment, ...]:
        return tuple(payment for payment in self._paid if payment.day >= since)

    def deposit(self, dollars: Decimal) -> None:
        """Deposit, or below 0 withdraw. Raises ValueError where more would be withdrawn than can be spent."""
        with self._now() as now:
            spendable = self._exchange.spendable()
            if not spendable + dollars >= 0:
                asked, free = (money(amount, self.venue.currency) for amount in (-dollars, spendable))
                raise ValueError(f"a withdrawal of {asked}, but only {free} can be spent")
            self._book.deposit(dollars, now)
            self._book.move_cash(dollars, now)
