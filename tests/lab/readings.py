"""The second judge of orders: by what the program was last shown, which holds beside any other hand in the account.

What another hand does between a reading and an order nobody can see. All else is ours to keep: no order of ours takes
the account beyond 99 % of equity, its own cash below 0 or a symbol below 0 by the last reading.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from lab.checker import DRIFT, MOST_INVESTED, Checker, Violation
from lab.tickets import NONE, Ticket
from rebalancer.model import Account, Order, Position


@dataclass(frozen=True, slots=True)
class Reading:
    """What the venue showed. What was executed after `as_of` is not in its money, nor what was after `counted` in its
    shares. `looked`: what was asked for it.
    """

    as_of: datetime
    counted: datetime
    own_cash: Decimal = NONE
    equity: Decimal = NONE
    invested: Decimal = NONE
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    others_buys: Decimal = NONE
    """Dollars that open buys of other hands may still take."""
    looked: frozenset[str] = frozenset()


@dataclass(slots=True)
class Readings:
    """`latest` is what was shown last; `ruling` what it was when the run wrote down that it read the account.

    `vouched` tells the orders in our name that a person has vouched for.
    """

    checker: Checker
    vouched: Callable[[], Collection[str]]
    latest: Reading
    ruling: Reading
    strangers: frozenset[str] = frozenset()
    """Another hand's orders in our name that the program was shown."""
    followed: bool = True
    """It has looked what came of its orders since the ruling reading: that round is over."""

    # ------------------------------------------------------------------------------------- what is shown

    def account(self, account: Account, as_of: datetime) -> None:
        if not account.equity.is_finite():
            return
        long_value = account.equity - account.cash if account.long_value is None else account.long_value
        own_cash = min(account.cash, account.equity - long_value)
        self._show("account", as_of=as_of, own_cash=own_cash, equity=account.equity)

    def positions(self, rows: Sequence[Position], as_of: datetime) -> None:
        invested = sum((max(NONE, row.market_value) for row in rows), NONE)
        self._show("positions", counted=as_of, invested=invested, shares={row.symbol: row.quantity for row in rows})

    def open_orders(self, tickets: Sequence[Ticket]) -> None:
        others = [ticket for ticket in tickets if not ticket.ours and ticket.side == "buy"]
        self._show("open orders", others_buys=sum((ticket.left * self._per_share(ticket) for ticket in others), NONE))

    def named(self, tickets: Sequence[Ticket]) -> None:
        told = {ticket.id for ticket in tickets if ticket.forged and (ticket.filled or ticket.status != "rejected")}
        self.strangers = frozenset(told - set(self.vouched()))
        self._show("named")

    def written(self) -> None:
        """The run has written down what it read."""
        self.ruling, self.followed = self.latest, False

    def _show(self, what: str, **shown: object) -> None:
        self.latest = replace(self.latest, looked=self.latest.looked | {what}, **shown)  # type: ignore[arg-type]

    # ------------------------------------------------------------------------------------- what leaves

    def leaving(self, order: Order, *, again: bool) -> None:
        """Every rule that an order must keep whatever other hands do. `again`: it left before, under this very id."""
        self._rule("D6", not self.strangers, f"{order} left though {sorted(self.strangers)} were shown")
        if not self.checker.is_only_repeated(order) and not self.checker.night.split_pending:
            self._is_after_a_reading(order, again=again)
            if order.side == "sell":
                self._is_held(order)
            else:
                self._has_own_money(order)
                self._has_room(order)
        self.latest = replace(self.latest, looked=frozenset())

    def _is_after_a_reading(self, order: Order, *, again: bool) -> None:
        if again:
            self._rule("R1", "positions" in self.latest.looked, f"{order} left again, and no position was read before")
            return
        self._rule("R1", not self.followed, f"{order} left in a new round, and the account was not read again")
        needed = {"account", "positions", "named"} | ({"open orders"} if order.side == "buy" else set())
        missing = needed - self.ruling.looked
        self._rule("R1", not missing, f"{order} left and {sorted(missing)} were not read after the round before")

    def _is_held(self, order: Order) -> None:
        sells = [ticket for ticket in self._ours("sell", order) if ticket.symbol == order.symbol]
        coming = sum((_moved(ticket, self.latest.counted) for ticket in sells), NONE)
        free = self.latest.shares.get(order.symbol, NONE) - coming
        self._rule("R2", order.quantity <= free, f"{order} left, and the last reading shows {free} to sell")

    def _has_own_money(self, order: Order) -> None:
        ours = sum((self._dollars(ticket) for ticket in self._ours("buy", order)), NONE)
        cost = order.quantity * (order.limit or self._price(order.symbol)) + self.checker.venue.rules.fee
        left = self.ruling.own_cash - self.ruling.others_buys - ours - cost
        self._rule("R3", left >= 0, f"{order} takes the own cash to {left} by {self.ruling}")

    def _has_room(self, order: Order) -> None:
        buys = self._ours("buy", order)
        ours = sum((_moved(each, self.ruling.counted) * self._price(each.symbol) for each in buys), NONE)
        after = self.ruling.invested + self.ruling.others_buys + ours + order.quantity * self._price(order.symbol)
        most = MOST_INVESTED * self.ruling.equity * (1 + DRIFT)
        self._rule("R4", after <= most, f"{order} makes {after} invested of {self.ruling.equity} by {self.ruling}")

    def _ours(self, side: str, order: Order) -> list[Ticket]:
        """Our other tickets; what comes later than the venue promised nobody can count."""
        return [
            ticket
            for ticket in self.checker.venue.tickets
            if ticket.ours and ticket.side == side and ticket.id != order.id and not ticket.overdue
        ]

    def _dollars(self, ticket: Ticket) -> Decimal:
        shares = _moved(ticket, self.ruling.as_of)
        return shares * self._per_share(ticket) + (self.checker.venue.rules.fee if shares else NONE)

    def _per_share(self, ticket: Ticket) -> Decimal:
        return ticket.limit or self._price(ticket.symbol)

    def _price(self, symbol: str) -> Decimal:
        return self.checker.venue.price(symbol)

    def _rule(self, name: str, holds: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise Violation(f"{name}: {text}")


def _moved(ticket: Ticket, as_of: datetime) -> Decimal:
    """Shares that were executed since `as_of` or may still be. What the venue does beyond an order nobody can count."""
    since = sum((each.quantity for each in ticket.executions if each.at > as_of), NONE)
    standing = ticket.left if ticket.status in {"open", "coming"} else NONE
    return min(ticket.asked, since + standing)
