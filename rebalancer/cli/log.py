"""Where the lines of `schedule` and `run` go beside the screen: to systemd's journal, and to a file that is rotated."""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from rebalancer.cli.screen import say
from rebalancer.errors import BadInputError
from rebalancer.files import ensure_private, open_regular
from rebalancer.notify.masking import masked
from rebalancer.ports import Clock
from rebalancer.report.log import LogLine

MOST_BYTES, OLD_FILES = 1_000_000, 9
"""Years of evenings: a line has some 150 bytes, and an evening some ten lines."""
BEGINS = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T")
"""Each line, and so each file that may be appended to, and renamed when it is full."""
PRIORITIES: Mapping[int, int] = {logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
"""Those of syslog, by which systemd's journal filters and colours lines."""


def read_by_journald(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether systemd's journal reads `stream`, which it names by device and number."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # no file behind it
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class LogFile(RotatingFileHandler):
    """A file for its owner alone; at MOST_BYTES it becomes FILE.1, and so on to OLD_FILES.

    Raises BadInputError where it can't be opened, and for a file that is no log, such as the config. Once it is open, a
    full disk costs lines, and never a run.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self.lost = 0
        try:
            _require_log(path)
            super().__init__(path, maxBytes=most_bytes, backupCount=OLD_FILES, encoding="utf-8")
        except OSError as error:
            raise BadInputError.of(
                "--log-file", f"{path} can't be written: {error.strerror}; name another file"
            ) from error

    def _open(self) -> TextIOWrapper:
        ensure_private(Path(self.baseFilename))
        return super()._open()

    def close(self) -> None:
        with suppress(OSError):  # lines that a full disk did not take are lost, which was reported
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's name
        """Say so once."""
        self.lost += 1
        if self.lost == 1:
            say(f"rebalance: {self.baseFilename} can't be written, and the log lacks lines from here on", err=True)


def _require_log(path: Path) -> None:
    """A config or a journal that is named by mistake is neither written to nor, at MOST_BYTES, renamed."""
    with suppress(FileNotFoundError), open_regular(path) as there:
        begin = there.read(len("2026-11-30T"))
        if begin and not BEGINS.match(begin):
            text = f"{path} is there already, and is no log of rebalance: name another file"
            raise BadInputError.of("--log-file", text)


class Log:
    """Lines with account numbers masked. With `journald`, systemd's journal reads the screen instead of a person.

    `numbers` are the account numbers of the config as it is now.
    """

    def __init__(
        self,
        clock: Clock,
        file: LogFile | None = None,
        *,
        journald: bool = False,
        numbers: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._clock = clock
        self._file = file
        self.journald = journald
        self._numbers = numbers

    def write(self, lines: Iterable[LogLine]) -> None:
        for each in lines:
            text = masked(str(each), self._numbers())
            if self.journald:
                say(f"<{PRIORITIES[each.level]}>{text}")
            if self._file is not None:
                at, level = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}", logging.getLevelName(each.level)
                self._file.handle(logging.makeLogRecord({"msg": f"{at} {level} {text}", "levelno": each.level}))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()


def log_of(clock: Clock, file: Path | None, journal: Path, numbers: Callable[[], Iterable[str]], *, json: bool) -> Log:
    """The log of this process. Raises BadInputError where `file` can't be written, is no log, or is that of the
    `journal`, which a first run has not made yet.
    """
    if file and os.path.realpath(file) == os.path.realpath(journal):
        raise BadInputError.of("--log-file", f"{file} is the journal: name another file")
    journald = not json and read_by_journald(sys.stdout)
    return Log(clock, LogFile(file) if file else None, journald=journald, numbers=numbers)
