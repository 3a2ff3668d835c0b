"""What a child process says that may use 200 MB and a few seconds of processor time, as hostile input may cost."""

import subprocess
import sys

import pytest

resource = pytest.importorskip("resource", reason="only Linux and macOS limit a process")

MEMORY = 200 * 2**20
SECONDS = 3
"""Of processor time. A refusal takes a tenth of it; most of this input would take minutes where nothing is limited."""

PREFIX = f"""
import math, resource, sys, time
from pathlib import Path

def limit():
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + {MEMORY}, taken + {MEMORY}))
    seconds = math.ceil(time.process_time()) + {SECONDS}
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
"""
HANGS = 60
"""Seconds after which a child counts as one that waits for ever."""


def answer(code: str, *words: str, exit_code: int = 0) -> str:
    """What `code` prints, a script that calls `limit()` once it has imported what it needs. `words` are in sys.argv."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PREFIX + code, *words], capture_output=True, text=True, check=False, timeout=HANGS
    )
    assert done.returncode == exit_code, (done.returncode, done.stderr[-500:])
    return done.stdout + done.stderr
