"""`rebalance web` as a process of its own, which a test may end as it likes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = (sys.executable, "-m", "rebalancer", "web", "--json")


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "REBALANCE_STATE": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The process and what it said once it listened; ended at the end, where it still runs."""
    with subprocess.Popen(  # noqa: S603
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(folder)
    ) as process:
        assert process.stdout is not None
        try:
            said = ""
            while not said.endswith("}\n"):
                said += process.stdout.readline() or "}\n"
            yield process, json.loads(said)
        finally:
            process.kill()
