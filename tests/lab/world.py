"""A world: one simulated account, day after day, reproducible from its seed."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from lab.account_operator import Operator
from lab.clock import LabClock
from lab.exchange_calendar import first_sessions
from lab.external_traders import ExternalTraders
from lab.faults import EXTERNAL_TRADING, FAULTS, OUTSIDE_CHANGES, FaultInjector, draw_faults
from lab.halt_causes import is_explained
from lab.journal_checks import JournalChecker
from lab.journal_storage import JournalStorage
from lab.market import HISTORY, LabMarket
from lab.order_checks import Disturbances, OrderChecker, Violation
from lab.owner import draw_owner
from lab.program_runner import DONE, ProgramRunner
from lab.reading_checks import Reading, ReadingChecker
from lab.totals import Totals, without_identifiers
from lab.venue import Venue
from lab.venue_orders import VenueOrder, draw_rules
from lab.write_ahead_checks import WriteAheadChecker
from rebalancer.errors import RebalancerError, StoppedError
from rebalancer.model import Plan, Session, Symbol

CLEAN = 2
"""The last evenings of a world have no faults: the targets must be reached."""
LOST_JOURNAL = ("journal is of yesterday", "journal is deleted")
SETTLED = timedelta(minutes=30)
"""From then on after the close nothing changes at the venue."""


class World:
    """`days` evenings, the last two without faults. `folder` holds the journal's file; None keeps it in memory."""

    def __init__(self, seed: int, days: int, folder: Path | None = None) -> None:
        self.seed = seed
        self.days = days
        self.day = 0
        self.totals = Totals()
        self.sessions = first_sessions(HISTORY + days)[HISTORY:]
        self.clock = LabClock(self.sessions[0].opens)
        rng = self._rng("world")
        self.market = LabMarket.begin(rng, self.clock, days)
        self.venue = Venue(draw_rules(rng), self.market, Decimal(rng.randint(20, 200) * 1000))
        self.venue.rules = replace(self.venue.rules, settles=self._rng("settlement").random() < 0.5)
        self.external_traders = ExternalTraders(self)
        self.owner = draw_owner(rng)
        honest = rng.random() < 0.5
        self.possible = tuple(name for name in FAULTS if self._is_possible(name, honest=honest, on_disk=bool(folder)))
        self.storage = JournalStorage(folder)
        self.checker = OrderChecker(self.venue)
        self.journal_checker = JournalChecker(self.venue)
        nothing = Reading(self.clock.true, self.clock.true)
        self.reading_checker = ReadingChecker(self.checker, lambda: self.journal_checker.known, nothing, nothing)
        self.write_ahead_checker = WriteAheadChecker(self.clock, self.checker, self.reading_checker, self._success)
        self.runner = ProgramRunner(self)
        self.operator = Operator(self)
        self.venue.watch = self._watch
        self._lines: list[tuple[datetime, str]] = []
        self._late_splits: list[tuple[Symbol, Decimal]] = []
        self._split_unseen = False

    def close(self) -> None:
        self.storage.close()

    def simulate(self) -> Totals:
        """Raises Violation."""
        while self.day < self.days:
            self.live_day()
        return self.totals

    def live_day(self) -> None:
        self._lines.clear()
        self._morning()
        self._evening()
        self._night()
        self.day += 1
        self.totals.days += 1

    def log(self, text: str) -> None:
        self._lines.append((self.clock.true, text))

    def day_log(self) -> str:
        """Today's log, one event a line."""
        return "\n".join(f"{moment:%m-%d %H:%M:%S.%f} {text}" for moment, text in self._lines)

    def fingerprint(self) -> str:
        return hashlib.sha256(self.day_log().encode()).hexdigest()

    @property
    def session(self) -> Session:
        return self.sessions[self.day]

    # ------------------------------------------------------------------------------------- a day

    def _morning(self) -> None:
        rng, active = self._rng("day"), self._faults_on(self.day)
        self.injector = FaultInjector(rng, active, self.log, self.totals.faults)
        self.clock.offset = timedelta(0)
        self.clock.wait_until(self.session.opens)
        self.log(f"seed {self.seed}, day {self.day}: {', '.join(sorted(active)) or 'calm'}; {self.venue.rules}")
        self.market.open_day(rng, self.injector)
        self.venue.live_until(self.clock.true)
        self.venue.open_day(self.injector)
        self._book_splits()
        self._disk_trouble()
        self.operator.morning(always=self.day >= self.days - CLEAN - 1)
        self.checker.disturbances = Disturbances(
            split_pending=bool(self._late_splits),
            others=self.journal_checker.changed_outside,
            unknown_orders=self.journal_checker.unknown_orders(),
        )
        self.journal_checker.before = dict(self.venue.shares)

    def _evening(self) -> None:
        injector = self.injector
        window = self.session.closes - timedelta(minutes=self.owner.trading.minutes_before_close)
        late = injector.rng.uniform(30, 500) if injector.occurs("triggered late") else 0
        late = 3600 if injector.occurs("triggered after the close") else late
        self.clock.wait_until(window + timedelta(seconds=late))
        self.venue.live_until(self.clock.true)
        if injector.occurs("machine's clock is off"):
            self.clock.offset = timedelta(seconds=injector.rng.choice((-120, -4, 4, 120)))
        if injector.occurs("venue closes early"):
            self.venue.close_early(self.clock.true + timedelta(seconds=injector.rng.uniform(0, 200)))
        if injector.occurs("an order by hand is open"):
            self.operator.leave_order_open()
        self.external_traders.at("the evening begins")
        if self.runner.evening() in DONE:
            self._split_unseen = bool(self._late_splits)

    def _night(self) -> None:
        self.clock.offset = timedelta(0)
        self.clock.wait_until(self.session.closes + SETTLED)
        self.venue.live_until(self.clock.true)
        self.runner.settle()
        self._check_the_books()
        self.storage.keep_copy(wanted="journal is of yesterday" in self._faults_on(self.day + 1))
        self.market.close_day()
        self.venue.end_day()
        self.totals.requests = self.checker.requests
        self.totals.executions = len(self.venue.executions)

    def _check_the_books(self) -> None:
        connection = self.storage.connection
        self.journal_checker.compare(connection)
        if not self.checker.disturbances.changed_outside and "split" not in self.injector.active:
            self.journal_checker.within_plans(connection, self.session)
        if not self._split_unseen:
            self.journal_checker.all_shares_explained(connection)
        if not (self.market.announced or self.totals.faults["positions lag"]):
            self.journal_checker.nothing_unexpected(connection, self.session)
        if self.day == self.days - 1:
            self.journal_checker.all_is_well(connection)
            self.journal_checker.chain_holds(connection)
            self.journal_checker.books_add_up(connection)
            if self.owner.has_default_limits and not self.journal_checker.changed_outside:
                self.journal_checker.targets_are_reached(connection, self.owner.trading.drift_percent)
            self.totals.last_evenings[self.journal_checker.last_end(connection)] += 1

    def _book_splits(self) -> None:
        for symbol, ratio in self._late_splits:
            self.venue.split(symbol, ratio)
        self._late_splits = []
        for action in self.market.splits_today():
            self._split_unseen = True
            if self.injector.occurs("split is booked a day late"):
                self._late_splits.append((action.symbol, action.ratio))
            else:
                self.venue.split(action.symbol, action.ratio)

    def _disk_trouble(self) -> None:
        lost = self.injector.occurs("journal is of yesterday") and self.storage.restore()
        if self.injector.occurs("journal is deleted"):
            self.storage.delete()
            lost = True
        if lost:
            self.journal_checker.journal_replaced(self.storage.connection)
            self.checker.begin_anew(halted=self.journal_checker.is_halted(self.storage.connection))

    # ------------------------------------------------------------------------------------- callbacks

    def process_failed(self, error: RebalancerError) -> None:
        """Record a failed process. Raises Violation for a halt that no fault explains."""
        self.log(f"{type(error).__name__}: {error}")
        self.totals.failures[without_identifiers(str(error))] += 1
        if not isinstance(error, StoppedError):
            return
        self.totals.halts[without_identifiers(str(error))] += 1
        venue = ("a venue that forgets",) if self.venue.rules.ids == "forgotten" else ()
        if not is_explained(str(error), frozenset((*self.totals.faults, *venue))):
            raise Violation(f"a halt that nothing explains: {error}")

    def _watch(self, what: str, venue_order: VenueOrder) -> None:
        done = f"{venue_order.filled}/{venue_order.quantity} {venue_order.symbol}"
        self.log(f"{what}: {venue_order.side} {done} {venue_order.id} {venue_order.status}")
        self.checker.watch(what, venue_order)
        refused = any(twin.id == venue_order.id and twin.status == "refused" for twin in self.venue.venue_orders)
        unfindable = venue_order.overdue and (refused or self.venue.rules.ids == "forgotten")
        self.journal_checker.changed_outside |= venue_order.filled > venue_order.asked or unfindable
        if what == "executed" and not venue_order.ours:
            self.traded_externally()

    def traded_externally(self) -> None:
        """An external trade has happened."""
        disturbances, self.journal_checker.changed_outside = self.checker.disturbances, True
        disturbances.changed_outside = disturbances.others = True
        self.checker.traded_externally = self.clock.true

    def _success(self, plan: Plan) -> None:
        """A run of `plan` ended as success."""
        held = self.journal_checker.ours(
            self.storage.connection, self.reading_checker.recorded.shares, self.checker.owner
        )
        self.checker.reached(plan, held)

    # ------------------------------------------------------------------------------------- random draws

    def _is_possible(self, fault: str, *, honest: bool, on_disk: bool) -> bool:
        return (
            fault not in EXTERNAL_TRADING
            and not (honest and fault in OUTSIDE_CHANGES)
            and not (on_disk and fault in LOST_JOURNAL)
        )

    def _faults_on(self, day: int) -> dict[str, float]:
        if day >= self.days - CLEAN:
            return {}
        usual = draw_faults(Random(f"{self.seed}/{day}/forecast"), self.possible)  # noqa: S311
        return {**usual, **self.external_traders.faults_on(day)}

    def _rng(self, purpose: str) -> Random:
        return Random(f"{self.seed}/{self.day}/{purpose}")  # noqa: S311 - one seed, one world
