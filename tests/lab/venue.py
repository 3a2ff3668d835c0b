"""A venue with a book of its own: cash, shares, tickets, executions. Nothing here knows the program under test.

Its time is true time. Whatever is due happens, in order, whenever somebody asks for something later.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from random import Random

from lab.faults import Weather
from lab.market import SYMBOLS, Market
from lab.tickets import NONE, Execution, Rules, Status, Ticket


class Venue:
    """`watch` is told of every ticket that is "accepted" and of every one that is "executed"."""

    def __init__(self, rules: Rules, market: Market, cash: Decimal) -> None:
        self.rules = rules
        self.market = market
        self.cash = cash
        self.shares: dict[str, Decimal] = dict.fromkeys(SYMBOLS, NONE)
        self.tickets: list[Ticket] = []
        self.executions: list[Execution] = []
        self.halted: str | None = None
        self.closed_early: datetime | None = None
        self.previous_equity = cash
        self.deposits = NONE
        self.sold_today = NONE
        """Dollars that are settled by the next session only."""
        self.weather: Weather | None = None
        self.watch: Callable[[str, Ticket], None] = lambda _what, _ticket: None
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

    def open_day(self, weather: Weather) -> None:
        self.weather = weather
        self.halted = weather.dice.choice(SYMBOLS) if weather.strikes("symbol is halted") else None
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
        for ticket in self.open_tickets():
            self._end(ticket, "expired", "the session is over")

    def end_day(self) -> None:
        """After the close, before the night."""
        self.previous_equity, self.deposits, self.sold_today = self.equity(), NONE, NONE
        if self.rules.ids == "forgotten":
            for ticket in self.tickets:
                ticket.forgotten = True

    # ------------------------------------------------------------------------------------- the book

    def price(self, symbol: str) -> Decimal:
        return self.market.price(symbol, self.now)

    def equity(self) -> Decimal:
        return self.cash + sum((held * self.price(name) for name, held in self.shares.items()), NONE)

    def open_tickets(self) -> list[Ticket]:
        return [ticket for ticket in self.tickets if ticket.status == "open"]

    def reserved(self) -> Decimal:
        """Dollars that open buys may take."""
        return sum((self._cost(ticket) for ticket in self.open_tickets() if ticket.side == "buy"), NONE)

    def on_sale(self, symbol: str) -> Decimal:
        sells = (ticket for ticket in self.open_tickets() if (ticket.side, ticket.symbol) == ("sell", symbol))
        return sum((ticket.left for ticket in sells), NONE)

    def spendable(self) -> Decimal:
        return max(NONE, self.cash - self.reserved())

    def long_value(self) -> Decimal:
        return sum((max(NONE, held) * self.price(name) for name, held in self.shares.items()), NONE)

    def free_of_margin(self) -> Decimal:
        """Dollars, without what was sold short, and where it `settles` without what was sold today."""
        own = min(self.cash, self.equity() - self.long_value())
        unsettled = self.sold_today if self.rules.settles else NONE
        return max(NONE, own - unsettled - self.reserved())

    def move_cash(self, dollars: Decimal) -> None:
        self.cash += dollars
        self.deposits += dollars

    def split(self, symbol: str, ratio: Decimal) -> None:
        self.shares[symbol] *= ratio

    def _cost(self, ticket: Ticket) -> Decimal:
        return ticket.left * (ticket.limit or self.price(ticket.symbol)) + self.rules.fee

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
    ) -> Ticket:
        """An order on its way. It arrives `late` seconds from now, and `lag` seconds later the lists show it."""
        day = self.market.session().day
        number = len(self.tickets) + 1
        ticket = Ticket(number, order_id, symbol, side, quantity, kind, limit, self.now, day, quantity, ours=ours)
        self.tickets.append(ticket)
        if late:
            ticket.overdue = late > self.rules.quiet
            self.after(late, lambda: self._arrive(ticket, lag))
        else:
            self._arrive(ticket, lag)
        return ticket

    def _arrive(self, ticket: Ticket, lag: float) -> None:
        refusal = self._refusal(ticket)
        if refusal:
            ticket.status, ticket.refusal = "refused", refusal
            return
        if ticket.ours and self._strikes("stands with another quantity"):
            ticket.quantity += 1
        ticket.status, ticket.shown_from = "open", self.now + timedelta(seconds=lag)
        self.watch("accepted", ticket)
        self._work(ticket)

    def _refusal(self, ticket: Ticket) -> str:
        """A kind of refusal, "" where the ticket is taken."""
        if self._is_taken(ticket):
            return "duplicate"
        if not self.is_open() or ticket.day != self.market.session().day:
            return "late"
        if ticket.ours and self._strikes("account can't trade"):
            return "account"
        if any(other.symbol == ticket.symbol and other.side != ticket.side for other in self.open_tickets()):
            return "wash"
        if ticket.side == "sell" and self.rules.strict:
            held = self.shares[ticket.symbol]
            return "" if ticket.quantity <= held - self.on_sale(ticket.symbol) else _lacking(ticket, held)
        if ticket.side == "buy" and (self._strikes("no funds, says the venue") or not self._can_pay(ticket)):
            return "funds"
        return ""

    def _is_taken(self, ticket: Ticket) -> bool:
        named = [other for other in self.tickets if other.id == ticket.id and other.accepted and not other.forgotten]
        match self.rules.ids:
            case "for ever":
                return bool(named)
            case "while open":
                return any(other.status == "open" for other in named)
            case _:
                return False

    def _can_pay(self, ticket: Ticket) -> bool:
        return not self.rules.strict or self._cost(ticket) <= self.spendable()

    def _work(self, ticket: Ticket) -> None:
        """Plan what becomes of a ticket that was just taken."""
        if self._strikes("rejected after accept"):
            self.after(1.5, lambda: self._end(ticket, "rejected", "the venue thought again"))
            return
        parts = [ticket.quantity]
        if ticket.quantity >= 3 and self._strikes("fills in parts"):
            third = ticket.quantity // 3
            parts = [third, third, ticket.quantity - 2 * third]
        if self._strikes("fills stop in the middle"):
            parts = parts[: len(parts) // 2]
        if self._strikes("filled beyond the order"):
            parts = [*parts[:-1], *(part + 1 for part in parts[-1:])]
        wait = self._dice().uniform(20, 200) if self._strikes("fills are slow") else 0.2
        for step, part in enumerate(parts):
            self.after(wait + 3.0 * step, lambda part=part: self._execute(ticket, part))

    def _execute(self, ticket: Ticket, quantity: Decimal) -> None:
        if ticket.status != "open":
            return
        price = self.price(ticket.symbol)
        if self.halted == ticket.symbol or not _is_marketable(ticket, price):
            self.after(5, lambda: self._execute(ticket, quantity))
            return
        self._book(ticket, quantity, price)

    def _book(self, ticket: Ticket, quantity: Decimal, price: Decimal) -> None:
        fee = self.rules.fee if not ticket.filled else NONE
        sign = 1 if ticket.side == "buy" else -1
        moved = -sign * quantity * price - fee
        self.cash += moved
        self.sold_today += max(NONE, moved)
        self.shares[ticket.symbol] += sign * quantity
        ticket.filled += quantity
        ticket.paid += quantity * price
        done = Execution(f"x{len(self.executions) + 1}", ticket, quantity, price, fee, self.now, moved)
        self.executions.append(done)
        ticket.executions.append(done)
        if ticket.status == "open" and ticket.filled >= ticket.quantity:
            ticket.status = "filled"
        self.watch("executed", ticket)

    def cancel(self, order_id: str) -> None:
        if self._strikes("cancel is lost"):
            return
        wait = self._dice().uniform(1, 20) if self._strikes("cancel is slow") else 0.1
        for ticket in self.open_tickets():
            if ticket.id == order_id:
                self.after(wait, lambda ticket=ticket: self._end(ticket, "canceled", "canceled on request"))

    def _end(self, ticket: Ticket, status: Status, reason: str) -> None:
        if ticket.status == "open":
            ticket.status, ticket.reason = status, reason

    def _strikes(self, name: str) -> bool:
        return self.weather is not None and self.weather.strikes(name)

    def _dice(self) -> Random:
        return self.weather.dice if self.weather else Random(0)  # noqa: S311 - no weather, no dice


def _lacking(ticket: Ticket, held: Decimal) -> str:
    return "held" if ticket.quantity <= held else "other"


def _is_marketable(ticket: Ticket, price: Decimal) -> bool:
    if ticket.limit is None:
        return True
    return price <= ticket.limit if ticket.side == "buy" else price >= ticket.limit


def trade_by_hand(venue: Venue, symbol: str, quantity: Decimal) -> None:
    """Shares bought (or sold, below 0) by the account's owner, at once."""
    venue.shares[symbol] += quantity
    venue.cash -= quantity * venue.price(symbol)
    venue.sold_today += max(NONE, -quantity * venue.price(symbol))
