"""What observes runs: it comes after the journal's commit, in a thread of its own, and no run waits for it.

Nothing here raises into a run, and nothing that a run reads is written. What goes wrong is kept for `rebalance doctor`.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Self

from rebalancer.app import messages, outbox
from rebalancer.app.digest import digest
from rebalancer.app.gauges import gauges
from rebalancer.app.observers_due import closed_day_to_ping, week_of
from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig, Config
from rebalancer.config.credentials import Keyring, read_keys
from rebalancer.config.observers import read_url
from rebalancer.errors import BadInputError, RebalancerError
from rebalancer.model import RunId
from rebalancer.model.text import minute
from rebalancer.notify import ping
from rebalancer.notify.deadline import NOTHING_DONE, Task, within
from rebalancer.notify.masking import masked
from rebalancer.notify.message import Message, send
from rebalancer.notify.metrics import write_textfile
from rebalancer.notify.observer_state import ObserverState, changed_state, load_state
from rebalancer.ports import Clock

LONGEST_WAIT = 4
"""How many deadlines a process waits at its end, or a poll of the schedule, for observers that do not answer."""
MESSAGE = 3
"""How many deadlines a message may take: apprise is slow to load."""

MakeMessage = Callable[[ObserverState], Message | None]
"""Makes a message, in the observers' thread."""


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
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(LONGEST_WAIT * self._seconds)

    # ----------------------------------------- what happened: each returns at once, and leaves the work to the thread

    def started(self, account: AccountConfig, run: RunId) -> None:
        """The claim of `run` is committed."""
        if account.enabled:
            self._queue_task("ping", lambda: self._ping("start", account.name, run))

    def ended(self, account: AccountConfig, result: RunResult) -> None:
        """How a run ended is committed, or that none could be started. A skipped run is not reported."""
        if result.status == "skipped":
            return
        self._queue_message(lambda state: self._of_run(account, result, state))
        if account.enabled:
            self._queue_task("ping", lambda: self._ping_end(account.name, result))
        self._queue_task("metrics", self._write_metrics)

    def measured(self, account: AccountConfig, skews: Sequence[timedelta]) -> None:
        """How far the venue's clock was from ours, each time that a run read it."""
        if skews:
            self._queue_task("metrics", lambda: self._remember_skew(account.name, max(skews)))

    def failed(self, error: RebalancerError) -> None:
        """Something failed outside of all runs, such as reading the journal."""
        self._queue_message(lambda _: messages.of_failure(error))
        self._queue_task("ping", lambda: self._ping("fail", text=str(error)))

    def happened(self, *events: messages.ManualEvent) -> None:
        """A person halted, resumed, armed or disarmed an account, and the journal has it."""
        for event in events:
            self._queue_message(partial(self._of_event, event))
        self._queue_task("metrics", self._write_metrics)

    def blocked(self, sentences: Iterable[str]) -> None:
        """Enabled accounts send no orders from now on; each sentence begins with the account's name."""
        for sentence in sentences:
            self._queue_message(partial(self._of_blocked, sentence))

    def poll(self) -> None:
        """Do what is due without a run: the ping of a closed day, waiting messages, the weekly digest."""
        self._queue_task("ping", self._ping_on_a_closed_day)
        if self._config.notify:
            self._queue(self._send_waiting)
            self._queue(self._send_digest)

    # ---------------------------------------------------------------------------------------------- the monitor

    def _ping(self, signal: str, account: str = "", run: int | None = None, text: str = "") -> str | None:
        if self._config.ping is None:
            return NOTHING_DONE
        rid = ping.run_uuid(account, run) if run else None
        sent = self._masked(f"{account}: {text}" if account and text else text)
        return ping.ping(read_url(self._config.ping, self._environ), signal, rid, sent)

    def _ping_end(self, account: str, result: RunResult) -> str | None:
        """Sends the worst exit code of the last runs of all enabled accounts.

        They share one monitor: the success of one account must not hide the failure of another.
        """
        with changed_state(self._config.state_dir) as state:
            state.exit_codes[account] = result.exit_code
            worst = self._worst(state)
        return self._ping(worst, account, result.run.run.id if result.run else None, result.sentence)

    def _ping_on_a_closed_day(self) -> str | None:
        day = closed_day_to_ping(self._config, self._clock, load_state(self._config.state_dir))
        if day is None:
            return NOTHING_DONE
        with changed_state(self._config.state_dir) as state:
            state.closed_day = day.isoformat()
            worst = self._worst(state)
        return self._ping(worst, text="The exchange is closed today.")

    def _worst(self, state: ObserverState) -> str:
        enabled = {each.name for each in self._config.accounts if each.enabled}
        worst = max((code for name, code in state.exit_codes.items() if name in enabled), default=0)
        return str(worst) if worst else ""

    # ---------------------------------------------------------------------------------------------- the figures

    def _write_metrics(self) -> str | None:
        if self._config.metrics is None:
            return NOTHING_DONE
        return write_textfile(self._config.metrics, gauges(self._config, load_state(self._config.state_dir)))

    def _remember_skew(self, account: str, skew: timedelta) -> str | None:
        with changed_state(self._config.state_dir) as state:
            state.skews[account] = skew.total_seconds()
        return NOTHING_DONE

    # ---------------------------------------------------------------------------------------------- messages

    def _of_run(self, account: AccountConfig, result: RunResult, state: ObserverState) -> Message:
        before = state.exit_codes.get(account.name, 0)
        state.exit_codes[account.name] = result.exit_code
        readable = result.status != "failed" or self._keys_readable(account)  # a keyring is asked where it may explain
        return messages.of_run(account, result, before, keys_readable=readable)

    def _keys_readable(self, account: AccountConfig) -> bool:
        if account.key_source is None:
            return True
        try:
            read_keys(account, Keyring(), self._environ)
        except BadInputError:
            return False
        return True

    def _of_blocked(self, sentence: str, _: ObserverState) -> Message:
        return messages.of_blocked(sentence)

    def _of_event(self, event: messages.ManualEvent, _: ObserverState) -> Message:
        accounts = self._config.accounts
        return messages.of_event(event, next((each for each in accounts if each.name == event.account), accounts[0]))

    def _send_digest(self) -> None:
        if load_state(self._config.state_dir).digest != week_of(self._clock.now()):
            self._send_message(self._digest)

    def _digest(self, state: ObserverState) -> Message | None:
        """That of the last week, once; none for the week in which messages were first asked for."""
        week = week_of(self._clock.now())
        before, state.digest = state.digest, week
        return digest(self._config, week) if before and before != week else None

    def _queue_message(self, make: MakeMessage) -> None:
        if self._config.notify:
            self._queue(lambda: self._send_message(make))

    def _send_message(self, make: MakeMessage) -> None:
        sendings: list[outbox.Sending] = []
        zone = self._config.accounts[0].venue.zone

        def choose() -> str | None:
            with changed_state(self._config.state_dir) as state:
                if (message := make(state)) is not None:
                    sendings.extend(outbox.to_send(state, self._config.notify, message, self._clock.now(), zone=zone))
            return None

        self._record_result("messages", within(self._seconds, lambda: _readable(choose)))
        self._send(sendings)

    def _send_waiting(self) -> None:
        sendings: list[outbox.Sending] = []

        def choose() -> str | None:
            if outbox.anything_waiting(load_state(self._config.state_dir), self._clock.now()):
                with changed_state(self._config.state_dir) as state:
                    sendings.extend(outbox.due(state, self._config.notify, self._clock.now()))
            return NOTHING_DONE

        within(self._seconds, choose)
        self._send(sendings)

    def _send(self, sendings: Iterable[outbox.Sending]) -> None:
        for each in sendings:
            trouble = within(MESSAGE * self._seconds, partial(_readable, partial(self._send_one, each)))
            self._record_result(f"notify {each.recipient.name}", trouble)
            if trouble is not None:
                within(self._seconds, partial(self._retry_later, each))

    def _send_one(self, sending: outbox.Sending) -> str | None:
        message, url = sending.message, read_url(sending.recipient.url, self._environ)
        body = self._masked(message.body)
        return send(url, Message(message.kind, self._masked(message.title), body))

    def _retry_later(self, sending: outbox.Sending) -> str | None:
        with changed_state(self._config.state_dir) as state:
            outbox.retry_later(state, sending, self._clock.now())
        return None

    def _masked(self, text: str) -> str:
        return masked(text, self._config.account_numbers)

    # --------------------------------------------------------------------------------------------- the thread

    def _queue_task(self, name: str, task: Task) -> None:
        """Queue `task` for the observers' thread, where a monitor or metrics are configured."""
        if self._config.ping or self._config.metrics:
            self._queue(lambda: self._record_result(name, within(self._seconds, lambda: _readable(task))))

    def _queue(self, job: Callable[[], None]) -> None:
        """Raises nothing, and returns at once."""
        try:
            if self._thread is None:
                self._thread = Thread(target=self._work, name="observers", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        except RuntimeError:  # no more threads on this machine: the run goes on, and the monitor will miss its ping
            self._thread = None

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _record_result(self, name: str, trouble: str | None) -> None:
        """Keep what went wrong, or that it works again."""
        if trouble == NOTHING_DONE:
            return
        if trouble is None and name not in load_state(self._config.state_dir).troubles:
            return
        within(self._seconds, partial(self._store_trouble, name, trouble))

    def _store_trouble(self, name: str, trouble: str | None) -> str | None:
        with changed_state(self._config.state_dir) as state:
            if trouble is None:
                state.troubles.pop(name, None)
            else:
                state.troubles[name] = f"{minute(self._clock.now(), self._config.accounts[0].venue.zone)}: {trouble}"
        return None


def _readable(task: Task) -> str | None:
    """`task`, whose RebalancerError is a sentence without a secret."""
    try:
        return task()
    except RebalancerError as error:
        return str(error)


def troubles(config: Config) -> Mapping[str, str]:
    """By observer, what went wrong the last time; of those that are still in the config."""
    names = {"ping": config.ping, "metrics": config.metrics, "messages": config.notify}
    names |= {f"notify {each.name}": config.notify for each in config.notify}
    found = load_state(config.state_dir)
    return {name: text for name, text in found.troubles.items() if names.get(name)}
