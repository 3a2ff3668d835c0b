"""What a child process says that may use 200 MB and a few seconds of processor time, as hostile input may cost.

Each is forked from one process that has imported the program: importing would take ten times as long as a refusal.
"""

import math
import os
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

resource = pytest.importorskip("resource", reason="only Linux and macOS limit a process")

MEMORY = 200 * 2**20
SECONDS = 3
"""Of processor time. A refusal takes a tenth of it; most of this input would take minutes where nothing is limited."""

HANGS = 60
"""Seconds after which a child counts as one that waits for ever."""

FORKS = get_context("forkserver")
IMPORTED = ["rebalancer.app.doctor", "rebalancer.app.source", "rebalancer.app.runs", "rebalancer.cli.app"]
FORKS.set_forkserver_preload([*IMPORTED, "pyarrow.parquet", "pytest"])


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
        child = FORKS.Process(target=_run, args=(code, words, said, dict(os.environ), Path.cwd()))
        child.start()
        child.join(HANGS)
        waits = child.is_alive()
        child.kill()
        child.join()
        text = said.read_text("utf-8")
    assert not waits, f"still running after {HANGS} seconds: {text[-500:]}"
    assert child.exitcode == exit_code, (child.exitcode, text[-500:])
    return text


def _run(code: str, words: tuple[str, ...], said: Path, environ: dict[str, str], folder: Path) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["-c", *words]
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    exec(compile(code, "script", "exec"), {"__name__": "script", "sys": sys, "Path": Path, "limit": limit})  # noqa: S102
