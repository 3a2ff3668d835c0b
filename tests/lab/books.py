"""The second checker: the journal against the venue's book, at each quiet moment."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lab.checker import Violation
from lab.owner import Owner
from lab.tally import without_names
from lab.tickets import NONE, Ticket
from lab.venue import Venue
from rebalancer.journal.account_state import read_trading_status
from rebalancer.journal.chain import Entry, chained
from rebalancer.journal.ledger import read_ledger
from rebalancer.model import Session, Symbol

ACCOUNT = "lab"
ROUNDING = Decimal("1e-9")
MOST_INVESTED = Decimal("0.99")
WITHIN_A_DAY = Decimal("1.005")
"""Twice what a price moves between two moments of an evening."""


@dataclass(slots=True)
class Books:
    """`excused` are ids that the journal need not know: those of a journal that was lost, or that a person vouched for.

    `meddled`: shares came or went by hand, so that the journal can't know what is ours.
    """

    venue: Venue
    excused: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    """Those of them that the journal has got to know again."""
    meddled: bool = False
    before: dict[str, Decimal] = field(default_factory=dict)
    """Shares at the beginning of the evening, by symbol."""

    def lose(self, connection: sqlite3.Connection) -> None:
        """The journal is another one now, and need not know what the one before knew."""
        self.known = {order_id for (order_id,) in connection.execute("SELECT id FROM orders")}
        self.known |= {order_id for (order_id,) in connection.execute("SELECT order_id FROM accounted")}
        self.excused |= {ticket.id for ticket in self.venue.tickets if ticket.ours} - self.known
        self.meddled = True

    def strangers(self) -> frozenset[str]:
        """Orders in our name that stood at the venue, which the journal does not know and nobody has vouched for."""
        stood = [each for each in self.venue.tickets if each.accepted and not each.forgotten]
        standing = {each.id for each in stood if each.filled or each.status != "rejected"}
        forged = {each.id for each in stood if each.forged}
        return frozenset(standing & (self.excused | forged) - self.known)

    def vouched(self, ids: Sequence[str]) -> None:
        self.excused |= set(ids)
        self.known |= set(ids)
        self.meddled = True

    def compare(self, connection: sqlite3.Connection) -> None:
        states = {row[0]: row for row in connection.execute("SELECT id, state, settled, quantity FROM orders")}
        fills = _fills(connection)
        for ticket in self.venue.tickets:
            if ticket.ours and ticket.accepted and ticket.id not in self.excused:
                self._explains(ticket, states, fills)
        theirs = {execution.id for execution in self.venue.executions}
        invented = sorted({fill[0] for found in fills.values() for fill in found} - theirs)
        _rule("I9", not invented, f"the journal has fills that never were: {invented}")

    def _explains(
        self, ticket: Ticket, states: dict[str, tuple[str, str, int, str]], fills: dict[str, list[tuple[str, ...]]]
    ) -> None:
        _rule("I9", ticket.id in states, f"the journal does not know {ticket}")
        _, state, settled, _ = states[ticket.id]
        if not settled or (state == "refused" and ticket.overdue):
            return  # what comes after the quiet time, and was refused when it was sent again, halts the next evening
        mine = sorted(fills[ticket.id])
        theirs = sorted(
            (each.id, str(each.quantity.normalize()), str(each.price.normalize()), str(each.fee.normalize()))
            for each in ticket.executions
        )
        _rule("I9", mine == theirs, f"{ticket.id} is {state} with {mine} by the journal, the venue has {theirs}")
        _rule("I8", state == ticket.status, f"{ticket.id} is {state} by the journal, at the venue {ticket.status}")

    def within_plans(self, connection: sqlite3.Connection, session: Session) -> None:
        """Nothing was traded beyond what one of tonight's plans wanted: no intent was carried out twice."""
        if self.meddled:
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

    def every_share(self, connection: sqlite3.Connection) -> None:
        """Where no order is open to question and no hand meddled, all that is held is the bots', to the share."""
        unsettled = {order_id for (order_id,) in connection.execute("SELECT id FROM orders WHERE NOT settled")}
        if self.meddled or any(ticket.accepted and ticket.id in unsettled for ticket in self.venue.tickets):
            return
        ours = read_ledger(connection, ACCOUNT).ours
        for symbol, held in self.venue.shares.items():
            mine = ours.get(Symbol(symbol), NONE)
            _rule("I9", mine == held, f"{symbol}: {held} held, {mine} are the bots' by the journal")

    def ours(
        self, connection: sqlite3.Connection, shown: Mapping[str, Decimal], owner: Owner | None
    ) -> Mapping[str, Decimal]:
        """What of the shares that were `shown` is the bots'."""
        if owner and owner.trading.manage == "account":
            return shown
        ours = read_ledger(connection, ACCOUNT).ours
        return {symbol: min(held, ours.get(Symbol(symbol), NONE)) for symbol, held in shown.items()}

    def nothing_surprised(self, connection: sqlite3.Connection, session: Session) -> None:
        """Without a hand, a split or an order that came late, the broker showed what the journal expected."""
        late = {ticket.symbol for ticket in self.venue.tickets if ticket.overdue and ticket.accepted}
        notes = connection.execute(
            "SELECT text FROM notes JOIN runs ON runs.id = notes.run"
            " WHERE runs.session = ? AND text LIKE '%were expected (a split or a trade by hand?)%'",
            [session.day.isoformat()],
        ).fetchall()
        surprises = [text for (text,) in notes if text.partition(":")[0] not in late]
        _rule("I9", self.meddled or not surprises, f"the broker showed what was not expected: {surprises}")

    def all_is_well(self, connection: sqlite3.Connection) -> None:
        """After clean evenings nothing is left of what went wrong before."""
        _rule("I19", not self.is_halted(connection), "still halted after clean evenings")
        left = connection.execute("SELECT id, state FROM orders WHERE NOT settled AND state <> 'lost'").fetchall()
        _rule("I9", not left, f"after clean evenings these are not settled: {left}")
        running = connection.execute("SELECT id FROM runs WHERE status = 'running'").fetchall()
        _rule("I19", not running, f"runs without an end: {running}")

    def targets_are_reached(self, connection: sqlite3.Connection, drift_percent: Decimal) -> None:
        """The last run did all it planned, and planned all that was worth an order."""
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
        """Whether the last run did all of its plan but buys of which not one more share has room under the 99 %.

        What may stray from its target within drift_percent is not sold to make room.
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
        hashes = chained(Entry(*fields) for *fields, _ in rows)
        wrong = [row[0] for row, due in zip(rows, hashes, strict=True) if row[5] != due]
        _rule("I18", not wrong, f"the audit chain breaks at line {wrong[:1]}")

    def is_halted(self, connection: sqlite3.Connection) -> bool:
        return read_trading_status(connection, ACCOUNT).halt is not None

    def last_end(self, connection: sqlite3.Connection) -> str:
        ((status, reason),) = connection.execute("SELECT status, reason FROM runs ORDER BY id DESC LIMIT 1")
        return status if status == "success" else f"{status}: {without_names(reason)}"


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
