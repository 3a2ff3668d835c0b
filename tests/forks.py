"""Processes forked from one that has imported the program, which takes a hundred times as long as to fork."""

import os
import sys
from multiprocessing import get_context
from pathlib import Path

FORKS = get_context("forkserver")
IMPORTED = ["rebalancer.app.doctor", "rebalancer.app.source", "rebalancer.app.runs", "rebalancer.cli.app"]
FORKS.set_forkserver_preload([*IMPORTED, "pyarrow.parquet", "pytest"])


class Surroundings:
    """Where a child works: what a process that is started anew would inherit."""

    def __init__(self, words: tuple[str, ...], folder: Path, environ: dict[str, str]) -> None:
        self.words, self.folder, self.environ = words, folder, environ

    def enter(self, streams: dict[int, str]) -> None:
        """`streams` are the files that take the place of standard input, output and error."""
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environ)
        sys.argv = ["-c", *self.words]
        for number, file in streams.items():
            os.dup2(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOCTTY), number)
        encoding = self.environ.get("PYTHONIOENCODING", "utf-8")
        for number, name in enumerate(["stdin", "stdout", "stderr"]):
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding=encoding, closefd=False))
