"""One account's life in the laboratory: trading day after trading day, out of one seed."""

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from sqlite_utils import Database

from lab.almanac import Almanac, first_sessions
from lab.books import ACCOUNT, Books
from lab.bots import PROGRAMS, programs_of, some_investments
from lab.checker import Checker, Night, Violation
from lab.clock import LabClock
from lab.fate import Crash, Fate, crash
from lab.faults import FAULTS, MEDDLING, Weather, forecast
from lab.line import Line
from lab.market import HISTORY, SYMBOLS, Market
from lab.pen import Pen
from lab.venue import Ticket, Venue, some_rules, trade_by_hand
from lab.witness import Witness
from rebalancer.errors import BusyError, RebalancerError, StoppedError
from rebalancer.events import Adopted, Claim, Halted, HaltLifted, OrderAccounted
from rebalancer.journal.lease import Here, Holder
from rebalancer.journal.store import IN_MEMORY, SqliteJournal
from rebalancer.live.desk import Desk
from rebalancer.live.rebalance import claim_session, run_evening
from rebalancer.live.settle import recover
from rebalancer.model import NO_RUN, Investment, Reserve, Session, Symbol, Trading
from rebalancer.ports import AlreadyRun

CLEAN = 2
"""So many last evenings of a world are clean: then the targets must be reached."""
MOST_BOUNDARY = 220
"""A crash falls on one of so many boundaries; an evening has about 150."""
OURS = re.compile(r"rb[A-Z2-7]{18}")
QUIET = Weather(Random(0), frozenset(), lambda _text: None)  # noqa: S311 - draws nothing


@dataclass(slots=True)
class Tally:
    """What a world came to."""

    days: int = 0
    orders: int = 0
    executions: int = 0
    processes: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    fails: Counter[str] = field(default_factory=Counter)
    halts: Counter[str] = field(default_factory=Counter)


