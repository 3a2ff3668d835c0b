"""Notification of a run's result to the owner's own command, `on_result`."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rebalancer.journal.chain import Head
from rebalancer.journal.codec import canonical, plain
from rebalancer.model import RunStatus

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Notification:
    """One account's result. `session` and `run` are None where it ended before they were known.

    `head` is the run's last line in the journal: kept elsewhere, it proves later that the journal was not rewritten.
    """

    account: str
    session: date | None
    run: int | None
    status: RunStatus
    message: str
    exit_code: int
    head: Head | None = None


def notify(command: Sequence[str], notification: Notification, timeout: float = TIMEOUT_SECONDS) -> str | None:
    """Run `command`, without a shell, with `notification` as a line of JSON on its standard input.

    None if its exit code is 0, otherwise a sentence that says what went wrong. It names the command only: the
    arguments may hold a secret.
    """
    name = Path(command[0]).name
    try:
        # Its output goes nowhere: a pipe that a grandchild keeps open would outlast the timeout.
        done = subprocess.run(  # noqa: S603 - the command is the owner's own
            command,
            input=canonical(plain(notification)).encode(),
            stdout=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"on_result: {name} did not end within {timeout:g} seconds and was ended. Nobody may have been told."
    except OSError as error:
        return f"on_result: {name} can't be run: {error.strerror}. Correct on_result in the config."
    if done.returncode:
        return f"on_result: {name} ended with exit code {done.returncode}. Nobody may have been told."
    return None
