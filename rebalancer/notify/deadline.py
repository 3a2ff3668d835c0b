"""A deadline for work that may hang or fail, and must not stop its caller."""

from collections.abc import Callable
from threading import Thread

Task = Callable[[], str | None]
"""Does something for an observer. None where it succeeded, else what went wrong, as a sentence without a secret."""

NOTHING_DONE = ""
"""A task returns this where there was nothing to do: what went wrong before is not over yet."""


def within(seconds: float, task: Task) -> str | None:
    """What `task` returns, at the latest after `seconds`. Raises nothing, whatever `task` does.

    A task that takes longer is left behind in its thread, which does not outlive the process.
    """
    answer: list[str | None] = []
    thread = Thread(target=lambda: answer.append(_tried(task)), daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return "no thread could be started: the machine has too many processes or too little memory"
    thread.join(seconds)
    return answer[0] if answer else f"no answer within {seconds:g} seconds"


def _tried(task: Task) -> str | None:
    try:
        return task()
    except Exception as error:  # noqa: BLE001 - an observer may fail in any way
        return f"failed with {type(error).__name__}"  # its text may have the address, which is a secret
