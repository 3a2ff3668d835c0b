"""`ports.Broker` over the simulated venue, with lost, late, partial and contradictory answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from lab.clock import LabClock
from lab.faults import FaultInjector
from lab.reading_checks import ReadingChecker
from lab.venue import Venue
from lab.venue_orders import NONE, LabExecution, VenueOrder
from rebalancer import ports
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

LATENCY, SLOW = 0.05, 20.0
"""Duration of a request in seconds."""
TWO_MINUTES = 120
MISSED = Decimal("0.003")
"""Share of equity that must be missing from a list of positions before the program can notice."""


class FaultyBroker:
    """`step` is called before and after each request: there a process can be killed or a person act.

    `listener` is notified of every order before it is sent, and of every look-up of one.
    """

    def __init__(
        self,
        venue: Venue,
        clock: LabClock,
        injector: FaultInjector,
        step: Callable[[str], None],
        listener: "OrderListener",
        reading_checker: ReadingChecker,
        untradable: Mapping[Symbol, str],
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._injector = injector
        self._step = step
        self._listener = listener
        self._reading_checker = reading_checker
        self._untradable = untradable
        self._lags = injector.occurs("positions lag")
        rules = venue.rules
        self.venue = ports.Venue(
            "lab",
            simulated=True,
            fee_per_order=rules.fee,
            quiet_seconds=rules.quiet,
            idempotent_ids=rules.resend,
        )

    def hours(self) -> Hours:
        now = self._ask("hours", "venue's clock does not answer")
        return Hours(now, self._venue.is_open(), self._venue.closes())

    def account(self) -> Account:
        self._ask("account", "account does not answer")
        cash, shares, as_of = self._book_as_shown()
        equity = cash + sum((held * self._venue.price(name) for name, held in shares.items()), NONE)
        if self._injector.occurs("equity is no number"):
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
        self._reading_checker.account(account, as_of)
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
        if sum(row.market_value for row in rows) > seen and self._injector.occurs("positions come empty"):
            return ()
        largest = max(rows, key=lambda row: row.market_value, default=None)
        if largest and largest.market_value > seen and self._injector.occurs("positions come in part"):
            rows.remove(largest)
        self._reading_checker.positions(rows, as_of)
        return tuple(rows)

    def open_orders(self) -> tuple[OrderState, ...]:
        self._ask("open orders", "orders do not answer")
        shown = [venue_order for venue_order in self._shown() if venue_order.status == "open"]
        self._reading_checker.open_orders(shown)
        return tuple(map(self._state, shown))

    def named(self, ours: Callable[[OrderId], bool], since: datetime) -> tuple[OrderState, ...]:
        self._ask("named", "orders do not answer")
        shown = [venue_order for venue_order in self._shown() if ours(venue_order.id) and venue_order.sent >= since]
        self._reading_checker.named(shown)
        return tuple(map(self._state, shown))

    def untradable(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, str]:
        self._ask("untradable", "account does not answer")
        return {name: self._untradable[name] for name in symbols if name in self._untradable}

    def instruments(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Instrument]:
        return {symbol: us_equity(symbol) for symbol in symbols}

    def submit(self, order: Order) -> Submitted:
        self._step("before submit")
        self._venue.live_until(self._clock.true)
        self._listener.sending(order)
        self._travel()
        venue_order = None if self._injector.occurs("request lost") else self._send(order, self._late())
        self._after("submit")
        if venue_order is None:
            return Unknown("the request timed out")
        if venue_order.status == "coming" or self._injector.occurs("answer lost"):
            return Unknown("the connection broke before the answer came")
        return self._answer(venue_order)

    def find(self, order_id: OrderId) -> Found:
        self._before("find")
        if self._injector.occurs("find does not answer"):
            self._after("find")
            return Unknown("the venue did not answer (503)")
        found = [self._state(venue_order) for venue_order in self._shown() if venue_order.id == order_id]
        self._listener.looked_up(order_id, found=bool(found))
        self._after("find")
        return found[-1] if found else Absent()

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        self._reading_checker.round_over = True
        self._ask("orders", "orders do not answer")
        shown = {
            OrderId(venue_order.id): self._state(venue_order) for venue_order in self._shown() if venue_order.id in ids
        }
        if len(shown) > 1 and self._injector.occurs("orders come in part"):
            shown.popitem()
        return shown

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        self._ask("fills", "fills do not answer")
        (venue_order,) = [venue_order for venue_order in self._shown() if venue_order.id == order_id][-1:] or (None,)
        found = tuple(_fill(execution) for execution in venue_order.executions) if venue_order else ()
        return found * 2 if self._injector.occurs("fills come twice") else found

    def cancel(self, order_id: OrderId) -> None:
        self._before("cancel")
        self._venue.cancel(order_id)
        self._after("cancel")

    # ------------------------------------------------------------------------------------- the connection

    def _before(self, what: str) -> None:
        self._step(f"before {what}")
        self._travel()

    def _travel(self) -> None:
        self._clock.sleep(SLOW if self._injector.occurs("calls are slow") else LATENCY)
        self._venue.live_until(self._clock.true)

    def _after(self, what: str) -> None:
        self._step(f"after {what}")

    def _ask(self, what: str, trouble: str) -> datetime:
        """One read request: the venue's time of its answer. Raises SourceError."""
        self._before(what)
        self._after(what)
        if self._injector.occurs(trouble):
            raise SourceError(trouble)
        return self._venue.now

    def _late(self) -> float:
        quiet = self._venue.rules.quiet
        if quiet and self._injector.occurs("order arrives late"):
            return self._injector.rng.uniform(0.1, 0.5) * quiet
        # A venue that accepts a closed order's id again guarantees that nothing arrives after its quiet period.
        if self._venue.rules.ids != "while open" and self._injector.occurs("order arrives after the quiet time"):
            return quiet + self._injector.rng.uniform(5, TWO_MINUTES)
        return 0

    def _send(self, order: Order, late: float) -> VenueOrder:
        quiet = self._venue.rules.quiet
        lag = self._injector.rng.uniform(0, 0.45) * quiet if self._injector.occurs("order lists lag") else 0
        return self._venue.send(
            order.id, order.symbol, order.side, order.quantity, order.kind, order.limit, late=late, lag=lag
        )

    def _answer(self, venue_order: VenueOrder) -> Submitted:
        match venue_order.refusal:
            case "":
                return Accepted(self._state(venue_order))
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

    def _shown(self) -> list[VenueOrder]:
        now = self._venue.now
        return [
            venue_order
            for venue_order in self._venue.venue_orders
            if venue_order.shown_from is not None and venue_order.shown_from <= now and not venue_order.forgotten
        ]

    def _book_as_shown(self) -> tuple[Decimal, dict[Symbol, Decimal], datetime]:
        """Cash, shares and their time; with lagging positions, without the executions of the last 8 seconds."""
        cash, shares = self._venue.cash, {Symbol(name): held for name, held in self._venue.shares.items()}
        if not self._lags:
            return cash, shares, self._venue.now
        since = self._venue.now - timedelta(seconds=8)
        for execution in reversed(self._venue.executions):
            if execution.at <= since:
                break
            sign = 1 if execution.venue_order.side == "buy" else -1
            cash -= execution.moved
            shares[Symbol(execution.venue_order.symbol)] -= sign * execution.quantity
        return cash, shares, since

    def _state(self, venue_order: VenueOrder) -> OrderState:
        filled, status = venue_order.filled, venue_order.status
        if filled and self._injector.occurs("statuses out of order"):
            filled, status = NONE, "open"
        return OrderState(
            OrderId(venue_order.id),
            Symbol(venue_order.symbol),
            venue_order.side,
            venue_order.quantity,
            venue_order.kind,
            venue_order.limit,
            status,
            filled,
            venue_order.paid / venue_order.filled if filled else None,
            venue_order.reason,
        )


class OrderListener:
    """Notified of orders and look-ups."""

    def sending(self, order: Order) -> None:
        """`order` is about to be sent."""

    def looked_up(self, order_id: str, *, found: bool) -> None:
        """The venue answered a look-up of `order_id`."""


def _fill(execution: LabExecution) -> Fill:
    venue_order = execution.venue_order
    return Fill(
        execution.id,
        OrderId(venue_order.id),
        Symbol(venue_order.symbol),
        venue_order.side,
        execution.quantity,
        execution.price,
        execution.fee,
        execution.at,
    )
