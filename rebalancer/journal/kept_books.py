"""The books of an account as they were kept, so that a look or a run replays only what was journalled since.

Runs begin only from books that a run kept, of a journal that was audited for it: what a look keeps may come from lines
or tables that were damaged then and are repaired by now. `kept_file` says what a file has to prove.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path

from rebalancer.journal.books import decisions_of, recorded_events
from rebalancer.journal.chain import has_chain, read_head
from rebalancer.journal.codec import canonical
from rebalancer.journal.connection import reading
from rebalancer.journal.kept_file import Kept, Origin, kept_up_to, load, save
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
"""Events that a look has to replay before its result is kept, and lines after which a run keeps the books anew."""
RECENT_RUNS = 40
"""Of so many last runs the orders are kept, since fills of theirs may still come."""
OWN_REASONS = {"capital", "trade", "crossing"}
"""Reasons of unassigned entries that are the other side of what bots did."""


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


def replayed(path: Path, account: str, bot: str | None = None, worth_keeping: int = WORTH_KEEPING) -> Replayed:
    """The books of `account` after everything that is journalled, with the evenings of `bot`. They are kept where
    `worth_keeping` events had to be replayed. Raises RunFailedError for a journal that can't be read.
    """
    with reading(path) as journal:
        file = _file(path, account, bot)
        found, count = _latest(load(file, journal, Replayed, account, bot), journal, account, bot)
        if count >= worth_keeping:
            _keep(file, found, journal, Origin(account, bot, audited=False))
        return found


def books_for_a_run(journal: sqlite3.Connection, path: Path, account: str) -> Bookkeeper:
    """The books of `account` after everything in `journal`, which is the file `path` and was audited."""
    kept = load(_file(path, account, None), journal, Replayed, account, None)
    return _latest(kept if kept and kept.origin.audited else None, journal, account, None)[0].keeper


def keep_up(
    path: Path,
    account: str,
    bots: Iterable[str],
    is_sound: Callable[[sqlite3.Connection, Path], bool],
    lines: int = WORTH_KEEPING,
) -> None:
    """After a run: keep the books of `account`, and of those of `bots` that somebody looked at, where what a run kept
    before is so many lines behind the journal. Not where it is not sound: it was damaged since the run began.

    Raises RunFailedError for a journal that can't be read.
    """
    with reading(path) as journal:
        last = read_head(journal).seq if has_chain(journal) else 0
        kept = [
            Origin(account, bot, audited=True) for bot in (None, *bots) if not bot or _file(path, account, bot).exists()
        ]
        behind = [each for each in kept if last - kept_up_to(_file(path, account, each.bot), each) >= lines]
        if behind and is_sound(journal, path):
            for origin in behind:
                _keep_for_runs(_file(path, account, origin.bot), journal, origin)


def _keep_for_runs(file: Path, journal: sqlite3.Connection, origin: Origin) -> None:
    kept = load(file, journal, Replayed, origin.account, origin.bot)
    found, _ = _latest(kept if kept and kept.origin == origin else None, journal, origin.account, origin.bot)
    _keep(file, found, journal, origin)


def _file(path: Path, account: str, bot: str | None) -> Path:
    return path.parent / FOLDER / f"{sha256(canonical([account, bot]).encode()).hexdigest()[:24]}.kept"


def _fresh(bot: str | None) -> Replayed:
    return Replayed(evenings=None if bot is None else Evenings(bot))


def _latest(
    kept: Kept[Replayed] | None, journal: sqlite3.Connection, account: str, bot: str | None
) -> tuple[Replayed, int]:
    """The books after the last line, and how many events were replayed after those that were `kept`."""
    found = kept.value if kept else _fresh(bot)
    try:
        return found, _replay(found, journal, account, bot)
    except ForgottenRunError:
        found = _fresh(bot)
        return found, _replay(found, journal, account, bot)


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


def _keep(file: Path, found: Replayed, journal: sqlite3.Connection, origin: Origin) -> None:
    if has_chain(journal) and not _in_progress(journal, origin.account):
        found.forget_before(_first_recent_run(journal, origin.account))
        save(file, journal, found.seq, origin, found)


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
