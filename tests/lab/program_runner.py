"""Runs the program under test: its processes during an evening, and what interrupts them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from lab.bots import bots_of
from lab.exchange_calendar import LabCalendar
from lab.faulty_broker import FaultyBroker
from lab.faulty_journal import FaultyJournal
from lab.interruptions import Crash, Interruptions, crash
from lab.journal_checks import ACCOUNT
from lab.market import SYMBOLS
from lab.owner import Owner, draw_owner
from lab.replay_checks import require_same_plan
from rebalancer.app.recover import recover
from rebalancer.errors import BusyError, RebalancerError, StoppedError
from rebalancer.journal.lease import LockHolder, Process
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Investment, RunId, RunRequest
from rebalancer.ports import AlreadyRun, InterruptedRun
from rebalancer.trading.context import RunContext
from rebalancer.trading.run import run_evening, start_run

if TYPE_CHECKING:
    from lab.world import World

USUAL_STEPS = 200
"""Steps of a usual evening; an interruption falls on one of them."""
ATTEMPTS = 4
DONE = frozenset({"done", "already"})


@dataclass(frozen=True, slots=True)
class ProcessStart:
    """How a process is started: the `attempt`-th of the evening, on a host, forced, or concurrently with another."""

    attempt: int = 0
    host: str = "here"
    force: bool = False
    concurrent: bool = False


class ProgramRunner:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._pid = 0
        self._alive: dict[int, str] = {}
        self._recorded: dict[RunId, Owner] = {}
        """The settings each run began with; the real program journals the config's bytes."""

    def evening(self) -> str:
        """As the scheduler: start a process until the session's run is done. How the last one ended."""
        world, injector = self._world, self._world.injector
        ended = ""
        for attempt in range(ATTEMPTS):
            ended = self.run_process(ProcessStart(attempt))
            if ended in DONE:
                break
            world.clock.sleep(injector.rng.uniform(1, 90))
            if injector.occurs("config changes"):
                world.owner = draw_owner(injector.rng)
        if injector.occurs("triggered twice"):
            self.run_process(ProcessStart(1))
        if injector.occurs("forced second run"):
            self.run_process(ProcessStart(1, force=True))
        return ended

    def run_process(self, start: ProcessStart) -> str:
        """Run one process. How it ended, in a word."""
        world = self._world
        holder = self._holder(start.host)
        interruptions = Interruptions(
            world.log, {} if start.concurrent else self._acts(start.attempt), world.external_traders.at
        )
        world.log(f"-- process {holder.process.pid} on {start.host}{' forced' if start.force else ''}")
        try:
            ended = self._process(holder, interruptions, start)
        except Crash:
            ended = "killed"
        except BusyError as error:
            ended = "busy"
            world.log(str(error))
        except RebalancerError as error:
            ended = "stopped" if isinstance(error, StoppedError) else "failed"
            world.process_failed(error)
        finally:
            del self._alive[holder.process.pid]
        world.log(f"-- process {holder.process.pid}: {ended}")
        world.totals.processes += 1
        world.totals.ends[ended] += 1
        return ended

    def settle(self) -> None:
        """As the scheduler after the close: settle an interrupted run."""
        world, holder = self._world, self._holder("here")
        try:
            with world.storage.process(holder) as journal:
                if journal.interrupted(ACCOUNT):
                    context = self._context(journal, Interruptions(world.log), world.owner)
                    recover(context, self._claim(world.owner, ProcessStart()), world.session)
        except RebalancerError as error:
            world.process_failed(error)
        finally:
            del self._alive[holder.process.pid]

    def _process(self, holder: LockHolder, interruptions: Interruptions, start: ProcessStart) -> str:
        """As the command: resume an interrupted run with the settings it began with, or begin one."""
        world = self._world
        with world.storage.process(holder) as journal:
            found = self._unfinished(journal)
            owner = self._recorded[found.run] if found else self._owner_tonight()
            context = self._context(journal, interruptions, owner)
            run = start_run(context, self._claim(owner, start), world.session, found)
            if isinstance(run, AlreadyRun):
                return "already"
            self._recorded[run] = owner
            world.checker.begin(run, owner)
            world.reading_checker.round_over = True
            run_evening(context, run, world.session, found.plan if found else None)
            return "done"

    def _unfinished(self, journal: SqliteJournal) -> InterruptedRun | None:
        found = journal.interrupted(ACCOUNT)
        return found if found and found.orders and found.plan and found.session == self._world.session.day else None

    def _context(self, journal: SqliteJournal, interruptions: Interruptions, owner: Owner) -> RunContext:
        world, injector = self._world, self._world.injector
        untradable = dict.fromkeys(SYMBOLS[:1], "not tradable") if injector.occurs("symbol can't be traded") else {}
        ends_at = injector.rng.randint(1, USUAL_STEPS) if injector.occurs("program is told to end") else 0
        bots = bots_of(owner.investments)
        return RunContext(
            account=ACCOUNT,
            broker=FaultyBroker(
                world.venue,
                world.clock,
                injector,
                interruptions.step,
                world.write_ahead_checker,
                world.reading_checker,
                untradable,
            ),
            history=world.market,
            quotes=world.market,
            calendar=LabCalendar(),
            clock=world.clock,
            journal=FaultyJournal(journal, injector, interruptions.step, world.write_ahead_checker),
            trading=owner.trading,
            reserve=owner.reserve,
            investments=owner.investments,
            bots=bots,
            keep=partial(require_same_plan, world.storage.connection, bots),
            shutdown_requested=lambda: bool(ends_at and interruptions.count >= ends_at),
            limits=owner.limits,
            venue="lab",
        )

    def _claim(self, owner: Owner, start: ProcessStart) -> RunRequest:
        session = self._world.session
        return RunRequest(
            at=self._world.clock.now(),
            account=ACCOUNT,
            broker="lab",
            mode="paper",
            session=session.day,
            closes=session.closes,
            version="0",
            files={"config": repr(owner).encode()},
            force=start.force,
            venue="lab",
        )

    def _owner_tonight(self) -> Owner:
        owner = self._world.owner
        for fault, bot in (("a bot fails", "failing"), ("a bot wants cash", "cash")):
            if self._world.injector.occurs(fault):
                extra = Investment(bot, Decimal(10), "percent")
                owner = replace(owner, investments=(*owner.investments, extra))
        return owner

    def _holder(self, host: str) -> LockHolder:
        """A process of `host` with its run lock; next to a running process it locks another file."""
        self._pid += 1
        lock = f"{host} {self._pid}" if host in self._alive.values() else host
        self._alive[self._pid] = host
        return LockHolder(Process(str(self._pid), host, self._pid), lock, self._world.clock.now)

    # ------------------------------------------------------------------------------------- interruptions

    def _acts(self, attempt: int) -> dict[int, Callable[[], None]]:
        """Interruptions of the next process by step number."""
        injector = self._world.injector
        interruptions: tuple[tuple[str, Callable[[], None]], ...] = (
            ("crash" if attempt == 0 else "crash in the recovery", crash),
            ("halted in the middle", self._world.operator.halt),
            ("machine's clock steps", self._clock_steps),
            ("machine sleeps", self._sleeps),
            ("another process at once", lambda: self._start_another("here")),
            ("another host at once", lambda: self._start_another("there")),
        )
        return {injector.rng.randint(1, USUAL_STEPS): act for fault, act in interruptions if injector.occurs(fault)}

    def _clock_steps(self) -> None:
        world = self._world
        step = timedelta(seconds=world.injector.rng.choice((-300, -60, -10, 10, 60, 300)))
        world.clock.offset += step
        world.log(f"the clock steps by {step}")

    def _sleeps(self) -> None:
        self._world.clock.sleep(self._world.injector.rng.uniform(60, 1500))
        self._world.checker.in_flight = 1

    def _start_another(self, host: str) -> None:
        self.run_process(ProcessStart(1, host=host, concurrent=True))
