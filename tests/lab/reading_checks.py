"""Invariants of orders by what the program last read, valid under concurrent external trading.

Nobody can see a trade between reading and order. By the last reading, no order may take the account beyond 99 % of
equity, its own cash below 0 or a holding below 0.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from lab.order_checks import DRIFT, MOST_INVESTED, OrderChecker, Violation
from lab.venue_orders import NONE, VenueOrder
from rebalancer.model import Account, Order, Position


@dataclass(frozen=True, slots=True)
class Reading:
    """An account reading: cash as of `as_of`, shares as of `counted`; `looked_up` names the requests made."""

    as_of: datetime
    counted: datetime
    own_cash: Decimal = NONE
    equity: Decimal = NONE
    invested: Decimal = NONE
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    others_buys: Decimal = NONE
    """Dollars that open buys of external traders may still take."""
    looked_up: frozenset[str] = frozenset()


@dataclass(slots=True)
class ReadingChecker:
    """`latest` is the newest reading, `recorded` the one that the run journalled.

    `vouched_for` returns the ids of unknown orders that the operator accounted for.
    """

    checker: OrderChecker
    vouched_for: Callable[[], Collection[str]]
    latest: Reading
    recorded: Reading
    unknown_orders: frozenset[str] = frozenset()
    """Forged order ids that the program was shown."""
    round_over: bool = True
    """The program has tracked its orders since the recorded reading: that round is over."""

    # ------------------------------------------------------------------------------------- readings

    def account(self, account: Account, as_of: datetime) -> None:
        if not account.equity.is_finite():
            return
        long_value = account.equity - account.cash if account.long_value is None else account.long_value
        own_cash = min(account.cash, account.equity - long_value)
        self._show("account", as_of=as_of, own_cash=own_cash, equity=account.equity)

    def positions(self, rows: Sequence[Position], as_of: datetime) -> None:
        invested = sum((max(NONE, row.market_value) for row in rows), NONE)
        self._show("positions", counted=as_of, invested=invested, shares={row.symbol: row.quantity for row in rows})

    def open_orders(self, venue_orders: Sequence[VenueOrder]) -> None:
        others = [venue_order for venue_order in venue_orders if not venue_order.ours and venue_order.side == "buy"]
        self._show(
            "open orders",
            others_buys=sum((venue_order.left * self._per_share(venue_order) for venue_order in others), NONE),
        )

    def named(self, venue_orders: Sequence[VenueOrder]) -> None:
        shown = {
            venue_order.id
            for venue_order in venue_orders
            if venue_order.forged and (venue_order.filled or venue_order.status != "rejected")
        }
        self.unknown_orders = frozenset(shown - set(self.vouched_for()))
        self._show("named")

    def mark_recorded(self) -> None:
        """The run journalled what it read."""
        self.recorded, self.round_over = self.latest, False

    def _show(self, what: str, **shown: object) -> None:
        self.latest = replace(self.latest, looked_up=self.latest.looked_up | {what}, **shown)

    # ------------------------------------------------------------------------------------- orders

    def sending(self, order: Order, *, again: bool) -> None:
        """All invariants that hold whatever external traders do. `again`: a retry under the same id."""
        self._rule("D6", not self.unknown_orders, f"{order} left though {sorted(self.unknown_orders)} were shown")
        if not self.checker.is_only_repeated(order) and not self.checker.disturbances.split_pending:
            self._is_after_a_reading(order, again=again)
            if order.side == "sell":
                self._is_held(order)
            else:
                self._has_own_money(order)
                self._has_room(order)
        self.latest = replace(self.latest, looked_up=frozenset())

    def _is_after_a_reading(self, order: Order, *, again: bool) -> None:
        if again:
            self._rule(
                "R1", "positions" in self.latest.looked_up, f"{order} left again, and no position was read before"
            )
            return
        self._rule("R1", not self.round_over, f"{order} left in a new round, and the account was not read again")
        needed = {"account", "positions", "named"} | ({"open orders"} if order.side == "buy" else set())
        missing = needed - self.recorded.looked_up
        self._rule("R1", not missing, f"{order} left and {sorted(missing)} were not read after the round before")

    def _is_held(self, order: Order) -> None:
        sells = [venue_order for venue_order in self._ours("sell", order) if venue_order.symbol == order.symbol]
        coming = sum((_moved(venue_order, self.latest.counted) for venue_order in sells), NONE)
        free = self.latest.shares.get(order.symbol, NONE) - coming
        self._rule("R2", order.quantity <= free, f"{order} left, and the last reading shows {free} to sell")

    def _has_own_money(self, order: Order) -> None:
        ours = sum((self._dollars(venue_order) for venue_order in self._ours("buy", order)), NONE)
        cost = order.quantity * (order.limit or self._price(order.symbol)) + self.checker.venue.rules.fee
        left = self.recorded.own_cash - self.recorded.others_buys - ours - cost
        self._rule("R3", left >= 0, f"{order} takes the own cash to {left} by {self.recorded}")

    def _has_room(self, order: Order) -> None:
        buys = self._ours("buy", order)
        ours = sum((_moved(each, self.recorded.counted) * self._price(each.symbol) for each in buys), NONE)
        after = self.recorded.invested + self.recorded.others_buys + ours + order.quantity * self._price(order.symbol)
        most = MOST_INVESTED * self.recorded.equity * (1 + DRIFT)
        self._rule("R4", after <= most, f"{order} makes {after} invested of {self.recorded.equity} by {self.recorded}")

    def _ours(self, side: str, order: Order) -> list[VenueOrder]:
        """Our other orders of a side, without those later than the venue guarantees."""
        return [
            venue_order
            for venue_order in self.checker.venue.venue_orders
            if venue_order.ours and venue_order.side == side and venue_order.id != order.id and not venue_order.overdue
        ]

    def _dollars(self, venue_order: VenueOrder) -> Decimal:
        shares = _moved(venue_order, self.recorded.as_of)
        return shares * self._per_share(venue_order) + (self.checker.venue.rules.fee if shares else NONE)

    def _per_share(self, venue_order: VenueOrder) -> Decimal:
        return venue_order.limit or self._price(venue_order.symbol)

    def _price(self, symbol: str) -> Decimal:
        return self.checker.venue.price(symbol)

    def _rule(self, name: str, holds: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence
        if not holds:
            raise Violation(f"{name}: {text}")


def _moved(venue_order: VenueOrder, as_of: datetime) -> Decimal:
    """Shares executed since `as_of` or still open, up to the quantity sent."""
    since = sum((each.quantity for each in venue_order.executions if each.at > as_of), NONE)
    standing = venue_order.left if venue_order.status in {"open", "coming"} else NONE
    return min(venue_order.asked, since + standing)
