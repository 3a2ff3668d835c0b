"""The line to the venue: the broker's port, and everything that can happen to a call on its way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from lab.clock import LabClock
from lab.faults import Weather
from lab.readings import Readings
from lab.tickets import NONE, Execution, Ticket
from lab.venue import Venue
from rebalancer.errors import SourceError
from rebalancer.model import (
    Absent,
    Accepted,
    Account,
    Fill,
    Found,
    Hours,
    Instrument,
    Order,
    OrderId,
    OrderState,
    Position,
    Refused,
    Submitted,
    Symbol,
    Unknown,
    us_equity,
)
from rebalancer.ports import Caps

LATENCY, SLOW = 0.05, 20.0
"""Seconds that a call takes."""
TWO_MINUTES = 120
MISSED = Decimal("0.003")
"""The part of equity that must be missing in a list of positions for the program to see it."""


class Line:
    """`ports.Broker`. `boundary` is told before and after each call: there a process can die, or a person act.

    `told` hears of every order that leaves, before it arrives, and of every look for one.
    """

    def __init__(
        self,
        venue: Venue,
        clock: LabClock,
        weather: Weather,
        boundary: Callable[[str], None],
        told: "Told",
        readings: Readings,
        untradable: Mapping[Symbol, str],
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._weather = weather
        self._boundary = boundary
        self._told = told
        self._readings = readings
        self._untradable = untradable
        self._lags = weather.strikes("positions lag")
        rules = venue.rules
        self.caps = Caps("lab", simulated=True, fee_per_order=rules.fee, quiet_seconds=rules.quiet, resend=rules.resend)

    def hours(self) -> Hours:
        now = self._ask("hours", "venue's clock does not answer")
        return Hours(now, self._venue.is_open(), self._venue.closes())

    def account(self) -> Account:
        self._ask("account", "account does not answer")
        cash, shares, as_of = self._book_as_shown()
        equity = cash + sum((held * self._venue.price(name) for name, held in shares.items()), NONE)
        if self._weather.strikes("equity is no number"):
            equity = Decimal("NaN")
        long_value = sum((max(NONE, held) * self._venue.price(name) for name, held in shares.items()), NONE)
        account = Account(
            "LAB-1",
            equity,
            cash,
            min(cash, self._venue.free_of_margin()),
            self._clock.now(),
            previous_equity=self._venue.previous_equity,
            deposits=self._venue.deposits,
            long_value=long_value if self._venue.rules.settles else None,
        )
        self._readings.account(account, as_of)
        return account

    def positions(self) -> tuple[Position, ...]:
        self._ask("positions", "positions do not answer")
        _, shares, as_of = self._book_as_shown()
        rows = [
            Position(name, held, held * self._venue.price(name), available=held - self._venue.on_sale(name))
            for name, held in shares.items()
            if held
        ]
        seen = MISSED * self._venue.equity()
        if sum(row.market_value for row in rows) > seen and self._weather.strikes("positions come empty"):
            return ()
        largest = max(rows, key=lambda row: row.market_value, default=None)
        if largest and largest.market_value > seen and self._weather.strikes("positions come in part"):
            rows.remove(largest)
        self._readings.positions(rows, as_of)
        return tuple(rows)

    def open_orders(self) -> tuple[OrderState, ...]:
        self._ask("open orders", "orders do not answer")
        shown = [ticket for ticket in self._shown() if ticket.status == "open"]
        self._readings.open_orders(shown)
        return tuple(map(self._state, shown))

    def named(self, ours: Callable[[OrderId], bool], since: datetime) -> tuple[OrderState, ...]:
        self._ask("named", "orders do not answer")
        shown = [ticket for ticket in self._shown() if ours(ticket.id) and ticket.sent >= since]
        self._readings.named(shown)
        return tuple(map(self._state, shown))

    def untradable(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, str]:
        self._ask("untradable", "account does not answer")
        return {name: self._untradable[name] for name in symbols if name in self._untradable}

    def instruments(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Instrument]:
        return {symbol: us_equity(symbol) for symbol in symbols}

    def submit(self, order: Order) -> Submitted:
        self._boundary("before submit")
        self._venue.live_until(self._clock.true)
        self._told.leaving(order)
        self._travel()
        ticket = None if self._weather.strikes("request lost") else self._send(order, self._late())
        self._after("submit")
        if ticket is None:
            return Unknown("the request timed out")
        if ticket.status == "coming" or self._weather.strikes("answer lost"):
            return Unknown("the connection broke before the answer came")
        return self._answer(ticket)

    def find(self, order_id: OrderId) -> Found:
        self._before("find")
        if self._weather.strikes("find does not answer"):
            self._after("find")
            return Unknown("the venue did not answer (503)")
        found = [self._state(ticket) for ticket in self._shown() if ticket.id == order_id]
        self._told.looked(order_id, there=bool(found))
        self._after("find")
        return found[-1] if found else Absent()

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        self._readings.followed = True
        self._ask("orders", "orders do not answer")
        shown = {OrderId(ticket.id): self._state(ticket) for ticket in self._shown() if ticket.id in ids}
        if len(shown) > 1 and self._weather.strikes("orders come in part"):
            shown.popitem()
        return shown

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        self._ask("fills", "fills do not answer")
        (ticket,) = [ticket for ticket in self._shown() if ticket.id == order_id][-1:] or (None,)
        found = tuple(_fill(execution) for execution in ticket.executions) if ticket else ()
        return found * 2 if self._weather.strikes("fills come twice") else found

    def cancel(self, order_id: OrderId) -> None:
        self._before("cancel")
        self._venue.cancel(order_id)
        self._after("cancel")

    # ------------------------------------------------------------------------------------- on its way

    def _before(self, what: str) -> None:
        self._boundary(f"before {what}")
        self._travel()

    def _travel(self) -> None:
        self._clock.sleep(SLOW if self._weather.strikes("calls are slow") else LATENCY)
        self._venue.live_until(self._clock.true)

    def _after(self, what: str) -> None:
        self._boundary(f"after {what}")

    def _ask(self, what: str, trouble: str) -> datetime:
        """A read. The venue's time at its answer. Raises SourceError."""
        self._before(what)
        self._after(what)
        if self._weather.strikes(trouble):
            raise SourceError(trouble)
        return self._venue.now

    def _late(self) -> float:
        quiet = self._venue.rules.quiet
        if quiet and self._weather.strikes("order arrives late"):
            return self._weather.dice.uniform(0.1, 0.5) * quiet
        # A venue that takes an id again promises that nothing arrives after its quiet time.
        if self._venue.rules.ids != "while open" and self._weather.strikes("order arrives after the quiet time"):
            return quiet + self._weather.dice.uniform(5, TWO_MINUTES)
        return 0

    def _send(self, order: Order, late: float) -> Ticket:
        quiet = self._venue.rules.quiet
        lag = self._weather.dice.uniform(0, 0.45) * quiet if self._weather.strikes("order lists lag") else 0
        return self._venue.send(
            order.id, order.symbol, order.side, order.quantity, order.kind, order.limit, late=late, lag=lag
        )

    def _answer(self, ticket: Ticket) -> Submitted:
        match ticket.refusal:
            case "":
                return Accepted(self._state(ticket))
            case "duplicate":
                return Unknown("the id was used before")
            case "late":
                return Refused("the venue is closed", "late")
            case "account":
                return Refused("the account may not trade", "account")
            case "wash":
                return Refused("an order of the other side is open", "wash")
            case "held":
                return Refused("open orders hold the shares", "held")
            case "funds":
                return Refused("insufficient funds", "funds")
            case other:
                return Refused(f"refused: {other}", "other")

    def _shown(self) -> list[Ticket]:
        now = self._venue.now
        return [
            ticket
            for ticket in self._venue.tickets
            if ticket.shown_from is not None and ticket.shown_from <= now and not ticket.forgotten
        ]

    def _book_as_shown(self) -> tuple[Decimal, dict[Symbol, Decimal], datetime]:
        """Cash, shares, and as of when: where the positions lag, before the last seconds' executions."""
        cash, shares = self._venue.cash, {Symbol(name): held for name, held in self._venue.shares.items()}
        if not self._lags:
            return cash, shares, self._venue.now
        since = self._venue.now - timedelta(seconds=8)
        for execution in reversed(self._venue.executions):
            if execution.at <= since:
                break
            sign = 1 if execution.ticket.side == "buy" else -1
            cash -= execution.moved
            shares[Symbol(execution.ticket.symbol)] -= sign * execution.quantity
        return cash, shares, since

    def _state(self, ticket: Ticket) -> OrderState:
        filled, status = ticket.filled, ticket.status
        if filled and self._weather.strikes("statuses out of order"):
            filled, status = NONE, "open"
        return OrderState(
            OrderId(ticket.id),
            Symbol(ticket.symbol),
            ticket.side,
            ticket.quantity,
            ticket.kind,
            ticket.limit,
            status,
            filled,
            ticket.paid / ticket.filled if filled else None,
            ticket.reason,
        )


class Told:
    """Who listens at the line."""

    def leaving(self, order: Order) -> None:
        """`order` is about to leave."""

    def looked(self, order_id: str, *, there: bool) -> None:
        """The venue was asked for `order_id` and answered."""


def _fill(execution: Execution) -> Fill:
    ticket = execution.ticket
    return Fill(
        execution.id,
        OrderId(ticket.id),
        Symbol(ticket.symbol),
        ticket.side,
        execution.quantity,
        execution.price,
        execution.fee,
        execution.at,
    )
