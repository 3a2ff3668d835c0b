"""The schedule as a long-running process: APScheduler wakes it up, the clock and the journal decide what is due."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from rebalancer.app.observers import Observers
from rebalancer.app.runs import report_error, run_due
from rebalancer.app.schedule import upcoming_windows
from rebalancer.app.status import blocks, upcoming_run
from rebalancer.app.status_views import UpcomingRun
from rebalancer.app.views import Blocked, PollFailed, RunResult
from rebalancer.config import Config
from rebalancer.errors import BadInputError, RebalancerError, in_tree
from rebalancer.ports import Clock, Progress, unwatched

HEARTBEAT_SECONDS = 30.0
Poll = RunResult | UpcomingRun | Blocked | PollFailed
"""What a poll may find."""


@dataclass(slots=True)
class ScheduleLoop:
    """Polls for due runs. The config is loaded at each poll, so an edit applies from the next one on.

    `next_start` is when the next run window opens, as of the last poll; `config` is the last one that could be loaded,
    and `failed` the last poll if it failed.
    """

    load: Callable[[], Config]
    clock: Clock
    shutdown_requested: Callable[[], bool]
    progress: Progress = unwatched
    next_start: datetime | None = None
    config: Config | None = field(default=None, init=False)
    failed: PollFailed | None = field(default=None, init=False)
    _blocked: tuple[Blocked, ...] = field(default=(), init=False)

    def poll(self) -> Iterator[Poll]:
        """Run what is due and yield each result; then changes: the next run, what blocks trading, a failed poll.

        Raises nothing: what was not foreseen is a failed poll too, and the next one comes.
        """
        try:
            yield from self._look()
            self.failed = None
        except Exception as error:  # noqa: BLE001 - whatever it is
            before, self.failed = self.failed, PollFailed(str(in_tree(error)))
            if self.failed != before:
                yield self.failed

    def _look(self) -> Iterator[RunResult | UpcomingRun | Blocked]:
        config = self._loaded()
        try:
            yield from run_due(config, self.clock, self.shutdown_requested, self.progress)
            yield from self._next_run(config)
            yield from self._newly_blocked(config)
        except RebalancerError:
            raise
        except Exception as error:
            for account in config.accounts:
                if account.enabled:
                    report_error(config, account, error, self.clock)
            raise

    def _loaded(self) -> Config:
        """The config; where it can't be loaded, the recipients in the last one are notified."""
        try:
            self.config = self.load()
        except BadInputError as error:
            if self.config is not None and self.failed is None:
                with Observers(self.config, self.clock) as observers:
                    observers.failed(error)
            raise
        return self.config

    def _next_run(self, config: Config) -> Iterator[UpcomingRun]:
        window = next(upcoming_windows(config, self.clock), None)
        before, self.next_start = self.next_start, window.opens if window else None
        if window and self.next_start != before:
            yield upcoming_run(window)

    def _newly_blocked(self, config: Config) -> Iterator[Blocked]:
        enabled = [account for account in config.accounts if account.enabled]
        found = tuple(
            Blocked(f"{account.name}: {why}")
            for account in enabled
            for why in blocks(config, account, self.clock.now())
        )
        before, self._blocked = self._blocked, found
        if found != before:
            with Observers(config, self.clock) as observers:  # a halt is reported when it is set
                observers.blocked(each.blocked for each in found if "is halted since" not in each.blocked)
            yield from found


def run_until_stopped(
    poll: Callable[[], None],
    next_start: Callable[[], datetime | None],
    stop: Event,
    heartbeat: float = HEARTBEAT_SECONDS,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Call `poll` at `next_start` and at every heartbeat, one call at a time, until `stop` is set.

    The heartbeat is monotonic time, not wall-clock time: after a suspend or a clock change, the next poll is at most
    one heartbeat away. Calls `stopping` once it is to end, and returns once a running poll has ended. An exception of
    `poll` ends the loop and is re-raised.
    """
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # it warns of each heartbeat skipped during a run
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
        scheduler.add_job(poll, id="heartbeat", replace_existing=True)
        if start := next_start():
            scheduler.add_job(poll, "date", run_date=start, id="start", replace_existing=True)
        stop.wait(heartbeat)
    stopping()
    scheduler.remove_all_jobs()  # a job submitted during the shutdown would raise in the scheduler's thread
    scheduler.shutdown(wait=True)
    if errors:
        raise errors[0]
