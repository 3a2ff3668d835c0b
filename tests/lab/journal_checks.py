"""Invariants of the journal: compared with the venue's book after each session."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from book_rules import replayed

from lab.order_checks import Violation
from lab.owner import Owner
from lab.totals import without_identifiers
from lab.venue import Venue
from lab.venue_orders import NONE, VenueOrder
from rebalancer.journal.account_state import read_trading_status
from rebalancer.journal.chain import JournalLine, chained
from rebalancer.journal.ledger import read_ledger
from rebalancer.model import Session, Symbol
from rebalancer.portfolio.attribution import UNASSIGNED

ACCOUNT = "lab"
ROUNDING = Decimal("1e-9")
MOST_INVESTED = Decimal("0.99")
WITHIN_A_DAY = Decimal("1.005")
"""Bound on price moves within an evening: twice the largest step."""


@dataclass(slots=True)
class JournalChecker:
    """`excused`: order ids that the journal need not know, from a lost journal or accounted for by the operator.

    `changed_outside`: shares were traded by hand, so that the journal can't know which are ours.
    """

    venue: Venue
    excused: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    """Excused ids that the journal knows again."""
    changed_outside: bool = False
    before: dict[str, Decimal] = field(default_factory=dict)
    """Shares by symbol before the evening."""

    def journal_replaced(self, connection: sqlite3.Connection) -> None:
        """The journal was restored or deleted: orders that only the lost one knew are excused."""
        self.known = {order_id for (order_id,) in connection.execute("SELECT id FROM orders")}
        self.known |= {order_id for (order_id,) in connection.execute("SELECT order_id FROM accounted")}
        self.excused |= {venue_order.id for venue_order in self.venue.venue_orders if venue_order.ours} - self.known
        self.changed_outside = True

    def unknown_orders(self) -> frozenset[str]:
        """Orders with ids of our form that the venue accepted, the journal does not know, and nobody accounted for."""
        stood = [each for each in self.venue.venue_orders if each.accepted and not each.forgotten]
        standing = {each.id for each in stood if each.filled or each.status != "rejected"}
        forged = {each.id for each in stood if each.forged}
        return frozenset(standing & (self.excused | forged) - self.known)

    def vouched_for(self, ids: Sequence[str]) -> None:
        self.excused |= set(ids)
        self.known |= set(ids)
        self.changed_outside = True

    def compare(self, connection: sqlite3.Connection) -> None:
        states = {row[0]: row for row in connection.execute("SELECT id, state, settled, quantity FROM orders")}
        fills = _fills(connection)
        for venue_order in self.venue.venue_orders:
            if venue_order.ours and venue_order.accepted and venue_order.id not in self.excused:
                self._explains(venue_order, states, fills)
        theirs = {execution.id for execution in self.venue.executions}
        invented = sorted({fill[0] for found in fills.values() for fill in found} - theirs)
        _rule("I9", not invented, f"the journal has fills that never were: {invented}")

    def _explains(
        self,
        venue_order: VenueOrder,
        states: dict[str, tuple[str, str, int, str]],
        fills: dict[str, list[tuple[str, ...]]],
    ) -> None:
        _rule("I9", venue_order.id in states, f"the journal does not know {venue_order}")
        _, state, settled, _ = states[venue_order.id]
        if not settled or (state == "refused" and venue_order.overdue):
            return  # it arrived after the quiet period and its retry was refused: the next evening halts
        mine = sorted(fills[venue_order.id])
        theirs = sorted(
            (each.id, str(each.quantity.normalize()), str(each.price.normalize()), str(each.fee.normalize()))
            for each in venue_order.executions
        )
        _rule("I9", mine == theirs, f"{venue_order.id} is {state} with {mine} by the journal, the venue has {theirs}")
        _rule(
            "I8",
            state == venue_order.status,
            f"{venue_order.id} is {state} by the journal, at the venue {venue_order.status}",
        )

    def within_plans(self, connection: sqlite3.Connection, session: Session) -> None:
        """No holding is beyond what one of tonight's plans wanted: no order was executed twice."""
        if self.changed_outside:
            return
        rows = connection.execute(
            "SELECT trades.symbol, target_shares, held, side FROM trades JOIN plans USING (seq)"
            " JOIN runs ON runs.id = plans.run WHERE runs.session = ?",
            [session.day.isoformat()],
        ).fetchall()
        wanted: dict[str, list[Decimal]] = defaultdict(list)
        for symbol, target, held, side in rows:
            wanted[symbol] += [Decimal(target)] if side else [Decimal(held)]
        for symbol, before in self.before.items():
            now, ends = self.venue.shares[symbol], [before, *wanted[symbol]]
            _rule("I4", now <= max(ends), f"{symbol}: {now} held after {before}, the plans wanted {wanted[symbol]}")
            _rule("I4", now >= min(ends), f"{symbol}: {now} held after {before}, the plans wanted {wanted[symbol]}")

    def all_shares_explained(self, connection: sqlite3.Connection) -> None:
        """With every order settled and no outside change, the journal explains every share held."""
        unsettled = {order_id for (order_id,) in connection.execute("SELECT id FROM orders WHERE NOT settled")}
        if self.changed_outside or any(
            venue_order.accepted and venue_order.id in unsettled for venue_order in self.venue.venue_orders
        ):
            return
        ours = read_ledger(connection, ACCOUNT).ours
        for symbol, held in self.venue.shares.items():
            mine = ours.get(Symbol(symbol), NONE)
            _rule("I9", mine == held, f"{symbol}: {held} held, {mine} are the bots' by the journal")

    def ours(
        self, connection: sqlite3.Connection, shown: Mapping[str, Decimal], owner: Owner | None
    ) -> Mapping[str, Decimal]:
        """The managed part of the `shown` shares, by symbol."""
        if owner and owner.trading.manage == "account":
            return shown
        ours = read_ledger(connection, ACCOUNT).ours
        return {symbol: min(held, ours.get(Symbol(symbol), NONE)) for symbol, held in shown.items()}

    def nothing_unexpected(self, connection: sqlite3.Connection, session: Session) -> None:
        """Without outside changes, splits or late orders, no run notes an unexpected quantity."""
        late = {
            venue_order.symbol
            for venue_order in self.venue.venue_orders
            if venue_order.overdue and venue_order.accepted
        }
        notes = connection.execute(
            "SELECT text FROM notes JOIN runs ON runs.id = notes.run"
            " WHERE runs.session = ? AND text LIKE '%were expected (a split or a trade by hand?)%'",
            [session.day.isoformat()],
        ).fetchall()
        surprises = [text for (text,) in notes if text.partition(":")[0] not in late]
        _rule("I9", self.changed_outside or not surprises, f"the broker showed what was not expected: {surprises}")

    def all_is_well(self, connection: sqlite3.Connection) -> None:
        """After evenings without faults: no halt, no unsettled order, no run without an end."""
        _rule("I19", not self.is_halted(connection), "still halted after clean evenings")
        left = connection.execute("SELECT id, state FROM orders WHERE NOT settled AND state <> 'lost'").fetchall()
        _rule("I9", not left, f"after clean evenings these are not settled: {left}")
        running = connection.execute("SELECT id FROM runs WHERE status = 'running'").fetchall()
        _rule("I19", not running, f"runs without an end: {running}")

    def targets_are_reached(self, connection: sqlite3.Connection, drift_percent: Decimal) -> None:
        """The last run succeeded, and every target it left alone is within drift_percent or one share."""
        end = self.last_end(connection)
        _rule("I19", end == "success" or self._is_full(connection), f"the last clean evening was {end}")
        rows = connection.execute(
            "SELECT symbol, now, target, price, investable, why FROM trades JOIN plans USING (seq)"
            " WHERE seq = (SELECT MAX(seq) FROM plans) AND side IS NULL"
        )
        for symbol, now, target, price, investable, why in rows:
            apart = abs(Decimal(now) - Decimal(target))
            least = max(drift_percent / 100, Decimal(price or 0) / Decimal(investable))
            _rule("I19", apart <= least + ROUNDING, f"{symbol} is {apart} of its account from its target: {why}")

    def _is_full(self, connection: sqlite3.Connection) -> bool:
        """Whether only buys were missed for which the 99 % cap leaves no room for one more share.

        Holdings within drift_percent of their target are not sold to make room.
        """
        rows = connection.execute(
            "SELECT trades.symbol, trades.side, trades.price, orders.filled = orders.quantity"
            " FROM trades JOIN plans USING (seq) LEFT JOIN orders USING (run, symbol)"
            " WHERE trades.seq = (SELECT MAX(seq) FROM plans) AND trades.side IS NOT NULL"
        ).fetchall()
        equity = self.venue.equity()
        room = MOST_INVESTED * equity - (equity - self.venue.cash)
        return all(
            done or (done is None and side == "buy" and room < Decimal(price) * WITHIN_A_DAY)
            for _, side, price, done in rows
        )

    def chain_holds(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT seq, run, at, kind, body, hash FROM events ORDER BY seq").fetchall()
        hashes = chained(JournalLine(*fields) for *fields, _ in rows)
        wrong = [row[0] for row, due in zip(rows, hashes, strict=True) if row[5] != due]
        _rule("I18", not wrong, f"the audit chain breaks at line {wrong[:1]}")

    def books_add_up(self, connection: sqlite3.Connection) -> None:
        """After every reading the books add up to the broker; without outside changes bots own every share."""
        try:
            keeper, _ = replayed(connection, ACCOUNT)
        except AssertionError as wrong:
            raise Violation(f"B1: {wrong}") from wrong
        theirs = keeper.books[UNASSIGNED].shares
        _rule("B2", self.changed_outside or not theirs, f"no bot owns {theirs} by the books")

    def is_halted(self, connection: sqlite3.Connection) -> bool:
        return read_trading_status(connection, ACCOUNT).halt is not None

    def last_end(self, connection: sqlite3.Connection) -> str:
        ((status, reason),) = connection.execute("SELECT status, reason FROM runs ORDER BY id DESC LIMIT 1")
        return status if status == "success" else f"{status}: {without_identifiers(reason)}"


def _fills(connection: sqlite3.Connection) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for order_id, execution, *numbers in connection.execute(
        "SELECT order_id, execution_id, quantity, price, fee FROM fills"
    ):
        found[order_id].append((execution, *(str(Decimal(number).normalize()) for number in numbers)))
    return found


def _rule(name: str, holds: bool, text: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise Violation(f"{name}: {text}")
