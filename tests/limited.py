"""What a child process says that may use 200 MB and a few seconds of processor time, as hostile input may cost."""

import math
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from forks import FORKS, Surroundings

resource = pytest.importorskip("resource", reason="only Linux and macOS limit a process")

MEMORY = 200 * 2**20
SECONDS = 10
"""Of processor time. A refusal takes a thirtieth of it; most of this input would take minutes without a limit."""

HANGS = 300
"""Seconds after which a child counts as one that waits for ever."""


def limit() -> None:
    """From here on. A script calls it once it has imported what it needs."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    seconds = math.ceil(time.process_time()) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def answer(code: str, *words: str, exit_code: int = 0) -> str:
    """What `code` prints, a script that calls `limit()`. `words` are in sys.argv."""
    with TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        child = FORKS.Process(target=_run, args=(code, str(said), Surroundings(words, Path.cwd(), {**os.environ})))
        child.start()
        child.join(HANGS)
        waits = child.is_alive()
        child.kill()
        child.join()
        text = said.read_text("utf-8")
    assert not waits, f"still running after {HANGS} seconds: {text[-500:]}"
    assert child.exitcode == exit_code, (child.exitcode, text[-500:])
    return text


def _run(code: str, said: str, surroundings: Surroundings) -> None:
    surroundings.enter({1: said, 2: said})
    exec(compile(code, "script", "exec"), {"__name__": "script", "sys": sys, "Path": Path, "limit": limit})  # noqa: S102
