"""The machine that the program runs on: its processes, one evening long, and what befalls them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from lab.almanac import Almanac
from lab.books import ACCOUNT
from lab.bots import bots_of
from lab.fate import Crash, Fate, crash
from lab.line import Line
from lab.market import SYMBOLS
from lab.owner import Owner, some_owner
from lab.pen import Pen
from rebalancer.app.recover import recover
from rebalancer.errors import BusyError, RebalancerError, StoppedError
from rebalancer.events import Claim
from rebalancer.journal.lease import LockHolder, Process
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Investment, RunId
from rebalancer.ports import AlreadyRun, InterruptedRun
from rebalancer.trading.context import RunContext
from rebalancer.trading.run import claim_session, run_evening

if TYPE_CHECKING:
    from lab.world import World

LIKELY = 200
"""An act falls on one of so many boundaries; an evening has about as many."""
LOOKS = 4
DONE = frozenset({"done", "already"})


@dataclass(frozen=True, slots=True)
class Turn:
    """How a process is begun: the `look`-th of the evening, by which host, forced or not, beside another or alone."""

    look: int = 0
    host: str = "here"
    force: bool = False
    beside: bool = False


class Machine:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._pid = 0
        self._alive: dict[int, str] = {}
        self._recorded: dict[RunId, Owner] = {}
        """What each run began with; the real program keeps the bytes."""

    def evening(self) -> str:
        """What the schedule does: look every so often until the session is used up or over. The last look's end."""
        world, weather = self._world, self._world.weather
        ended = ""
        for look in range(LOOKS):
            ended = self.look(Turn(look))
            if ended in DONE:
                break
            world.clock.sleep(weather.dice.uniform(1, 90))
            if weather.strikes("config changes"):
                world.owner = some_owner(weather.dice)
        if weather.strikes("triggered twice"):
            self.look(Turn(1))
        if weather.strikes("forced second run"):
            self.look(Turn(1, force=True))
        return ended

    def look(self, turn: Turn) -> str:
        """One process from its birth to its end. What it came to, in a word."""
        world = self._world
        holder = self._holder(turn.host)
        fate = Fate(world.log, {} if turn.beside else self._acts(turn.look), world.hands.at)
        world.log(f"-- process {holder.process.pid} on {turn.host}{' forced' if turn.force else ''}")
        try:
            ended = self._process(holder, fate, turn)
        except Crash:
            ended = "killed"
        except BusyError as error:
            ended = "busy"
            world.log(str(error))
        except RebalancerError as error:
            ended = "stopped" if isinstance(error, StoppedError) else "failed"
            world.heard(error)
        finally:
            del self._alive[holder.process.pid]
        world.log(f"-- process {holder.process.pid}: {ended}")
        world.tally.processes += 1
        world.tally.ends[ended] += 1
        return ended

    def settle(self) -> None:
        """What the schedule does after the close with a run that was cut off."""
        world, holder = self._world, self._holder("here")
        try:
            with world.shelf.process(holder) as journal:
                if journal.interrupted(ACCOUNT):
                    context = self._context(journal, Fate(world.log), world.owner)
                    recover(context, self._claim(world.owner, Turn()), world.session)
        except RebalancerError as error:
            world.heard(error)
        finally:
            del self._alive[holder.process.pid]

    def _process(self, holder: LockHolder, fate: Fate, turn: Turn) -> str:
        """As the command does: go on with what was cut off, by what it began with, or begin."""
        world = self._world
        with world.shelf.process(holder) as journal:
            found = self._unfinished(journal)
            owner = self._recorded[found.run] if found else self._owner_tonight()
            context = self._context(journal, fate, owner)
            run = claim_session(context, self._claim(owner, turn), world.session, found)
            if isinstance(run, AlreadyRun):
                return "already"
            self._recorded[run] = owner
            world.checker.begin(run, owner)
            world.readings.followed = True
            run_evening(context, run, world.session, found.plan if found else None)
            return "done"

    def _unfinished(self, journal: SqliteJournal) -> InterruptedRun | None:
        found = journal.interrupted(ACCOUNT)
        return found if found and found.orders and found.plan and found.session == self._world.session.day else None

    def _context(self, journal: SqliteJournal, fate: Fate, owner: Owner) -> RunContext:
        world, weather = self._world, self._world.weather
        untradable = dict.fromkeys(SYMBOLS[:1], "not tradable") if weather.strikes("symbol can't be traded") else {}
        ends_at = weather.dice.randint(1, LIKELY) if weather.strikes("program is told to end") else 0
        return RunContext(
            account=ACCOUNT,
            broker=Line(world.venue, world.clock, weather, fate.boundary, world.witness, world.readings, untradable),
            history=world.market,
            quotes=world.market,
            calendar=Almanac(),
            clock=world.clock,
            journal=Pen(journal, weather, fate.boundary, world.witness),
            trading=owner.trading,
            reserve=owner.reserve,
            investments=owner.investments,
            bots=bots_of(owner.investments),
            shutdown_requested=lambda: bool(ends_at and fate.count >= ends_at),
            limits=owner.limits,
            venue="lab",
        )

    def _claim(self, owner: Owner, turn: Turn) -> Claim:
        session = self._world.session
        return Claim(
            at=self._world.clock.now(),
            account=ACCOUNT,
            broker="lab",
            mode="paper",
            session=session.day,
            closes=session.closes,
            version="0",
            files={"config": repr(owner).encode()},
            force=turn.force,
            venue="lab",
        )

    def _owner_tonight(self) -> Owner:
        owner = self._world.owner
        for fault, bot in (("a bot fails", "failing"), ("a bot wants cash", "cash")):
            if self._world.weather.strikes(fault):
                extra = Investment(bot, Decimal(10), "percent")
                owner = replace(owner, investments=(*owner.investments, extra))
        return owner

    def _holder(self, host: str) -> LockHolder:
        """A process of `host`, which holds its run lock; beside a living one another, whose file is a new one."""
        self._pid += 1
        lock = f"{host} {self._pid}" if host in self._alive.values() else host
        self._alive[self._pid] = host
        return LockHolder(Process(str(self._pid), host, self._pid), lock, self._world.clock.now)

    # ------------------------------------------------------------------------------------- what befalls a process

    def _acts(self, look: int) -> dict[int, Callable[[], None]]:
        """What happens at which boundary of the next process."""
        weather = self._world.weather
        befalls: tuple[tuple[str, Callable[[], None]], ...] = (
            ("crash" if look == 0 else "crash in the recovery", crash),
            ("halted in the middle", self._world.person.halts),
            ("machine's clock steps", self._clock_steps),
            ("machine sleeps", self._sleeps),
            ("another process at once", lambda: self._another("here")),
            ("another host at once", lambda: self._another("there")),
        )
        return {weather.dice.randint(1, LIKELY): act for fault, act in befalls if weather.strikes(fault)}

    def _clock_steps(self) -> None:
        world = self._world
        step = timedelta(seconds=world.weather.dice.choice((-300, -60, -10, 10, 60, 300)))
        world.clock.offset += step
        world.log(f"the clock steps by {step}")

    def _sleeps(self) -> None:
        self._world.clock.sleep(self._world.weather.dice.uniform(60, 1500))
        self._world.checker.in_flight = 1

    def _another(self, host: str) -> None:
        self.look(Turn(1, host=host, beside=True))
