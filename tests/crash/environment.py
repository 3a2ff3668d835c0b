"""The test environment: venue, account folder and fork server, whose whole state can be saved and restored."""

import copy
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from local_alpaca import LocalAlpaca, Tape, order_scripts
from local_alpaca.limits import RateLimit
from local_alpaca.venue import Request

import crash.preloaded  # noqa: F401 - imported before the fork
from crash.evening import AFTER, BEFORE, FRIDAY, MONDAY, AccountFolder, StartOptions, run_program
from crash.fork_server import RAISED, ForkServer
from crash.journal import events_of
from crash.shared_state import SharedClock, SharedState

KILLED = -9


@dataclass(frozen=True, slots=True)
class SavedState:
    """All state outside the process: files, the venue's book and requests, the time."""

    files: Mapping[str, bytes]
    book: Mapping[str, Any]
    requests: tuple[Request, ...]
    now: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """Exit code of the program, the points it reached, and its traceback if it raised."""

    code: int
    points: Sequence[str]
    traceback: str

    @property
    def killed(self) -> bool:
        return self.code == KILLED

    @property
    def where(self) -> str:
        """Number and name of the last point reached."""
        return f"{len(self.points)} {self.points[-1]}"


class Environment:
    """Enter it once a process, while that has one thread. Its initial state is Monday evening before the run."""

    def __init__(self, folder: Path) -> None:
        self.folder = AccountFolder(folder)
        self.shared = SharedState()
        self.shared.now = FRIDAY

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            work = partial(run_program, self.folder, self.shared)
            self._fork_server = stack.enter_context(ForkServer(work, self.folder.traceback_file))
            self.venue = stack.enter_context(LocalAlpaca(FRIDAY, market=Tape.sample()))
            self._close = stack.pop_all().close
        self.venue.clock = SharedClock(self.shared, self.venue._advance)
        self.venue.script_orders("SPY", order_scripts.part("0.5", rest_after=1), side="sell")
        self.venue.script_orders("QQQ", order_scripts.part("0.4"))
        self.folder.write_config(self.venue.url, self.venue.key_id, self.venue.secret)
        self.folder.write_bot(BEFORE)
        assert self.start(StartOptions()).code == 0, self.folder.traceback_file.read_text()
        self.folder.write_bot(AFTER)
        self.venue.at(MONDAY)
        self.venue.requests.clear()
        self.initial = self.save()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def start(self, options: StartOptions) -> ProcessResult:
        """Run the program, then advance the venue to the time at which it ended."""
        self.shared.clear()
        code = self._fork_server.run(options)
        self.venue.clock.set(self.shared.now)
        traceback = self.folder.traceback_file.read_text() if code == RAISED else ""
        return ProcessResult(code, self.shared.labels, traceback)

    def save(self) -> SavedState:
        """The current state. Equal fingerprints mean equal states, from which the same follows."""
        files = {path.name: path.read_bytes() for path in self.folder.state.iterdir() if path.is_file()}
        book, now = copy.deepcopy(vars(self.venue.book)), self.shared.now
        # A database is compared by its events: its bytes depend on the last checkpoint.
        beside = {name: content for name, content in files.items() if ".sqlite" not in Path(name).suffix}
        state = (events_of(self.folder.journal), beside, book, self._posted(), now)
        return SavedState(files, book, tuple(self.venue.requests), now, sha256(repr(state).encode()).hexdigest())

    def _posted(self) -> list[object]:
        return [asked.params.get("client_order_id") for asked in self.venue.requests if asked.method == "POST"]

    def restore(self, saved: SavedState) -> None:
        """Set everything back to `saved`."""
        for path in self.folder.state.iterdir():
            if path.is_file() and path.name not in saved.files:
                path.unlink()
        for name, content in saved.files.items():
            (self.folder.state / name).write_bytes(content)
        vars(self.venue.book).update(copy.deepcopy(dict(saved.book)))
        self.venue.requests[:] = saved.requests
        self.venue.trading_limit, self.venue.data_limit = RateLimit(200), RateLimit(200)
        self.venue.clock.set(saved.now)
