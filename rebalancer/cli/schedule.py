"""`rebalance schedule`: each enabled account is run shortly before the close of every session, for years."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Annotated

from typer import Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import Answer, ConfigOption, JsonOption, LogFileOption, showing_progress
from rebalancer.cli.screen import say
from rebalancer.cli.signals import shutdown_signal
from rebalancer.errors import BadInputError, Problem, visible

if TYPE_CHECKING:
    from rebalancer.app.schedule_loop import Poll, ScheduleLoop
    from rebalancer.cli.log import Log
    from rebalancer.config import Config
    from rebalancer.notify.systemd import Supervisor
    from rebalancer.ports import Progress


def schedule(
    coming: Annotated[
        int | None, Option("--next", min=1, max=1000, help="List this many coming runs, then exit.")
    ] = None,
    log_file: LogFileOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer | None:
    """Run as a service: rebalance each enabled account shortly before the close of every session."""
    from rebalancer.app.schedule_loop import ScheduleLoop
    from rebalancer.cli.log import log_of
    from rebalancer.market.clock import SystemClock
    from rebalancer.notify.systemd import Supervisor

    settings = load_config(config)
    if not any(account.enabled for account in settings.accounts):
        text = "no account is enabled, so there is nothing to schedule: set enabled = true in [accounts.NAME]"
        raise BadInputError([Problem(str(settings.path), "accounts", text)])
    if coming is not None:
        return _coming_runs(settings, coming)
    clock = SystemClock()
    supervisor = Supervisor(os.environ.get("NOTIFY_SOCKET", ""), clock, partial(say, err=True))
    with shutdown_signal() as shutdown:
        loop = ScheduleLoop(partial(load_config, config, quietly=True), clock, shutdown.is_set)
        log = log_of(clock, log_file, settings.journal(), lambda: (loop.config or settings).account_numbers, json=json)
        with log, showing_progress(json=json or log.journald) as line:
            loop.progress = each_of(line, supervisor.working)
            keep(loop, shutdown, Screen(log, json=json, between=line.between), supervisor)
    if not (json or log.journald):
        say("The schedule has ended.")
    return None


def _coming_runs(settings: "Config", count: int) -> Answer:
    from rebalancer.app.status import upcoming_runs
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.run import upcoming_screen

    runs = upcoming_runs(settings, SystemClock(), count)
    return Answer({"coming_runs": runs}, upcoming_screen(runs))


def each_of(*watching: "Progress") -> "Progress":
    """Work that all of them watch."""

    def progress(work: str, done: int = 0, total: int = 0) -> None:
        for each in watching:
            each(work, done, total)

    return progress


def keep(
    loop: "ScheduleLoop", stop: Event, screen: "Screen", supervisor: "Supervisor", heartbeat: float | None = None
) -> None:
    """Poll until `stop` is set. A poll that has ended is a sign of life: it comes from the thread that works."""
    from rebalancer.app.schedule_loop import HEARTBEAT_SECONDS, run_until_stopped

    def poll() -> None:
        print_poll(loop, screen)
        coming = screen.next_run if loop.next_start else "No run is coming: no account is enabled"
        supervisor.alive(loop.failed.error if loop.failed else coming)

    supervisor.ready()
    seconds = HEARTBEAT_SECONDS if heartbeat is None else heartbeat
    run_until_stopped(poll, lambda: loop.next_start, stop, seconds, supervisor.stopping)


@dataclass(slots=True)
class Screen:
    """Where polls are shown: on a screen, as lines of JSON, or in a log. `next_run` is the last one that was found."""

    log: "Log | None" = None
    json: bool = False
    between: "Callable[[Iterator[Poll]], Iterator[Poll]]" = iter
    next_run: str = ""

    def show(self, found: "Poll", now: datetime) -> None:
        from rebalancer.app.status_views import UpcomingRun
        from rebalancer.app.views import PollFailed
        from rebalancer.report.log import log_lines
        from rebalancer.report.run import log_line

        text = found.error if isinstance(found, PollFailed) else log_line(found, now)
        if isinstance(found, UpcomingRun):
            self.next_run = text
        if self.log is not None:
            self.log.write(log_lines(found))
        if self.log is None or not self.log.journald:
            self._print(found, text)

    def _print(self, found: "Poll", text: str) -> None:
        from rebalancer.app.status_views import UpcomingRun
        from rebalancer.app.views import PollFailed
        from rebalancer.report.answers import to_json_line

        if self.json and isinstance(found, PollFailed):
            say(to_json_line({"error": {"message": text, "problems": []}}))
        elif isinstance(found, PollFailed):
            say(f"rebalance: {text}", err=True)
        elif not self.json:
            say(visible(text))
        elif not isinstance(found, UpcomingRun):
            say(to_json_line(found))


def print_poll(loop: "ScheduleLoop", screen: Screen | None = None) -> None:
    """Poll once and show each result. Raises nothing."""
    from rebalancer.errors import in_tree

    screen = screen or Screen()
    for found in screen.between(loop.poll()):
        try:
            screen.show(found, loop.clock.now())
        except Exception as error:  # noqa: BLE001 - what can't be shown is journalled all the same
            say(f"rebalance: {in_tree(error)}", err=True)
