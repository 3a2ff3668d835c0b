"""The schedule as a process that stays: APScheduler keeps the time, the clock and the journal decide what is due."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from rebalancer.app.runs import run_due
from rebalancer.app.schedule import coming_windows
from rebalancer.app.status import blocks, coming_run
from rebalancer.app.views import Blocked, ComingRun, LookFailed, RunResult
from rebalancer.config import Config
from rebalancer.errors import RebalancerError
from rebalancer.ports import Clock

HEARTBEAT_SECONDS = 30.0


@dataclass(slots=True)
class ScheduleLoop:
    """Looks at what is due, again and again. The config is loaded at each look, so that an edit counts from then on.

    `next_start` is when the next window opens, as of the last look.
    """

    load: Callable[[], Config]
    clock: Clock
    shutdown_requested: Callable[[], bool]
    next_start: datetime | None = None
    _blocked: tuple[Blocked, ...] = field(default=(), init=False)
    _failed: LookFailed | None = field(default=None, init=False)

    def look(self) -> Iterator[RunResult | ComingRun | Blocked | LookFailed]:
        """Run what is due. Yields each result, and once each: a new next run, what blocks trading, a failed look."""
        try:
            config = self.load()
            yield from run_due(config, self.clock, self.shutdown_requested)
            yield from self._look_ahead(config)
            yield from self._look_for_blocks(config)
            self._failed = None
        except RebalancerError as error:
            before, self._failed = self._failed, LookFailed(str(error))
            if self._failed != before:
                yield self._failed

    def _look_ahead(self, config: Config) -> Iterator[ComingRun]:
        window = next(coming_windows(config, self.clock), None)
        before, self.next_start = self.next_start, window.opens if window else None
        if window and self.next_start != before:
            yield coming_run(window)

    def _look_for_blocks(self, config: Config) -> Iterator[Blocked]:
        enabled = [account for account in config.accounts if account.enabled]
        found = tuple(
            Blocked(f"{account.name}: {why}")
            for account in enabled
            for why in blocks(config, account, self.clock.now())
        )
        before, self._blocked = self._blocked, found
        yield from found if found != before else ()


def run_until_stopped(
    look: Callable[[], None],
    next_start: Callable[[], datetime | None],
    stop: Event,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> None:
    """Call `look` at `next_start` and at every heartbeat, one call at a time, until `stop` is set.

    The heartbeat counts seconds awake, not wall-clock time: after a sleep or a clock change, the next look is at most
    one heartbeat away. Returns once a running look has ended. An exception of `look` ends the loop and is raised again.
    """
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # a heartbeat dropped during a long run is no news
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)}, timezone=UTC, job_defaults={"misfire_grace_time": None}
    )
    errors: list[BaseException] = []

    def end(event: JobExecutionEvent) -> None:
        errors.append(event.exception)
        stop.set()

    scheduler.add_listener(end, EVENT_JOB_ERROR)
    scheduler.start()
    while not stop.is_set():
        scheduler.add_job(look, id="heartbeat", replace_existing=True)
        if start := next_start():
            scheduler.add_job(look, "date", run_date=start, id="start", replace_existing=True)
        stop.wait(heartbeat)
    scheduler.remove_all_jobs()  # a job that is being handed over while the scheduler shuts down would break its thread
    scheduler.shutdown(wait=True)
    if errors:
        raise errors[0]
