"""The books of an account as an earlier look left them, so that the next look replays only what came since.

A file beside the journal that may be deleted at any time. It is used only where the journal still has the line up to
which it counts, by number and hash, and where the same code made it; else everything is replayed. Runs never read it.
"""

import io
import json
import pickle
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from rebalancer.files import read_regular, replace_atomically
from rebalancer.journal.books import decisions_of, recorded_events
from rebalancer.journal.chain import has_chain, read_head
from rebalancer.journal.connection import reading
from rebalancer.portfolio.attribution import UNASSIGNED, ZERO
from rebalancer.portfolio.average_costs import AverageCosts
from rebalancer.portfolio.bookkeeping import Bookkeeper, Recorded
from rebalancer.portfolio.books import Entry
from rebalancer.portfolio.crossings import CrossingsByRun
from rebalancer.portfolio.evenings import Evenings
from rebalancer.portfolio.order_parts import ForgottenRunError
from rebalancer.portfolio.tax_lots import TaxLots, changes_of

FOLDER = "books"
WORTH_KEEPING = 1_000
"""Events that a look has to replay before its result is kept."""
FAR_BEHIND = 4_000
"""Lines of the journal after which a run keeps the books for the next look, which then takes a moment."""
RECENT_RUNS = 40
"""Of so many last runs the orders are kept, since fills of theirs may still come."""
MOST_BYTES, MOST_BYTES_OF_HEAD = 500_000_000, 10_000
OWN_REASONS = {"capital", "trade", "crossing"}
"""Reasons of unassigned entries that are the other side of what bots did."""
CODE = (
    *("portfolio/*.py", "model/*.py", "events.py", "bookings.py"),
    *("journal/books.py", "journal/codec.py", "journal/kept_books.py"),
)
ALLOWED = {
    *("decimal.Decimal", "datetime.date", "datetime.datetime", "datetime.timezone", "datetime.timedelta"),
    *("collections.defaultdict", "builtins.list", "builtins.set", "builtins.frozenset"),
}
BROKEN = (pickle.UnpicklingError, EOFError, AttributeError, ImportError, LookupError, TypeError, ValueError)
OURS = (
    *("rebalancer.portfolio.", "rebalancer.model", "rebalancer.events", "rebalancer.bookings"),
    "rebalancer.journal.kept_books",
)
"""Modules of the values that books are made of."""


@dataclass(slots=True)
class Replayed:
    """The books after line `seq` of the journal. `unassigned` is the cash that came to the account by reason, other
    than by what bots did; `lots`, `costs` and `crossings` are those of the whole account, `evenings` those of the bot
    that was asked for. `session` is the last one.
    """

    keeper: Bookkeeper = field(default_factory=Bookkeeper)
    unassigned: dict[str, Decimal] = field(default_factory=dict)
    lots: TaxLots = field(default_factory=TaxLots)
    costs: AverageCosts = field(default_factory=AverageCosts)
    crossings: CrossingsByRun = field(default_factory=CrossingsByRun)
    evenings: Evenings | None = None
    session: date = date.min
    seq: int = 0

    def enter(self, recorded: Recorded) -> tuple[Entry, ...]:
        entries = self.keeper.enter(recorded)
        self.session = recorded.session
        for entry in entries:
            self._count(entry)
        for change in changes_of(recorded.event):
            self.lots.take(change)
        self.costs.take(recorded.event)
        self.crossings.see(recorded.run, entries, partial(self.keeper.needs_of, recorded.run))
        if self.evenings:
            self.evenings.see(recorded, self.keeper, entries)
        return entries

    def forget_before(self, run: int) -> None:
        """Of earlier runs no fill is expected any more."""
        self.keeper.forget_before(run)
        self.crossings.forget_before(run)

    def _count(self, entry: Entry) -> None:
        if entry.owner == UNASSIGNED and entry.reason not in OWN_REASONS and entry.cash:
            self.unassigned[entry.reason] = self.unassigned.get(entry.reason, ZERO) + entry.cash


def replayed(
    path: Path,
    account: str,
    bot: str | None = None,
    worth_keeping: int = WORTH_KEEPING,
) -> Replayed:
    """The books of `account` after everything that is journalled, with the evenings of `bot`. They are kept where
    `worth_keeping` events had to be replayed. Raises RunFailedError for a journal that can't be read.
    """
    with reading(path) as journal:
        file = _file(path, account, bot)
        begun = _load(file, journal) or _fresh(bot)
        try:
            count = _replay(begun, journal, account, bot)
        except ForgottenRunError:
            begun = _fresh(bot)
            count = _replay(begun, journal, account, bot)
        if count >= worth_keeping and has_chain(journal) and not _in_progress(journal, account):
            begun.forget_before(_first_recent_run(journal, account))
            _save(file, begun, journal)
        return begun


