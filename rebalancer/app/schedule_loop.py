"""APScheduler keeps the time. What is to be done then is not decided here: `look` asks the clock and the journal."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

HEARTBEAT_SECONDS = 30.0


def keep_watch(
    look: Callable[[], None],
    ahead: Callable[[], datetime | None],
    stop: Event,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> None:
    """Call `look` at every time that `ahead` names and at every heartbeat, one call at a time, until `stop` is set.

    The heartbeat counts waking seconds, whatever the clock on the wall does: after a sleep or a jump of the clock, to
    either side, the next look is at most one heartbeat away. Returns once a look that is under way has ended. What
    `look` raises ends the watch and is raised again.
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
        if firing := ahead():
            scheduler.add_job(look, "date", run_date=firing, id="firing", replace_existing=True)
        stop.wait(heartbeat)
    scheduler.remove_all_jobs()  # a job that is being handed over while the scheduler shuts down would break its thread
    scheduler.shutdown(wait=True)
    if errors:
        raise errors[0]
