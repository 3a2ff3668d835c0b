"""What observes runs: it comes after the journal's commit, in a thread of its own, and no run waits for it.

Nothing here raises into a run, and nothing that a run reads is written. What goes wrong is kept for `rebalance doctor`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta
from functools import partial
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

from rebalancer.app.gauges import gauges
from rebalancer.app.observers_due import closed_day_to_ping
from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig, Config
from rebalancer.config.observers import read_url
from rebalancer.errors import BadInputError, RebalancerError
from rebalancer.model import RunId
from rebalancer.model.text import minute
from rebalancer.notify import ping
from rebalancer.notify.deadline import NOTHING_DONE, Task, within
from rebalancer.notify.masking import masked
from rebalancer.notify.memory import Memory, recall, remembering
from rebalancer.notify.metrics import write_textfile
from rebalancer.ports import Clock

LONGEST_WAIT = 4
"""How many deadlines a process waits at its end, or a poll of the schedule, for observers that do not answer."""


class Observers:
    """The observers of the runs of one process, or of one poll of the schedule; a context manager.

    Tasks are done one after the other, each within `seconds`, so that the monitor hears of the start before the end.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        environ: Mapping[str, str] = os.environ,
        seconds: float = ping.SECONDS,
    ) -> None:
        self._config = config
        self._clock = clock
        self._environ = environ
        self._seconds = seconds
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join(LONGEST_WAIT * self._seconds)

    # ----------------------------------------- what happened: each returns at once, and leaves the work to the thread

    def started(self, account: AccountConfig, run: RunId) -> None:
        """The claim of `run` is committed."""
        if account.enabled:
            self._do("ping", lambda: self._ping("start", account.name, run))

    def ended(self, account: AccountConfig, result: RunResult) -> None:
        """How a run ended is committed, or that none could be started. A skipped one is nobody's news."""
        if result.status == "skipped":
            return
        if account.enabled:
            self._do("ping", lambda: self._ping_end(account.name, result))
        self._do("metrics", self._write_metrics)

    def measured(self, account: AccountConfig, skews: Sequence[timedelta]) -> None:
        """How far the venue's clock was from ours, each time that a run read it."""
        if skews:
            self._do("metrics", lambda: self._remember_skew(account.name, max(skews)))

    def failed(self, error: RebalancerError) -> None:
        """Something failed outside of all runs, such as reading the journal."""
        self._do("ping", lambda: self._ping("fail", text=str(error)))

    def look(self) -> None:
        """What is due though no run is."""
        self._do("ping", self._ping_on_a_closed_day)

    # ---------------------------------------------------------------------------------------------- the monitor

    def _ping(self, signal: str, account: str = "", run: int | None = None, text: str = "") -> str | None:
        if self._config.ping is None:
            return NOTHING_DONE
        rid = ping.run_uuid(account, run) if run else None
        said = self._masked(f"{account}: {text}" if account and text else text)
        return ping.ping(read_url(self._config.ping, self._environ), signal, rid, said)

    def _ping_end(self, account: str, result: RunResult) -> str | None:
        """Sends the worst exit code of the last runs of all enabled accounts.

        They share one monitor: the success of one account must not hide the failure of another.
        """
        with remembering(self._config.state_dir) as memory:
            memory.exit_codes[account] = result.exit_code
            worst = self._worst(memory)
        return self._ping(worst, account, result.run.run.id if result.run else None, result.sentence)

    def _ping_on_a_closed_day(self) -> str | None:
        day = closed_day_to_ping(self._config, self._clock, recall(self._config.state_dir))
        if day is None:
            return NOTHING_DONE
        with remembering(self._config.state_dir) as memory:
            memory.closed_day = day.isoformat()
            worst = self._worst(memory)
        return self._ping(worst, text="The exchange is closed today.")

    def _worst(self, memory: Memory) -> str:
        enabled = {each.name for each in self._config.accounts if each.enabled}
        worst = max((code for name, code in memory.exit_codes.items() if name in enabled), default=0)
        return str(worst) if worst else ""

    # ---------------------------------------------------------------------------------------------- the figures

    def _write_metrics(self) -> str | None:
        if self._config.metrics is None:
            return NOTHING_DONE
        return write_textfile(self._config.metrics, gauges(self._config, recall(self._config.state_dir)))

    def _remember_skew(self, account: str, skew: timedelta) -> str | None:
        with remembering(self._config.state_dir) as memory:
            memory.skews[account] = skew.total_seconds()
        return NOTHING_DONE

    # --------------------------------------------------------------------------------------------- the thread

    def _do(self, name: str, task: Task) -> None:
        """Have the observers' thread do `task`. Raises nothing, and returns at once."""
        if not (self._config.ping or self._config.metrics):
            return
        try:
            if self._thread is None:
                self._thread = Thread(target=self._work, name="observers", daemon=True)
                self._thread.start()
            self._tasks.put(lambda: self._done(name, within(self._seconds, lambda: _readable(task))))
        except RuntimeError:  # no more threads on this machine: the run goes on, and the monitor will miss its ping
            self._thread = None

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()

    def _done(self, name: str, trouble: str | None) -> None:
        """Keep what went wrong, or that it is over."""
        if trouble == NOTHING_DONE:
            return
        if trouble is None and name not in recall(self._config.state_dir).troubles:
            return
        within(self._seconds, partial(self._keep, name, trouble))

    def _keep(self, name: str, trouble: str | None) -> None:
        with remembering(self._config.state_dir) as memory:
            if trouble is None:
                memory.troubles.pop(name, None)
            else:
                memory.troubles[name] = f"{minute(self._clock.now(), UTC)}: {trouble}"

    def _masked(self, text: str) -> str:
        return masked(text, (each.account_number for each in self._config.accounts if each.account_number))


def _readable(task: Task) -> str | None:
    """`task`, whose BadInputError is a sentence without a secret."""
    try:
        return task()
    except BadInputError as error:
        return str(error)


def troubles(config: Config) -> Mapping[str, str]:
    """By observer, what went wrong the last time; of those that are still in the config."""
    names = {"ping": config.ping, "metrics": config.metrics, **{f"notify {each.name}": each for each in config.notify}}
    found: Memory = recall(config.state_dir)
    return {name: text for name, text in found.troubles.items() if names.get(name)}
