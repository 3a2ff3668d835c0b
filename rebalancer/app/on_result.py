"""The owner's command, which gets the result of each run."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rebalancer.app.schedule import Window
from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RebalancerError
from rebalancer.events import Noted
from rebalancer.journal import read
from rebalancer.journal.codec import canonical, plain
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import RunId
from rebalancer.ports import Clock

NOTIFY_SECONDS = 30.0
MAY_BE_LOST = "The notification may not have been delivered."
PASSED_ON = frozenset({"PATH", "HOME", "LANG", "TZ"})
"""The owner's command gets these of the environment, which may hold keys to more than this program uses."""


def notified(
    config: Config, account: AccountConfig, result: RunResult, clock: Clock, window: Window | None = None
) -> RunResult:
    """Send the result to the account's `on_result`. A failed command is journalled and appended to the message.

    `session` and `run` are null where it ended before they were known. `head` is the run's last line in the journal:
    kept elsewhere, it proves later that the journal was not rewritten.
    """
    if not account.on_result:
        return result
    run = result.run.run if result.run else None
    notification = {
        "account": account.name,
        "session": run.session if run else window.session.day if window else None,
        "run": run.id if run else None,
        "status": result.status,
        "message": result.sentence,
        "exit_code": result.exit_code,
        "head": result.run.head if result.run else None,
    }
    keys = {name for each in config.accounts if each.key_source for name in each.key_source.variables or ()}
    environ = {name: value for name, value in os.environ.items() if name not in keys}
    trouble = notify(account.on_result, notification, environ)
    return noted(config, result, trouble, clock) if trouble else result


def notify(
    command: Sequence[str],
    notification: Mapping[str, object],
    environ: Mapping[str, str],
    timeout: float = NOTIFY_SECONDS,
) -> str | None:
    """Run `command`, without a shell, with `notification` as a line of JSON on its standard input.

    Of the environment variables in `environ` it gets PASSED_ON, and those whose names begin with REBALANCE_. None if
    its exit code is 0, otherwise a sentence that says what went wrong. It names the command only: the arguments may
    hold a secret.
    """
    name = Path(command[0]).name
    try:
        # Its output goes nowhere: a pipe that a grandchild keeps open would outlast the timeout.
        done = subprocess.run(  # noqa: S603 - the command is the owner's own
            command,
            input=canonical(plain(notification)).encode(),
            stdout=subprocess.DEVNULL,
            env={name: environ[name] for name in environ if name in PASSED_ON or name.startswith("REBALANCE_")},
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"on_result: {name} did not end within {timeout:g} seconds and was ended. {MAY_BE_LOST}"
    except OSError as error:
        return f"on_result: {name} can't be run: {error.strerror}. Correct on_result in the config."
    if done.returncode:
        return f"on_result: {name} ended with exit code {done.returncode}. {MAY_BE_LOST}"
    return None


def noted(config: Config, result: RunResult, trouble: str, clock: Clock) -> RunResult:
    message = f"{result.sentence} {trouble}"
    if result.run is None:
        return replace(result, message=message)
    path, run = config.journal(), RunId(result.run.run.id)
    try:
        with SqliteJournal.open(path) as journal:
            journal.record(run, Noted(clock.now(), "error", trouble))
        return replace(result, message=message, run=read.run(path, run))
    except RebalancerError as error:
        return replace(result, message=f"{message} {error}")
