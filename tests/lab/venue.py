"""The simulated venue with its own book: cash, shares, orders, executions. It shares no code with the program.

It keeps true time; events that are due happen in order as soon as somebody asks for a later moment.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from heapq import heappop, heappush
from random import Random

from lab.faults import FaultInjector
from lab.market import SYMBOLS, LabMarket
from lab.venue_orders import NONE, LabExecution, Rules, Status, VenueOrder


class Venue:
    """`watch` is called for every order that is "accepted" or "executed"."""

    def __init__(self, rules: Rules, market: LabMarket, cash: Decimal) -> None:
        self.rules = rules
        self.market = market
        self.cash = cash
        self.shares: dict[str, Decimal] = dict.fromkeys(SYMBOLS, NONE)
        self.venue_orders: list[VenueOrder] = []
        self.executions: list[LabExecution] = []
        self.halted: str | None = None
        self.closed_early: datetime | None = None
        self.previous_equity = cash
        self.deposits = NONE
        self.sold_today = NONE
        """Sale proceeds in dollars, settled by the next session."""
        self.injector: FaultInjector | None = None
        self.watch: Callable[[str, VenueOrder], None] = lambda _what, _ticket: None
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._counted = 0
        self.now = market.clock.true

    # ------------------------------------------------------------------------------------- time

    def live_until(self, now: datetime) -> None:
        while self._agenda and self._agenda[0][0] <= now:
            self.now, _, act = heappop(self._agenda)
            act()
        self.now = max(self.now, now)

    def at(self, when: datetime, act: Callable[[], None]) -> None:
        self._counted += 1
        heappush(self._agenda, (max(when, self.now), self._counted, act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.at(self.now + timedelta(seconds=seconds), act)

    def open_day(self, injector: FaultInjector) -> None:
        self.injector = injector
        self.halted = injector.rng.choice(SYMBOLS) if injector.occurs("symbol is halted") else None
        self.closed_early = None
        self.at(self.market.session().closes, self._close)

    def is_open(self) -> bool:
        session = self.market.session()
        return session.opens <= self.now < (self.closed_early or session.closes)

    def closes(self) -> datetime:
        return self.closed_early or self.market.session().closes

    def close_early(self, when: datetime) -> None:
        self.closed_early = when
        self.at(when, self._close)

    def _close(self) -> None:
        for venue_order in self.open_orders():
            self._end(venue_order, "expired", "the session is over")

    def end_day(self) -> None:
        """After the close, before the night."""
        self.previous_equity, self.deposits, self.sold_today = self.equity(), NONE, NONE
        if self.rules.ids == "forgotten":
            for venue_order in self.venue_orders:
                venue_order.forgotten = True

    # ------------------------------------------------------------------------------------- the book

    def price(self, symbol: str) -> Decimal:
        return self.market.price(symbol, self.now)

    def equity(self) -> Decimal:
        return self.cash + sum((held * self.price(name) for name, held in self.shares.items()), NONE)

    def open_orders(self) -> list[VenueOrder]:
        return [venue_order for venue_order in self.venue_orders if venue_order.status == "open"]

    def reserved(self) -> Decimal:
        """Dollars reserved by open buys."""
        return sum((self._cost(venue_order) for venue_order in self.open_orders() if venue_order.side == "buy"), NONE)

    def on_sale(self, symbol: str) -> Decimal:
        sells = (
            venue_order
            for venue_order in self.open_orders()
            if (venue_order.side, venue_order.symbol) == ("sell", symbol)
        )
        return sum((venue_order.left for venue_order in sells), NONE)

    def spendable(self) -> Decimal:
        return max(NONE, self.cash - self.reserved())

    def long_value(self) -> Decimal:
        return sum((max(NONE, held) * self.price(name) for name, held in self.shares.items()), NONE)

    def free_of_margin(self) -> Decimal:
        """Dollars without short-sale proceeds and, if the venue `settles`, without today's sales."""
        own = min(self.cash, self.equity() - self.long_value())
        unsettled = self.sold_today if self.rules.settles else NONE
        return max(NONE, own - unsettled - self.reserved())

    def move_cash(self, dollars: Decimal) -> None:
        self.cash += dollars
        self.deposits += dollars

    def split(self, symbol: str, ratio: Decimal) -> None:
        self.shares[symbol] *= ratio

    def _cost(self, venue_order: VenueOrder) -> Decimal:
        return venue_order.left * (venue_order.limit or self.price(venue_order.symbol)) + self.rules.fee

    # ------------------------------------------------------------------------------------- orders

    def send(
        self,
        order_id: str,
        symbol: str,
        side: str,
        quantity: Decimal,
        kind: str,
        limit: Decimal | None,
        *,
        late: float = 0,
        lag: float = 0,
        ours: bool = True,
    ) -> VenueOrder:
        """Send an order: it arrives after `late` seconds and is listed `lag` seconds later."""
        day = self.market.session().day
        number = len(self.venue_orders) + 1
        venue_order = VenueOrder(
            number, order_id, symbol, side, quantity, kind, limit, self.now, day, quantity, ours=ours
        )
        self.venue_orders.append(venue_order)
        if late:
            venue_order.overdue = late > self.rules.quiet
            self.after(late, lambda: self._arrive(venue_order, lag))
        else:
            self._arrive(venue_order, lag)
        return venue_order

    def _arrive(self, venue_order: VenueOrder, lag: float) -> None:
        refusal = self._refusal(venue_order)
        if refusal:
            venue_order.status, venue_order.refusal = "refused", refusal
            return
        if venue_order.ours and self._occurs("stands with another quantity"):
            venue_order.quantity += 1
        venue_order.status, venue_order.shown_from = "open", self.now + timedelta(seconds=lag)
        self.watch("accepted", venue_order)
        self._work(venue_order)

    def _refusal(self, venue_order: VenueOrder) -> str:
        """The kind of refusal, "" if the order is accepted."""
        if self._is_taken(venue_order):
            return "duplicate"
        if not self.is_open() or venue_order.day != self.market.session().day:
            return "late"
        if venue_order.ours and self._occurs("account can't trade"):
            return "account"
        if any(other.symbol == venue_order.symbol and other.side != venue_order.side for other in self.open_orders()):
            return "wash"
        if venue_order.side == "sell" and self.rules.strict:
            held = self.shares[venue_order.symbol]
            return (
                "" if venue_order.quantity <= held - self.on_sale(venue_order.symbol) else _lacking(venue_order, held)
            )
        if venue_order.side == "buy" and (self._occurs("no funds, says the venue") or not self._can_pay(venue_order)):
            return "funds"
        return ""

    def _is_taken(self, venue_order: VenueOrder) -> bool:
        named = [
            other
            for other in self.venue_orders
            if other.id == venue_order.id and other.accepted and not other.forgotten
        ]
        match self.rules.ids:
            case "for ever":
                return bool(named)
            case "while open":
                return any(other.status == "open" for other in named)
            case _:
                return False

    def _can_pay(self, venue_order: VenueOrder) -> bool:
        return not self.rules.strict or self._cost(venue_order) <= self.spendable()

    def _work(self, venue_order: VenueOrder) -> None:
        """Schedule the executions of an accepted order."""
        if self._occurs("rejected after accept"):
            self.after(1.5, lambda: self._end(venue_order, "rejected", "the venue thought again"))
            return
        parts = [venue_order.quantity]
        if venue_order.quantity >= 3 and self._occurs("fills in parts"):
            third = venue_order.quantity // 3
            parts = [third, third, venue_order.quantity - 2 * third]
        if self._occurs("fills stop in the middle"):
            parts = parts[: len(parts) // 2]
        if self._occurs("filled beyond the order"):
            parts = [*parts[:-1], *(part + 1 for part in parts[-1:])]
        wait = self._rng().uniform(20, 200) if self._occurs("fills are slow") else 0.2
        for step, part in enumerate(parts):
            self.after(wait + 3.0 * step, partial(self._execute, venue_order, part))

    def _execute(self, venue_order: VenueOrder, quantity: Decimal) -> None:
        if venue_order.status != "open":
            return
        price = self.price(venue_order.symbol)
        if self.halted == venue_order.symbol or not _is_marketable(venue_order, price):
            self.after(5, lambda: self._execute(venue_order, quantity))
            return
        self._book(venue_order, quantity, price)

    def _book(self, venue_order: VenueOrder, quantity: Decimal, price: Decimal) -> None:
        fee = self.rules.fee if not venue_order.filled else NONE
        sign = 1 if venue_order.side == "buy" else -1
        moved = -sign * quantity * price - fee
        self.cash += moved
        self.sold_today += max(NONE, moved)
        self.shares[venue_order.symbol] += sign * quantity
        venue_order.filled += quantity
        venue_order.paid += quantity * price
        done = LabExecution(f"x{len(self.executions) + 1}", venue_order, quantity, price, fee, self.now, moved)
        self.executions.append(done)
        venue_order.executions.append(done)
        if venue_order.status == "open" and venue_order.filled >= venue_order.quantity:
            venue_order.status = "filled"
        self.watch("executed", venue_order)

    def cancel(self, order_id: str) -> None:
        if self._occurs("cancel is lost"):
            return
        wait = self._rng().uniform(1, 20) if self._occurs("cancel is slow") else 0.1
        for venue_order in self.open_orders():
            if venue_order.id == order_id:
                self.after(wait, partial(self._end, venue_order, "canceled", "canceled on request"))

    def _end(self, venue_order: VenueOrder, status: Status, reason: str) -> None:
        if venue_order.status == "open":
            venue_order.status, venue_order.reason = status, reason

    def _occurs(self, name: str) -> bool:
        return self.injector is not None and self.injector.occurs(name)

    def _rng(self) -> Random:
        return self.injector.rng if self.injector else Random(0)  # noqa: S311 - not for secrets


def _lacking(venue_order: VenueOrder, held: Decimal) -> str:
    return "held" if venue_order.quantity <= held else "other"


def _is_marketable(venue_order: VenueOrder, price: Decimal) -> bool:
    if venue_order.limit is None:
        return True
    return price <= venue_order.limit if venue_order.side == "buy" else price >= venue_order.limit


def trade_by_hand(venue: Venue, symbol: str, quantity: Decimal) -> None:
    """Execute a trade of the owner at once; a negative quantity sells."""
    venue.shares[symbol] += quantity
    venue.cash -= quantity * venue.price(symbol)
    venue.sold_today += max(NONE, -quantity * venue.price(symbol))
