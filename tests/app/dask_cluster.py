"""A Dask scheduler and its workers, each a process, as a person starts them: on 127.0.0.1 alone."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

TESTS = Path(__file__).parent


class DaskProcesses:
    """Ends them with `close`. `tls` are further options of both, such as certificates."""

    def __init__(self, folder: Path, workers: int = 2, protocol: str = "tcp", tls: Sequence[str] = ()) -> None:
        self.folder, self.tls = folder, tls
        self.processes: list[subprocess.Popen[bytes]] = []
        where = ("--host", "127.0.0.1", "--port", "0", "--protocol", protocol)
        self._start(
            "scheduler", *where, "--no-dashboard", "--no-show", "--scheduler-file", str(folder / "scheduler.json")
        )
        self.address = self._address()
        for number in range(workers):
            self.start_worker(f"worker-{number}")

    def start_worker(self, name: str, **environment: str) -> subprocess.Popen[bytes]:
        options = (
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--name",
            name,
            "--host",
            "127.0.0.1",
            "--memory-limit",
            "0",
        )
        return self._start("worker", self.address, *options, "--local-directory", str(self.folder), **environment)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def _start(self, what: str, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "dask", what, *words, *self.tls]
        path = os.pathsep.join([environment.pop("ahead", ""), str(TESTS)]).strip(os.pathsep)
        with (self.folder / f"{what}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - this interpreter
                command, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": path, **environment}
            )
        self.processes.append(process)
        return process

    def _address(self) -> str:
        file = self.folder / "scheduler.json"
        while not file.exists() or not file.read_text():
            with suppress(subprocess.TimeoutExpired):
                self.processes[0].wait(timeout=0.1)
                raise AssertionError((self.folder / "scheduler.log").read_text())
        return str(json.loads(file.read_text())["address"])
