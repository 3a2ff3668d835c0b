"""A file beside the journal with what was made of its first lines. It may be deleted at any time.

Its first line is the SHA-256 of all that follows: the head, a line of JSON, and the pickled value. The file counts only
where the journal still has the line that the head names, with its hash, which covers all lines before it, and where
the same code made it of the same account and bot. Anything else is as good as no file.
"""

import io
import json
import pickle
import sqlite3
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

from rebalancer.files import read_regular, replace_atomically
from rebalancer.journal.chain import Head, has_chain, holds
from rebalancer.journal.code_hash import code_hash

MOST_BYTES, MOST_BYTES_OF_HEAD = 500_000_000, 10_000
CODE = ("portfolio/*.py", "journal/*.py", "model/*.py", "events.py", "bookings.py")
ALLOWED = {
    *("decimal.Decimal", "datetime.date", "datetime.datetime", "datetime.timezone", "datetime.timedelta"),
    *("collections.defaultdict", "builtins.list", "builtins.set", "builtins.frozenset"),
}
BROKEN = (
    *(pickle.UnpicklingError, EOFError, AttributeError, ImportError, LookupError, TypeError, ValueError),
    *(OverflowError, RecursionError),
)
OURS = (
    *("rebalancer.portfolio.", "rebalancer.model", "rebalancer.events", "rebalancer.bookings"),
    "rebalancer.journal.kept_books",
)
"""Modules of the values that books are made of."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Origin:
    """What was replayed. `audited`: no line or table of the journal was damaged then."""

    account: str
    bot: str | None
    audited: bool


@dataclass(frozen=True, slots=True)
class Kept(Generic[Value]):
    value: Value
    origin: Origin


def save(file: Path, journal: sqlite3.Connection, seq: int, origin: Origin, value: object) -> None:
    """Keep `value`, made of the lines up to `seq`. Where nothing can be written the next replay takes as long."""
    (last,) = journal.execute("SELECT hash FROM events WHERE seq = ?", [seq]).fetchone() or ("",)
    head = {"seq": seq, "hash": last, "code": code_hash(CODE), **asdict(origin)}
    content = json.dumps(head).encode() + b"\n" + pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, exist_ok=True)
        replace_atomically(file, sha256(content).hexdigest().encode() + b"\n" + content)


def load(
    file: Path, journal: sqlite3.Connection, kind: type[Value], account: str, bot: str | None
) -> Kept[Value] | None:
    """None where there is no file, or one that does not prove to be of this journal, of `account` and of `bot`."""
    try:
        proof, _, content = read_regular(file, MOST_BYTES).partition(b"\n")
        if proof != sha256(content).hexdigest().encode():
            return None
        first, _, body = content.partition(b"\n")
        head, origin = _read_head(first)
    except (OSError, *BROKEN):
        return None
    if head is None or (origin.account, origin.bot) != (account, bot) or not _is_of(journal, head):
        return None
    try:
        value = _Values(io.BytesIO(body)).load()
    except BROKEN:
        return None
    return Kept(value, origin) if isinstance(value, kind) else None


def kept_up_to(file: Path, origin: Origin) -> int:
    """The line that the head of `file` names; 0 where it is none of `origin` by this code."""
    try:
        with file.open("rb") as opened:
            _, first = (opened.readline(MOST_BYTES_OF_HEAD) for _ in range(2))
        head, found = _read_head(first)
    except (OSError, *BROKEN):
        return 0
    return head.seq if head and found == origin else 0


def _read_head(line: bytes) -> tuple[Head | None, Origin]:
    """No line where other code made the file."""
    head = json.loads(line)
    last = Head(int(head["seq"]), str(head["hash"])) if head["code"] == code_hash(CODE) else None
    return last, Origin(head["account"], head["bot"], audited=head["audited"])


def _is_of(journal: sqlite3.Connection, last: Head) -> bool:
    return last.seq > 0 and has_chain(journal) and holds(journal, last)


class _Values(pickle.Unpickler):
    """Makes nothing but the values of the functional core: a changed file runs no code of anybody else."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a class
        if f"{module}.{name}" in ALLOWED:
            return super().find_class(module, name)
        if module.startswith(OURS) and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a book")
