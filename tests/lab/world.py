"""One account's life in the laboratory: trading day after trading day, out of one seed."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from lab.almanac import first_sessions
from lab.books import Books
from lab.checker import Checker, Night, Violation
from lab.clock import LabClock
from lab.explain import is_explained
from lab.faults import FAULTS, HANDS, MEDDLING, Weather, forecast
from lab.hands import Hands
from lab.machine import DONE, Machine
from lab.market import HISTORY, Market
from lab.owner import some_owner
from lab.person import Person
from lab.readings import Reading, Readings
from lab.shelf import Shelf
from lab.tally import Tally, without_names
from lab.tickets import Ticket, some_rules
from lab.venue import Venue
from lab.witness import Witness
from rebalancer.errors import RebalancerError, StoppedError
from rebalancer.model import Plan, Session, Symbol

CLEAN = 2
"""So many last evenings of a world are clean: then the targets must be reached."""
LOST_JOURNAL = ("journal is of yesterday", "journal is deleted")
SETTLED = timedelta(minutes=30)
"""After the close nothing moves any more."""


class World:
    """`days` evenings, the last two of them clean. `folder`: where its journal's file is, None to keep it in memory."""

    def __init__(self, seed: int, days: int, folder: Path | None = None) -> None:
        self.seed = seed
        self.days = days
        self.day = 0
        self.tally = Tally()
        self.sessions = first_sessions(HISTORY + days)[HISTORY:]
        self.clock = LabClock(self.sessions[0].opens)
        dice = self._dice("world")
        self.market = Market.begin(dice, self.clock, days)
        self.venue = Venue(some_rules(dice), self.market, Decimal(dice.randint(20, 200) * 1000))
        self.venue.rules = replace(self.venue.rules, settles=self._dice("settlement").random() < 0.5)
        self.hands = Hands(self)
        self.owner = some_owner(dice)
        honest = dice.random() < 0.5
        self.possible = tuple(name for name in FAULTS if self._is_possible(name, honest=honest, on_disk=bool(folder)))
        self.shelf = Shelf(folder)
        self.checker = Checker(self.venue)
        self.books = Books(self.venue)
        nothing = Reading(self.clock.true, self.clock.true)
        self.readings = Readings(self.checker, lambda: self.books.known, nothing, nothing)
        self.witness = Witness(self.clock, self.checker, self.readings, self._success)
        self.machine = Machine(self)
        self.person = Person(self)
        self.venue.watch = self._watch
        self._lines: list[tuple[datetime, str]] = []
        self._late_splits: list[tuple[Symbol, Decimal]] = []
        self._split_unseen = False

    def close(self) -> None:
        self.shelf.close()

    def live(self) -> Tally:
        """Raises Violation."""
        while self.day < self.days:
            self.live_day()
        return self.tally

    def live_day(self) -> None:
        self._lines.clear()
        self._morning()
        self._evening()
        self._night()
        self.day += 1
        self.tally.days += 1

    def log(self, text: str) -> None:
        self._lines.append((self.clock.true, text))

    def day_log(self) -> str:
        """All that happened today so far, a line each."""
        return "\n".join(f"{moment:%m-%d %H:%M:%S.%f} {text}" for moment, text in self._lines)

    def fingerprint(self) -> str:
        return hashlib.sha256(self.day_log().encode()).hexdigest()

    @property
    def session(self) -> Session:
        return self.sessions[self.day]

    # ------------------------------------------------------------------------------------- a day

    def _morning(self) -> None:
        dice, active = self._dice("day"), self._forecast(self.day)
        self.weather = Weather(dice, active, self.log, self.tally.faults)
        self.clock.offset = timedelta(0)
        self.clock.wait_until(self.session.opens)
        self.log(f"seed {self.seed}, day {self.day}: {', '.join(sorted(active)) or 'calm'}; {self.venue.rules}")
        self.market.open_day(dice, self.weather)
        self.venue.live_until(self.clock.true)
        self.venue.open_day(self.weather)
        self._book_splits()
        self._disk_trouble()
        self.person.morning(patient=self.day >= self.days - CLEAN - 1)
        self.checker.night = Night(
            split_pending=bool(self._late_splits), others=self.books.meddled, strangers=self.books.strangers()
        )
        self.books.before = dict(self.venue.shares)

    def _evening(self) -> None:
        weather = self.weather
        window = self.session.closes - timedelta(minutes=self.owner.trading.minutes_before_close)
        late = weather.dice.uniform(30, 500) if weather.strikes("triggered late") else 0
        late = 3600 if weather.strikes("triggered after the close") else late
        self.clock.wait_until(window + timedelta(seconds=late))
        self.venue.live_until(self.clock.true)
        if weather.strikes("machine's clock is off"):
            self.clock.offset = timedelta(seconds=weather.dice.choice((-120, -4, 4, 120)))
        if weather.strikes("venue closes early"):
            self.venue.close_early(self.clock.true + timedelta(seconds=weather.dice.uniform(0, 200)))
        if weather.strikes("an order by hand is open"):
            self.person.orders()
        self.hands.at("the evening begins")
        if self.machine.evening() in DONE:
            self._split_unseen = bool(self._late_splits)

    def _night(self) -> None:
        self.clock.offset = timedelta(0)
        self.clock.wait_until(self.session.closes + SETTLED)
        self.venue.live_until(self.clock.true)
        self.machine.settle()
        self._check_the_books()
        self.shelf.keep_copy(wanted="journal is of yesterday" in self._forecast(self.day + 1))
        self.market.close_day()
        self.venue.end_day()
        self.tally.requests = self.checker.requests
        self.tally.executions = len(self.venue.executions)

    def _check_the_books(self) -> None:
        connection = self.shelf.connection
        self.books.compare(connection)
        if not self.checker.night.meddled and "split" not in self.weather.active:
            self.books.within_plans(connection, self.session)
        if not self._split_unseen:
            self.books.every_share(connection)
        if not (self.market.announced or self.tally.faults["positions lag"]):
            self.books.nothing_surprised(connection, self.session)
        if self.day == self.days - 1:
            self.books.all_is_well(connection)
            self.books.chain_holds(connection)
            if self.owner.generous and not self.books.meddled:
                self.books.targets_are_reached(connection, self.owner.trading.drift_percent)
            self.tally.last_evenings[self.books.last_end(connection)] += 1

    def _book_splits(self) -> None:
        for symbol, ratio in self._late_splits:
            self.venue.split(symbol, ratio)
        self._late_splits = []
        for action in self.market.splits_today():
            self._split_unseen = True
            if self.weather.strikes("split is booked a day late"):
                self._late_splits.append((action.symbol, action.ratio))
            else:
                self.venue.split(action.symbol, action.ratio)

    def _disk_trouble(self) -> None:
        lost = self.weather.strikes("journal is of yesterday") and self.shelf.restore()
        if self.weather.strikes("journal is deleted"):
            self.shelf.delete()
            lost = True
        if lost:
            self.books.lose(self.shelf.connection)
            self.checker.begin_anew(halted=self.books.is_halted(self.shelf.connection))

    # ------------------------------------------------------------------------------------- what is heard

    def heard(self, error: RebalancerError) -> None:
        """How a process ended. A halt that no fault explains is a bug."""
        self.log(f"{type(error).__name__}: {error}")
        self.tally.failures[without_names(str(error))] += 1
        if not isinstance(error, StoppedError):
            return
        self.tally.halts[without_names(str(error))] += 1
        venue = ("a venue that forgets",) if self.venue.rules.ids == "forgotten" else ()
        if not is_explained(str(error), frozenset((*self.tally.faults, *venue))):
            raise Violation(f"a halt that nothing explains: {error}")

    def _watch(self, what: str, ticket: Ticket) -> None:
        self.log(f"{what}: {ticket.side} {ticket.filled}/{ticket.quantity} {ticket.symbol} {ticket.id} {ticket.status}")
        self.checker.watch(what, ticket)
        refused = any(twin.id == ticket.id and twin.status == "refused" for twin in self.venue.tickets)
        unfindable = ticket.overdue and (refused or self.venue.rules.ids == "forgotten")
        self.books.meddled |= ticket.filled > ticket.asked or unfindable
        if what == "executed" and not ticket.ours:
            self.traded_beside()

    def traded_beside(self) -> None:
        """Another hand has traded in the account."""
        night, self.books.meddled = self.checker.night, True
        night.meddled = night.others = True
        self.checker.traded_beside = self.clock.true

    def _success(self, plan: Plan) -> None:
        """A run of `plan` calls itself a success."""
        held = self.books.ours(self.shelf.connection, self.readings.ruling.shares, self.checker.owner)
        self.checker.reached(plan, held)

    # ------------------------------------------------------------------------------------- dice

    def _is_possible(self, fault: str, *, honest: bool, on_disk: bool) -> bool:
        return fault not in HANDS and not (honest and fault in MEDDLING) and not (on_disk and fault in LOST_JOURNAL)

    def _forecast(self, day: int) -> dict[str, float]:
        if day >= self.days - CLEAN:
            return {}
        usual = forecast(Random(f"{self.seed}/{day}/forecast"), self.possible)  # noqa: S311
        return {**usual, **self.hands.forecast(day)}

    def _dice(self, purpose: str) -> Random:
        return Random(f"{self.seed}/{self.day}/{purpose}")  # noqa: S311 - one seed, one world
