"""Runs a Python bot in a child process: with a small environment, in an empty folder, and with limits.

This isolates a run from the bot's faults. It is not a sandbox: the child runs as the same user and can read all of
that user's files.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import BinaryIO

from rebalancer.bots.base import Answer
from rebalancer.model import Closes

RUNNER = Path(__file__).with_name("python_runner.py")
MAX_LINE = 1_000_000
"""The most bytes of one answer."""
UNREADABLE = "weights() gave an answer that can't be read"


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one call of `run_python` may use; `file_bytes` limits each file that the bot writes, its answers too.

    Where the system can't limit memory (macOS), that limit is not set.
    """

    cpu_seconds: int
    wall_seconds: int
    memory_bytes: int = 2 * 1024**3
    file_bytes: int = 2 * 1024**3


ONE_DECISION = ProcessLimits(cpu_seconds=20, wall_seconds=30)
BACK_TEST = ProcessLimits(cpu_seconds=600, wall_seconds=900)


def run_python(code: bytes, closes: Closes, lookback: int, limits: ProcessLimits | None = None) -> list[Answer]:
    """One answer for each session of `closes` from the `lookback`-th on; see `RunPython`.

    The answers are written to a file that the bot can't print to by accident.
    """
    count = len(closes.sessions) - lookback + 1
    limits = limits or (ONE_DECISION if count == 1 else BACK_TEST)
    try:
        with TemporaryFile() as output:
            ending = _run(_request(code, closes, lookback, limits), limits, output)
            answers = _answers(output, count)
    except OSError as error:
        answers, ending = [], f"its process can't be started: {error.strerror}"
    return [*answers, *[ending] * (count - len(answers))]


def _run(request: bytes, limits: ProcessLimits, output: BinaryIO) -> str:
    """Run the child, which writes its answers to `output`; a sentence about how it ended.

    `output` is a file and not a pipe, so large output takes no memory here and orphaned processes don't block.
    """
    with TemporaryDirectory(prefix="rebalancer-bot-", ignore_cleanup_errors=True) as folder:
        child = subprocess.Popen(  # noqa: S603 - this interpreter, and a script of ours
            [sys.executable, "-s", "-P", str(RUNNER)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
        try:
            child.communicate(request, timeout=limits.wall_seconds)
            return _ending(child.returncode, limits)
        except subprocess.TimeoutExpired:
            return f"weights() gave no answer within {limits.wall_seconds} seconds"
        finally:
            _end(child)


def _answers(output: BinaryIO, count: int) -> list[Answer]:
    """The first `count` answers, up to the first line that is not complete."""
    output.seek(0)
    lines = iter(lambda: output.readline(MAX_LINE), b"")
    return [_answer(line) for line in takewhile(lambda line: line.endswith(b"\n"), islice(lines, count))]


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End the child and what it started, and close its pipe."""
    with suppress(ProcessLookupError, PermissionError):  # nothing is left of its process group
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin:
        child.stdin.close()


def _request(code: bytes, closes: Closes, lookback: int, limits: ProcessLimits) -> bytes:
    """A line of JSON, then the closes as float64 in rows."""
    header = {
        "code": code.decode("utf-8-sig"),
        "symbols": closes.symbols,
        "sessions": closes.sessions.astype(str).tolist(),
        "lookback": lookback,
        **asdict(limits),
    }
    return json.dumps(header).encode() + b"\n" + closes.values.astype("<f8").tobytes()


def _answer(line: bytes) -> Answer:
    """The parsed answer. The bot may have written the line, so its content is not trusted."""
    try:
        answer = json.loads(line, parse_int=float)
    except (ValueError, RecursionError):
        return UNREADABLE
    if isinstance(answer, str) or (isinstance(answer, dict) and all(type(each) is float for each in answer.values())):
        return answer
    return UNREADABLE


def _ending(code: int, limits: ProcessLimits) -> str:
    """Why there is no further answer from a child that ended with `code`."""
    if code == -signal.SIGXCPU:
        return f"weights() used up its {limits.cpu_seconds} seconds of processor time"
    if code < 0:
        name = next((each.name for each in signal.Signals if each == -code), -code)  # real-time signals have no name
        return f"its process was ended by the signal {name}"
    return f"its process ended without an answer (exit code {code})"


def _environment(folder: str) -> Mapping[str, str]:
    """The child's environment: no API keys, and nothing that makes its results vary."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        **dict.fromkeys(threads, "1"),
    }