class World:
    """`days` evenings, the last two of them clean. `folder`: where its journal's file is, None to keep it in memory."""

    def __init__(self, seed: int, days: int, folder: Path | None = None) -> None:
        self.seed = seed
        self.days = days
        self.day = 0
        self.lines: list[str] = []
        self.digest = hashlib.sha256()
        self.tally = Tally()
        dice = self._dice("world")
        self.sessions = first_sessions(HISTORY + days)[HISTORY:]
        self.clock = LabClock(self.sessions[0].opens)
        self.market = Market.begin(dice, self.clock, days)
        self.venue = Venue(some_rules(dice), self.market, Decimal(dice.randint(20, 200) * 1000))
        self.trading = some_trading(dice)
        honest = dice.random() < 0.5
        self.possible = tuple(name for name in FAULTS if not (honest and name in MEDDLING))
        self.reserve = Reserve("percent", Decimal(5)) if dice.random() < 0.2 else Reserve()
        self.investments = some_investments(dice)
        self.folder = folder
        self.db = self._new_journal()
        self.yesterday: sqlite3.Connection | None = None
        self.split_unseen = False
        self.late_splits: list[tuple[Symbol, Decimal]] = []
        self.checker = Checker(self.venue, Night(timedelta(seconds=self.trading.cutoff_seconds)))
        self.witness = Witness(self.clock, self.checker, timedelta(seconds=self.venue.rules.quiet))
        self.books = Books(self.venue)
        self.venue.watch = self._watch
        self.weather = QUIET
        self.alive: dict[int, str] = {}
        self.pid = 0

    # ------------------------------------------------------------------------------------- days

    def live(self) -> Tally:
        """Raises Violation with the seed and the day."""
        for _ in range(self.days):
            self.live_day()
        return self.tally

    def live_day(self) -> None:
        self.lines.clear()
        try:
            self._morning()
            self._evening()
            self._night()
        finally:
            self.digest.update("\n".join(self.lines).encode())
        self.tally.days += 1
        self.day += 1

    def log(self, text: str) -> None:
        self.lines.append(f"{self.clock.true.isoformat()[5:22]} {text[:400]}")

    @property
    def session(self) -> Session:
        return self.sessions[self.day]

    @property
    def clean(self) -> bool:
        return self.day >= self.days - CLEAN

    def _dice(self, purpose: str) -> Random:
        return Random(f"{self.seed}/{self.day}/{purpose}")  # noqa: S311 - one seed, one world

    def _forecast(self, day: int) -> frozenset[str]:
        if day >= self.days - CLEAN:
            return frozenset()
        return forecast(Random(f"{self.seed}/{day}/forecast"), self.possible)  # noqa: S311

    def _morning(self) -> None:
        dice = self._dice("morning")
        active = self._forecast(self.day)
        self.weather = Weather(dice, active, self.log, self.tally.struck)
        self.clock.offset = timedelta(0)
        self.clock.wait_until(self.session.opens)
        self.log(f"seed {self.seed}, day {self.day}, {self.venue.rules}, tonight: {', '.join(sorted(active)) or 'calm'}")
        self.market.open_day(dice, self.weather)
        self.venue.live_until(self.clock.true)
        self.venue.open_day(self.weather)
        self._book_splits()
        self.checker.night = Night(
            timedelta(seconds=self.trading.cutoff_seconds),
            split_pending=bool(self.late_splits),
        )
        self._disk_trouble()
        self._person_in_the_morning()
        self.books.before = dict(self.venue.shares)

    def _book_splits(self) -> None:
        for symbol, ratio in self.late_splits:
            self.venue.split(symbol, ratio)
        self.late_splits = []
        self.split_unseen |= bool(self.market.splits_today())
        for action in self.market.splits_today():
            if self.weather.strikes("split is booked a day late"):
                self.late_splits.append((action.symbol, action.ratio))
            else:
                self.venue.split(action.symbol, action.ratio)

    def _night(self) -> None:
        self.clock.offset = timedelta(0)
        self.clock.wait_until(self.session.closes + timedelta(minutes=30))
        self.venue.live_until(self.clock.true)
        self._settle_after_the_close()
        self.books.compare(self.db.conn)
        if not self._meddled_tonight():
            self.books.within_plans(self.db.conn, self.session)
        if not self.split_unseen:
            self.books.every_share(self.db.conn, dict(self._journal().book(ACCOUNT).ours))
        if self.day == self.days - 1:
            self._must_be_well()
        self.yesterday = self._copy() if self._journal_will_be_of_yesterday() else None
        self.market.close_day()
        self.venue.end_day()
        self.tally.orders = self.checker.requests
        self.tally.executions = len(self.venue.executions)

    def _meddled_tonight(self) -> bool:
        return self.books.meddled or self.checker.night.meddled or "split" in self.weather.active

    # ------------------------------------------------------------------------------------- the evening

    def _evening(self) -> None:
        """What the schedule does: look every so often until the session is used up or over."""
        window = self.session.closes - timedelta(minutes=self.trading.minutes_before_close)
        late = self.weather.dice.uniform(30, 500) if self.weather.strikes("triggered late") else 0
        if self.weather.strikes("triggered after the close"):
            late = 3600
        self.clock.wait_until(window + timedelta(seconds=late))
        self.venue.live_until(self.clock.true)
        self._trouble_of_the_hour()
        ended = ""
        for look in range(4):
            ended = self._look(look)
            self.tally.ends[ended] += 1
            if ended in {"done", "already"}:
                self.split_unseen = bool(self.late_splits)
                break
            self.clock.sleep(self.weather.dice.uniform(1, 90))
        if self.weather.strikes("triggered twice"):
            self._look(1)
        if self.weather.strikes("forced second run"):
            self._look(1, force=True)

    def _look(self, look: int, *, force: bool = False) -> str:
        """One process. What it came to, in a word."""
        self.pid += 1
        self.alive[self.pid] = f"began {self.pid}"
        fate = Fate(self.log, self._acts(look))
        self.log(f"-- process {self.pid}{' forced' if force else ''}")
        try:
            return self._process(fate, force=force)
        except Crash:
            self.log("-- killed")
            return "killed"
        except BusyError as error:
            self.log(f"-- {error}")
            return "busy"
        except RebalancerError as error:
            self.log(f"-- {type(error).__name__}: {error}")
            self.tally.fails[reason_of(str(error))[:80]]+=1
            self._heard(error)
            return "stopped" if isinstance(error, StoppedError) else "failed"
        finally:
            del self.alive[max(self.alive)]
            self.tally.processes += 1

    def _process(self, fate: Fate, *, force: bool) -> str:
        """As a command does: go on with what was cut off, or begin."""
        desk = self._desk(fate)
        found = desk.journal.interrupted(ACCOUNT)
        going_on = found if found and found.orders and found.plan and found.session == self.session.day else None
        run = claim_session(desk, self._claim(force=force), self.session, going_on)
        if isinstance(run, AlreadyRun):
            self.log(f"-- {run.reason}")
            return "already"
        run_evening(desk, run, self.session, going_on.plan if going_on else None)
        return "done"

    def _desk(self, fate: Fate) -> Desk:
        investments = self._investments_tonight()
        journal = self._journal()
        untradable = {name: "not tradable" for name in SYMBOLS if self.weather.strikes("symbol can't be traded")}
        ends_at = self.weather.dice.randint(1, MOST_BOUNDARY) if self.weather.strikes("program is told to end") else 0
        return Desk(
            account=ACCOUNT,
            broker=Line(self.venue, self.clock, self.weather, fate.boundary, self.witness, untradable),
            history=self.market,
            quotes=self.market,
            calendar=Almanac(),
            clock=self.clock,
            journal=Pen(journal, self.weather, fate.boundary, self.witness),
            trading=self.trading,
            reserve=self.reserve,
            investments=investments,
            programs=programs_of(investments),
            ending=lambda: bool(ends_at and fate.count >= ends_at),
            venue="lab",
        )

    def _claim(self, *, force: bool) -> Claim:
        return Claim(
            at=self.clock.now(),
            account=ACCOUNT,
            broker="lab",
            mode="paper",
            session=self.session.day,
            closes=self.session.closes,
            version="0",
            files={"config": b"lab"},
            force=force,
            venue="lab",
        )

    def _investments_tonight(self) -> tuple[Investment, ...]:
        for fault, bot in (("a bot fails", "failing"), ("a bot wants cash", "cash")):
            if self.weather.strikes(fault):
                return (*self.investments, Investment(bot, Decimal(10), "percent"))
        return self.investments

    def _acts(self, look: int) -> dict[int, Callable[[], None]]:
        """What will happen at which boundary of the next process."""
        dice, acts = self.weather.dice, {}
        if self.weather.strikes("crash" if look == 0 else "crash in the recovery"):
            acts[dice.randint(1, MOST_BOUNDARY)] = crash
        if self.weather.strikes("halted in the middle"):
            acts[dice.randint(1, MOST_BOUNDARY)] = self._person_halts
        if self.weather.strikes("machine's clock steps"):
            acts[dice.randint(1, MOST_BOUNDARY)] = self._clock_steps
        return acts

    def _clock_steps(self) -> None:
        step = timedelta(seconds=self.weather.dice.choice((-300, -60, -10, 10, 60, 300)))
        self.clock.offset += step
        self.checker.night.clock_stepped += abs(step)
        self.log(f"! the machine's clock steps by {step}")

    def _trouble_of_the_hour(self) -> None:
        dice = self.weather.dice
        if self.weather.strikes("machine's clock is off"):
            self.clock.offset = timedelta(seconds=dice.choice((-120, -4, 4, 120)))
        if self.weather.strikes("venue closes early"):
            self.venue.close_early(self.clock.true + timedelta(seconds=dice.uniform(0, 200)))
        if self.weather.strikes("an order by hand is open"):
            self._order_by_hand()

    def _order_by_hand(self) -> None:
        dice = self.weather.dice
        symbol = dice.choice(SYMBOLS)
        sells = self.venue.shares[symbol] >= 2 and dice.random() < 0.7
        limit = self.venue.price(symbol) * (Decimal(2) if sells else Decimal("0.5"))
        self.venue.send(f"hand{self.day}", symbol, "sell" if sells else "buy", Decimal(2), "limit", limit)

    def _settle_after_the_close(self) -> None:
        """What the schedule does with a run that was cut off and had no second chance."""
        journal = self._journal()
        if journal.interrupted(ACCOUNT) is None:
            return
        self.log("-- settling after the close")
        fate = Fate(self.log)
        try:
            recover(self._desk(fate), self._claim(force=False), self.session)
        except RebalancerError as error:
            self.log(f"-- {type(error).__name__}: {error}")
            self._heard(error)

    # ------------------------------------------------------------------------------------- people

    def _person_halts(self) -> None:
        self.log("! a person halts the account")
        self._say(Halted(self.clock.now(), ACCOUNT, "a person", "wait"))

    def _person_in_the_morning(self) -> None:
        """Looks at a halt and mostly lifts it; may trade by hand, pay in, take out, or halt."""
        dice = self.weather.dice
        halt = self._journal().standing(ACCOUNT).halt
        if halt is not None and (self.day >= self.days - CLEAN - 1 or dice.random() < 0.8):
            self._lift(halt)
        if self.weather.strikes("a trade by hand"):
            self._trade_by_hand()
        if self.weather.strikes("deposit"):
            self.venue.move_cash(Decimal(dice.randint(1, 20) * 1000))
        if self.weather.strikes("withdrawal"):
            self.venue.move_cash(-(self.venue.spendable() * Decimal("0.5")).quantize(Decimal("0.01")))
        if self.weather.strikes("halted by a person"):
            self._person_halts()

    def _lift(self, halt: Halted) -> None:
        now = self.clock.now()
        vouched = [] if "counted now" in halt.reason else OURS.findall(halt.reason)
        for order_id in vouched:
            self._say(OrderAccounted(now, ACCOUNT, order_id, "a person", "seen at the venue"))
            self.books.excused.add(order_id)
            self.books.meddled = True
        if vouched:
            self._hand_over()
        self._say(HaltLifted(now, ACCOUNT, "a person", "looked at it"))

    def _hand_over(self) -> None:
        """What is held and not the bots' becomes theirs, as `rebalance adopt --all` does it."""
        ours = self._journal().book(ACCOUNT).ours
        for name, held in self.venue.shares.items():
            symbol = Symbol(name)
            theirs = held - ours.get(symbol, Decimal(0))
            if theirs > 0:
                self._say(Adopted(self.clock.now(), ACCOUNT, symbol, theirs, theirs * self.venue.price(name)))

    def _trade_by_hand(self) -> None:
        dice = self.weather.dice
        symbol = dice.choice(SYMBOLS)
        held = self.venue.shares[symbol]
        wanted = Decimal(dice.choice((-5, -1, 1, 5)))
        quantity = max(wanted, -held)
        if quantity * self.venue.price(symbol) <= self.venue.spendable():
            trade_by_hand(self.venue, symbol, quantity)
            self.books.meddled = True
            self.log(f"! a person trades {quantity} {symbol}")

    def _say(self, event: Halted | HaltLifted | OrderAccounted | Adopted) -> None:
        """What a person's command writes down."""
        self.log(str(event))
        self._journal().record(NO_RUN, event)
        self.witness.wrote(event)

    def _heard(self, error: RebalancerError) -> None:
        if isinstance(error, StoppedError):
            self.tally.halts[reason_of(str(error))] += 1

    # ------------------------------------------------------------------------------------- the journal

    def _journal(self) -> SqliteJournal:
        """As a new process opens it."""
        holder = Holder("lab", "boot", self.pid, f"began {self.pid}")
        return SqliteJournal(IN_MEMORY, self.db, Here(holder, self.alive.get, self.clock.now))

    def _new_journal(self) -> Database:
        if self.folder is None:
            return SqliteJournal.in_memory()._db
        return SqliteJournal.open(self.folder / f"journal-{self.seed}-{self.day}.sqlite")._db

    def _copy(self) -> sqlite3.Connection:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        self.db.conn.backup(copy)
        return copy

    def _journal_will_be_of_yesterday(self) -> bool:
        return "journal is of yesterday" in self._forecast(self.day + 1)

    def _disk_trouble(self) -> None:
        if self.yesterday is not None and self.weather.strikes("journal is of yesterday"):
            self._replace_journal(Database(self.yesterday, execute_plugins=False))
        if self.weather.strikes("journal is deleted"):
            self._replace_journal(self._new_journal())

    def _replace_journal(self, db: Database) -> None:
        self.db = db
        self.books.lose(db.conn)
        self.checker.halted = self._journal().standing(ACCOUNT).halt is not None

    # ------------------------------------------------------------------------------------- checks

    def _watch(self, what: str, ticket: Ticket) -> None:
        self.log(f"{what} {ticket}")
        self.checker.watch(what, ticket)
        forgotten = ticket.overdue and self.venue.rules.ids == "forgotten"
        self.books.meddled |= ticket.filled > ticket.asked or forgotten

    def _must_be_well(self) -> None:
        """After two clean evenings nothing is left of what went wrong before."""
        journal = self._journal()
        halt = journal.standing(ACCOUNT).halt
        if halt is not None:
            raise Violation(f"I19: still halted after clean evenings: {halt}")
        self.books.settled(self.db.conn)


def some_trading(dice: Random) -> Trading:
    return Trading(
        minutes_before_close=dice.choice((10, 15)),
        commit=dice.choice(("amounts", "amounts", "whole_account")),
        manage=dice.choice(("own", "own", "account")),
        fallback_ticker=dice.choice((Symbol("SGOV"), None)),
        paired_tickers=((SYMBOLS[0], SYMBOLS[1]),) if dice.random() < 0.2 else (),
        drift_percent=Decimal(dice.choice((0, 0, 2))),
        cancel_scope=dice.choice(("own", "own", "all")),
        order_type=dice.choice(("limit", "limit", "market")),
    )


def reason_of(text: str) -> str:
    """A halt's reason without its names and numbers."""
    return re.sub(r"[A-Z]{3,4}\b|rb[A-Z2-7]{18}|[\d.,:%-]+\w*", "#", text)[:120]