def keep_up(
    path: Path, account: str, bots: Iterable[str], lines: int = FAR_BEHIND, worth_keeping: int = WORTH_KEEPING
) -> None:
    """Keep the books of `account`, and of those of `bots` that somebody looked at, where what is kept is so many lines
    behind the journal.

    Raises RunFailedError for a journal that can't be read.
    """
    with reading(path) as journal:
        head = journal.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()[0]
    for bot in (None, *(bot for bot in bots if _file(path, account, bot).exists())):
        if head - _kept_up_to(_file(path, account, bot)) >= lines:
            replayed(path, account, bot, worth_keeping)


def _file(path: Path, account: str, bot: str | None) -> Path:
    return path.parent / FOLDER / f"{sha256(json.dumps([account, bot]).encode()).hexdigest()[:24]}.kept"


def _kept_up_to(file: Path) -> int:
    """The line that the head of `file` names, of books by this code; 0 without one."""
    try:
        with file.open("rb") as opened:
            head = json.loads(opened.readline(MOST_BYTES_OF_HEAD))
        return int(head["seq"]) if head["code"] == _code() else 0
    except (OSError, ValueError, LookupError, TypeError):
        return 0


def _fresh(bot: str | None) -> Replayed:
    return Replayed(evenings=None if bot is None else Evenings(bot))


def _replay(begun: Replayed, journal: sqlite3.Connection, account: str, bot: str | None) -> int:
    """How many events were replayed."""
    count, head = 0, journal.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()[0]
    if begun.evenings and bot is not None:
        begun.evenings.decisions = decisions_of(journal, account, bot)
    for recorded in recorded_events(journal, account, begun.seq, begun.session):
        begun.enter(recorded)
        count += 1
    begun.seq = head
    return count


def _in_progress(journal: sqlite3.Connection, account: str) -> bool:
    """A run that is under way, or was interrupted: what it decided may wait for its plan."""
    query = "SELECT 1 FROM runs WHERE account = ? AND status = 'running'"
    return journal.execute(query, [account]).fetchone() is not None


def _first_recent_run(journal: sqlite3.Connection, account: str) -> int:
    """The first of the last runs, or the first with an order that is not settled."""
    recent = "SELECT id FROM runs WHERE account = :account ORDER BY id DESC LIMIT :runs"
    unsettled = "SELECT run FROM orders JOIN runs ON runs.id = run WHERE account = :account AND NOT settled"
    found = journal.execute(
        f"SELECT MIN(id) FROM (SELECT id FROM ({recent}) UNION ALL SELECT run FROM ({unsettled}))",
        {"account": account, "runs": RECENT_RUNS},
    ).fetchone()[0]
    return found or 0


# ----------------------------------------------------------------------------------------------------------- the file


def _save(file: Path, found: Replayed, journal: sqlite3.Connection) -> None:
    """Where nothing can be written the next look takes as long as this one."""
    body = pickle.dumps(found, protocol=pickle.HIGHEST_PROTOCOL)
    head = {"seq": found.seq, "hash": _hash(journal, found.seq), "code": _code(), "sha256": sha256(body).hexdigest()}
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, exist_ok=True)
        replace_atomically(file, json.dumps(head).encode() + b"\n" + body)


def _load(file: Path, journal: sqlite3.Connection) -> Replayed | None:
    """None where there is no file, or one that does not fit the journal and the code."""
    try:
        first, _, body = read_regular(file, MOST_BYTES).partition(b"\n")
        head = json.loads(first)
    except (OSError, ValueError):
        return None
    wanted = {"code": _code(), "sha256": sha256(body).hexdigest()}
    if not isinstance(head, dict) or {name: head.get(name) for name in wanted} != wanted or not has_chain(journal):
        return None
    seq = head.get("seq")
    if not isinstance(seq, int) or seq > read_head(journal).seq or head.get("hash") != _hash(journal, seq):
        return None
    try:
        found: Replayed = _Books(io.BytesIO(body)).load()
    except BROKEN:
        return None
    return found


class _Books(pickle.Unpickler):
    """Makes nothing but the values of the functional core: a changed file runs no code of anybody else."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a class
        if f"{module}.{name}" in ALLOWED:
            return super().find_class(module, name)
        if module.startswith(OURS) and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a book")


def _hash(journal: sqlite3.Connection, seq: int) -> str | None:
    row = journal.execute("SELECT hash FROM events WHERE seq = ?", [seq]).fetchone()
    return None if row is None else str(row[0])


@cache
def _code() -> str:
    """SHA-256 of the code that makes the books."""
    package, found = Path(__file__).parents[1], sha256()
    for pattern in CODE:
        for file in sorted(package.glob(pattern)):
            found.update(file.read_bytes())
    return found.hexdigest()
