"""Work on all cores of this machine: spawned processes that read the same closes.

Processes are spawned, not forked: a fork of a process with threads may hang. Each worker answers through a pipe of its
own, so that the part that a dead one was at is known, and no other is lost with it.
"""

import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from rebalancer.app.executor import Executor, LostPart, Part, Result, Serial
from rebalancer.app.shared_closes import SharedCloses, shared
from rebalancer.errors import RunFailedError
from rebalancer.model import Closes

SECONDS_TO_END = 5
"""How long an ended worker may take, to end its own children, before it is killed."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What work raised in a worker."""

    error: Exception


@dataclass(slots=True)
class Worker:
    """A process and this end of its pipe; `part` is what it is at, None when it has nothing to do."""

    process: BaseProcess
    pipe: Connection
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """`workers` processes, at most one for each part."""

    workers: int

    def results(
        self, work: Callable[[Closes, Part], Result], closes: Closes, parts: Sequence[Part]
    ) -> Generator[tuple[int, Result | LostPart], None, None]:
        """As `Executor.results`. Raises RunFailedError where the closes can't be written to a temporary file."""
        with ExitStack() as stack:
            prices = _shared(stack, closes)
            waiting, running = list(reversed(range(len(parts)))), list[Worker]()
            stack.callback(_end, running)
            while waiting or running:
                while waiting and len(running) < self.workers:
                    running.append(_start(work, prices))
                    _give(running[-1], waiting, parts)
                yield from _answers(running, waiting, parts)


def here(workers: int) -> Executor:
    """On this machine; a single worker is this process."""
    return Pool(workers) if workers > 1 else Serial()


def _shared(stack: ExitStack, closes: Closes) -> SharedCloses:
    try:
        return stack.enter_context(shared(closes))
    except OSError as error:
        text = f"the prices can't be shared with other processes: {error.strerror}. Use --workers 1, or make room"
        raise RunFailedError(f"{text} in the folder for temporary files.") from error


def _start(work: Callable[[Closes, Any], Any], prices: SharedCloses) -> Worker:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work, prices), daemon=False)
    with _ctrl_c_is_ours():
        process.start()
    theirs.close()
    return Worker(process, ours)


@contextmanager
def _ctrl_c_is_ours() -> Iterator[None]:
    """A process started within never sees Ctrl-C, which a terminal sends to all: who started it ends it."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # else its start would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _give(worker: Worker, waiting: list[int], parts: Sequence[Any]) -> None:
    worker.part = waiting.pop() if waiting else None
    with suppress(BrokenPipeError):  # a worker that ended; its end is seen next
        worker.pipe.send(None if worker.part is None else parts[worker.part])


def _answers(running: list[Worker], waiting: list[int], parts: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """What has come from the workers, who get the next parts at once; those that ended leave `running`."""
    ready = wait([worker.pipe for worker in running])
    for worker in [each for each in running if each.pipe in ready]:
        part = worker.part
        try:
            answer = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            running.remove(worker)
            worker.process.join()
            if part is not None:
                yield part, LostPart(_ending(worker.process.exitcode))
            continue
        _give(worker, waiting, parts)
        if isinstance(answer, Raised):
            raise answer.error
        if part is not None:
            yield part, answer


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f"its process ended with exit code {code}"
    with suppress(ValueError):
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process was ended by signal {-code}"


def _end(running: list[Worker]) -> None:
    """End workers that still compute; those with nothing to do have ended by themselves."""
    for worker in running:
        worker.process.terminate()
    for worker in running:
        worker.process.join(SECONDS_TO_END)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()
        worker.process.close()


# ------------------------------------------------------------------------------------------------------- in a worker


def _serve(pipe: Connection, work: Callable[[Closes, Any], Any], prices: SharedCloses) -> None:
    """Answer until there is nothing more to do, or the parent process is gone."""
    signal.signal(signal.SIGTERM, _leave)
    closes = prices.open()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while (part := pipe.recv()) is not None:
            try:
                answer = work(closes, part)
            except Exception as error:  # noqa: BLE001 - raised again by who asked
                answer = Raised(error)
            pipe.send(answer)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal calls it
    """As an exception, so that what was begun, such as the process of a Python bot, is ended too."""
    raise SystemExit(0)
