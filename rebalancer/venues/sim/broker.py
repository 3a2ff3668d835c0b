"""The simulated broker: strict and deterministic, fills at market prices, keeps its account in a SQLite file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from rebalancer.errors import SourceError
from rebalancer.market.clock import LONGEST_CLOSURE, hours
from rebalancer.model import (
    Absent,
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
    Snapshot,
    Submitted,
    Symbol,
    Unknown,
    Venue,
    us_equity,
)
from rebalancer.model.text import minute
from rebalancer.ports import Calendar, Clock, Quotes
from rebalancer.venues.order_rules import market
from rebalancer.venues.plugin import gone_back
from rebalancer.venues.sim.book import Book
from rebalancer.venues.sim.exchange import Exchange
from rebalancer.venues.sim.venue import SIM


class SimBroker:
    """Every call of the broker first matches open orders with the market.

    A buy fills at the ask, a sell at the bid, else at the last trade, else at the bar's close; worsened by the slippage
    and rounded to the tick against the account. The commission is charged with an order's first fill and never exceeds
    a sale's proceeds. Orders expire with their session. A position without a price is valued at its last close, and
    can't be traded.

    The account is the file at `path`; `starting_cash` counts only where there is none yet. A venue that is simulated by
    this engine gives its own facts as `venue` and its `instrument` of each symbol. Raises SourceError where the file
    can't be made or used.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        quotes: Quotes,
        calendar: Calendar,
        *,
        starting_cash: Decimal,
        commission_dollars: Decimal = Decimal(0),
        slippage_percent: Decimal = Decimal(0),
        venue: Venue = SIM,
        instrument: Callable[[Symbol], Instrument] = us_equity,
    ) -> None:
        self._book = Book.open(path, starting_cash)
        self._clock = clock
        self._calendar = calendar
        self._instrument = instrument
        self._exchange = Exchange(self._book, quotes, commission_dollars, slippage_percent, instrument)
        self.venue = replace(venue, fee_per_order=commission_dollars)

    def close(self) -> None:
        self._book.close()

    def last_change(self) -> datetime | None:
        with self._book.change():
            return self._book.last_event

    def hours(self) -> Hours:
        """By this program's clock and calendar."""
        return hours(self._clock, self._calendar)

    def account(self) -> Account:
        with self._at_the_market() as now:
            cash = self._book.cash
            equity = cash + sum(position.market_value for position in self._exchange.positions())
            self._book.record_equity(now.date(), equity)
            before, paid_in = self._last_session(now.date()) or (None, None)
            return Account(
                self._book.path.stem,
                equity,
                cash,
                self._exchange.spendable(),
                now,
                self.venue.currency,
                previous_equity=before,
                deposits=paid_in,
            )

    def positions(self) -> tuple[Position, ...]:
        with self._at_the_market():
            return self._exchange.positions()

    def open_orders(self) -> tuple[OrderState, ...]:
        with self._at_the_market():
            return tuple(resting.state for resting in self._book.open_orders())

    def may_short(self) -> bool:
        return False

    def instruments(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Instrument]:
        return {symbol: self._instrument(symbol) for symbol in symbols}

    def untradable(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, str]:
        wanted = sorted(set(symbols))
        shown = self._exchange.snapshots(wanted)
        with self._book.change():
            held = self._book.holdings()
        unpriced = [symbol for symbol in wanted if market(shown.get(symbol)) is None]
        return {symbol: _no_price(symbol, shown.get(symbol), held=symbol in held) for symbol in unpriced}

    def submit(self, order: Order) -> Submitted:
        try:
            with self._now() as now:
                return self._receive(order, now)
        except SourceError as error:
            return Unknown(str(error))

    def find(self, order_id: OrderId) -> Found:
        try:
            with self._at_the_market():
                return self._book.orders([order_id]).get(order_id, Absent())
        except SourceError as error:
            return Unknown(str(error))

    def named(self, ours: Callable[[OrderId], bool], since: datetime) -> tuple[OrderState, ...]:
        with self._at_the_market():
            return tuple(state for state in self._book.orders_since(since) if ours(state.id))

    def orders(self, ids: Sequence[OrderId]) -> Mapping[OrderId, OrderState]:
        with self._at_the_market():
            return self._book.orders(ids)

    def fills(self, order_id: OrderId) -> tuple[Fill, ...]:
        with self._at_the_market():
            return self._book.fills(order_id)

    def cancel(self, order_id: OrderId) -> None:
        with self._now() as now:
            self._exchange.cancel(order_id, now)

    def write_off(self, symbol: Symbol) -> None:
        """Remove all shares of `symbol` for nothing, at the time of the account's last change.

        Their value counts as withdrawn, not as a loss.
        """
        with self._book.change():
            held = next(position for position in self._exchange.positions() if position.symbol == symbol)
            at = self._book.last_event or self._clock.now()
            self._book.deposit(-held.market_value, at)
            self._book.move_shares(symbol, -held.quantity, at)

    @contextmanager
    def _now(self) -> Iterator[datetime]:
        """One transaction of the book at the present time, after expiring orders of past sessions."""
        with self._book.change():
            now = self._time()
            self._exchange.expire(now, self.venue.zone)
            yield now

    @contextmanager
    def _at_the_market(self) -> Iterator[datetime]:
        """As `_now`, after matching open orders with the market."""
        with self._now() as now:
            self._exchange.match_orders(now)
            yield now

    def _time(self) -> datetime:
        """The clock's time; that of the last change where the clock is earlier on the same day, as in a second run.

        Raises SourceError on an earlier day: changes since then can't be undone.
        """
        now, last = self._clock.now(), self._book.last_event
        if last is None or last <= now:
            return now
        if last.date() == now.date():
            return last
        raise SourceError(gone_back(now, last, self.venue.zone))

    def _receive(self, order: Order, now: datetime) -> Submitted:
        if self._book.orders([order.id]):
            # Not Refused, which would mean that no order of this id exists.
            return Unknown(f"the order id {order.id} was used before: look up what came of it")
        session = self._calendar.session(now.date())  # a session in New York lies within one day of UTC
        if session is None or not session.opens <= now < session.closes:
            return Refused(f"the market is closed at {minute(now, self.venue.zone)}: send orders while it is open")
        return self._exchange.receive(order, session.closes, now)

    def _last_session(self, today: date) -> tuple[Decimal, Decimal] | None:
        """The last equity recorded in the session before, and net deposits since; None where none was recorded."""
        days = self._calendar.sessions(today - LONGEST_CLOSURE, today - timedelta(days=1))
        return self._book.equity_on(days[-1]) if days else None


def _no_price(symbol: Symbol, snapshot: Snapshot | None, *, held: bool) -> str:
    last = snapshot.previous if snapshot else None
    since = f" (its last close is of {last.session})" if last else ""
    remedy = f": neither bought nor sold until it has one; `rebalance write-off {symbol}` gives it up" if held else ""
    return f"the sim broker has no price for it{since}{remedy}"
