"""The venue, the account's home and the fork server, and photographs of them to start from again."""

import copy
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from local_alpaca import LocalAlpaca, Tape, lives
from local_alpaca.limits import RateLimit
from local_alpaca.venue import Request

import crash.preloaded  # noqa: F401 - so that no child has to
from crash.board import Board, SharedClock
from crash.evening import AFTER, BEFORE, FRIDAY, MONDAY, Home, Turn, walk
from crash.journal import events_of
from crash.nursery import RAISED, Nursery

KILLED = -9


@dataclass(frozen=True, slots=True)
class Photo:
    """All that outlives a killed process: its files, the venue's book, what the venue was asked, the time."""

    files: Mapping[str, bytes]
    book: Mapping[str, Any]
    requests: tuple[Request, ...]
    now: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a start of the program ended, and the points it came to. `words` are its traceback where it raised."""

    code: int
    points: Sequence[str]
    words: str

    @property
    def killed(self) -> bool:
        return self.code == KILLED

    @property
    def where(self) -> str:
        """Number and name of the last point it came to."""
        return f"{len(self.points)} {self.points[-1]}"


class Scene:
    """Enter it once in a process, while that has one thread. It opens on Monday evening, before the program starts."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.board = Board()
        self.board.now = FRIDAY

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            work = partial(walk, self.home, self.board)
            self._nursery = stack.enter_context(Nursery(work, self.home.last_words))
            self.venue = stack.enter_context(LocalAlpaca(FRIDAY, market=Tape.sample()))
            self._close = stack.pop_all().close
        self.venue.clock = SharedClock(self.board, self.venue._advance)
        self.venue.live("SPY", lives.part("0.5", rest_after=1), side="sell")
        self.venue.live("QQQ", lives.part("0.4"))
        self.home.furnish(self.venue.url, self.venue.key_id, self.venue.secret)
        self.home.want(BEFORE)
        assert self.start(Turn()).code == 0, self.home.last_words.read_text()
        self.home.want(AFTER)
        self.venue.at(MONDAY)
        self.venue.requests.clear()
        self.opening = self.photograph()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def start(self, turn: Turn) -> Ended:
        """Start the program, and let the venue bring itself up to the time it ended at."""
        self.board.clear()
        code = self._nursery.do(turn)
        self.venue.clock.set(self.board.now)
        words = self.home.last_words.read_text() if code == RAISED else ""
        return Ended(code, self.board.labels, words)

    def photograph(self) -> Photo:
        """Two photographs with one fingerprint are of the same state: what follows from one follows from the other."""
        files = {path.name: path.read_bytes() for path in self.home.state.iterdir() if path.is_file()}
        book, now = copy.deepcopy(vars(self.venue.book)), self.board.now
        # A database is told by its lines: its bytes depend on when it was last tidied up.
        beside = {name: content for name, content in files.items() if ".sqlite" not in Path(name).suffix}
        state = (events_of(self.home.journal), beside, book, self._posted(), now)
        return Photo(files, book, tuple(self.venue.requests), now, sha256(repr(state).encode()).hexdigest())

    def _posted(self) -> list[object]:
        return [asked.params.get("client_order_id") for asked in self.venue.requests if asked.method == "POST"]

    def hang(self, photo: Photo) -> None:
        """Bring everything back to `photo`."""
        for path in self.home.state.iterdir():
            if path.is_file() and path.name not in photo.files:
                path.unlink()
        for name, content in photo.files.items():
            (self.home.state / name).write_bytes(content)
        vars(self.venue.book).update(copy.deepcopy(dict(photo.book)))
        self.venue.requests[:] = photo.requests
        self.venue.trading_limit, self.venue.data_limit = RateLimit(200), RateLimit(200)
        self.venue.clock.set(photo.now)
