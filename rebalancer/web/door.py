"""Who may enter: the token in a file of its owner, the sessions begun with it, and how often a wrong one was tried."""

import re
import secrets
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_IMODE
from threading import Lock

from rebalancer.errors import BadInputError
from rebalancer.files import create_private, read_regular
from rebalancer.ports import Clock

RANDOM_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{40,200}")
LONGEST_SESSION = 12 * 3600.0
MOST_SESSIONS = 20
"""The oldest one ends where another begins."""
MOST_FAILURES, FAILURES_WITHIN = 10, 60.0


def token_file(state_dir: Path) -> Path:
    return state_dir / "web-token"


def token_of(state_dir: Path) -> str:
    """The token in the state folder; a new one where there is none.

    Raises BadInputError for a file that others may read, or that has no token in it.
    """
    file = token_file(state_dir)
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            create_private(file, f"{new_secret()}\n".encode())
        text = read_regular(file, 1000).decode("ascii", "replace").strip()
        open_to = S_IMODE(file.stat().st_mode) & 0o077
    except OSError as error:
        raise BadInputError.of(file, f"can't be used: {error.strerror}. It has the token of the web page") from error
    if open_to:
        raise BadInputError.of(file, f"can be read by other users, who could trade with it: chmod 600 {file}")
    if not TOKEN.fullmatch(text):
        raise BadInputError.of(file, "has no token in it: delete it, and a new one is written")
    return text


def new_secret() -> str:
    return secrets.token_urlsafe(RANDOM_BYTES)


@dataclass(frozen=True, slots=True)
class Session:
    """A person who pasted the token. `form_token` is in each form of theirs, so that no other site can send one."""

    form_token: str
    ends: float


@dataclass(slots=True)
class Door:
    """Knows the token and the sessions of this process; a restart ends them all."""

    token: str
    clock: Clock
    sessions: dict[str, Session] = field(default_factory=dict)
    failures: deque[float] = field(default_factory=deque)
    lock: Lock = field(default_factory=Lock)

    def admits(self, token: str) -> bool:
        """Whether `token` is the right one; a wrong one counts as a failure."""
        if secrets.compare_digest(token.encode(), self.token.encode()):
            return True
        with self.lock:
            self.failures.append(self.clock.elapsed())
        return False

    def too_many_failures(self) -> bool:
        """Whether so many wrong tokens were tried of late that another wrong one is answered by a pause.

        The right one enters all the same: nobody guesses 32 random bytes, and a program that tries must not keep the
        owner from the halt button.
        """
        with self.lock:
            while self.failures and not self.clock.elapsed() - self.failures[0] < FAILURES_WITHIN:
                self.failures.popleft()
            return len(self.failures) > MOST_FAILURES

    def begin(self) -> tuple[str, Session]:
        """A new session and its secret name, which the cookie has."""
        name, session = new_secret(), Session(new_secret(), self.clock.elapsed() + LONGEST_SESSION)
        with self.lock:
            self.sessions[name] = session
            while len(self.sessions) > MOST_SESSIONS:
                del self.sessions[next(iter(self.sessions))]
        return name, session

    def session(self, name: str) -> Session | None:
        with self.lock:
            found = self.sessions.get(name)
            if found is not None and not self.clock.elapsed() < found.ends:
                del self.sessions[name]
                return None
            return found

    def end(self, name: str) -> None:
        with self.lock:
            self.sessions.pop(name, None)


def same_secret(given: str, right: str) -> bool:
    return secrets.compare_digest(given.encode(), right.encode())
