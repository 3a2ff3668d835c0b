"""The only writer of the journal. An event and its projection are on disk together, or neither is."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout
from sqlite_utils import Database

from rebalancer.errors import BusyError
from rebalancer.events import Claim, Event, RunEnded, RunTakenUp
from rebalancer.journal.book import read_book
from rebalancer.journal.changes import SETTINGS, changes, last_settings
from rebalancer.journal.claims import EarlierRun, cut_off, refusal
from rebalancer.journal.codec import Claimed, from_body, to_body
from rebalancer.journal.faults import plainly
from rebalancer.journal.projections import Line, project
from rebalancer.journal.schema import open_database, writing
from rebalancer.journal.standing import known, read_interrupted, read_sent, read_standing
from rebalancer.model import OrderId, RunId
from rebalancer.ports import AlreadyRun, Book, Interrupted, Sent, Standing


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Hold the only right to run on the journal at `path`; it ends with the process, however that ends.

    Raises BusyError while another process holds it.
    """
    lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=0, mode=0o600)
    with plainly(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout as error:
            raise BusyError(
                f"another run is in progress (it holds {lock.lock_file}). Wait until it ends, then run again."
            ) from error
    try:
        yield
    finally:
        lock.release()


class SqliteJournal:
    """`ports.Journal` in one SQLite file. Belongs to the thread that opened it.

    Every method raises RunFailedError where the file can't be read or written, and StoppedError where a line breaks a
    rule of the tables.
    """

    def __init__(self, path: Path, db: Database) -> None:
        self._path = path
        self._db = db

    @classmethod
    def open(cls, path: Path) -> Self:
        """The journal at `path`, created where there is none.

        Raises RunFailedError for a file that can't be used, StoppedError for one that is newer than this version or
        was tampered with.
        """
        with plainly(path):
            return cls(path, open_database(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def claim(self, claim: Claim) -> RunId | AlreadyRun:
        """Start the next run of `claim.session`, unless an earlier one used the session up.

        The caller holds the run lock, so a run of the account that is still "running" is dead; its end is journalled.
        So is every setting in force that is not what the journal last knew: that is how an edit by hand gets there.
        """
        with plainly(self._path), writing(self._db):
            if refused := refusal(claim, self._earlier("session = ?", claim.account, claim.session.isoformat())):
                return refused
            for dead in self._earlier("status = 'running'", claim.account):
                self._append(dead.id, RunEnded(claim.at, "partial" if dead.orders else "failed", cut_off(dead)))
            run = self._next_run()
            before = last_settings(self._db.conn, claim.account)
            self._append(run, self._granted(claim))
            if before is not None and SETTINGS in claim.files:
                for change in changes(claim.at, claim.account, before, json.loads(claim.files[SETTINGS])):
                    self._append(run, change)
            return run

    def record(self, run: RunId, *events: Event) -> None:
        """Commit `events` together. Raises ValueError for a NaN, an infinity or a naive time in them."""
        with plainly(self._path), writing(self._db):
            for event in events:
                self._append(run, event)

    def run_number(self, run: RunId) -> int:
        """The number of `run` within its session, from 1."""
        with plainly(self._path):
            number: int = self._one("SELECT number FROM runs WHERE id = ?", run)
            return number

    def book(self, account: str) -> Book:
        with plainly(self._path):
            return read_book(self._db.conn, account)

    def unsettled(self, account: str) -> tuple[Sent, ...]:
        with plainly(self._path):
            return read_sent(self._db.conn, "runs.account = ? AND NOT orders.settled", account)

    def sent(self, run: RunId) -> tuple[Sent, ...]:
        with plainly(self._path):
            return read_sent(self._db.conn, "orders.run = ?", run)

    def knows(self, account: str, ids: Iterable[OrderId]) -> frozenset[OrderId]:
        with plainly(self._path):
            return known(self._db.conn, account, ids)

    def standing(self, account: str) -> Standing:
        with plainly(self._path):
            return read_standing(self._db.conn, account)

    def interrupted(self, account: str) -> Interrupted | None:
        with plainly(self._path):
            return read_interrupted(self._db.conn, account)

    def take_up(self, run: RunId, claim: Claim) -> None:
        """The caller holds the run lock, so whoever ran it is gone."""
        since = f"gone on with at {claim.at:%Y-%m-%d %H:%M:%S} UTC by what was recorded when it began"
        self.record(run, RunTakenUp(claim.at, f"this run was cut off; it is {since}"))

    def _append(self, run: RunId, event: Event | Claimed) -> None:
        seq = self._one("SELECT COALESCE(MAX(seq), 0) + 1 FROM events")
        kind, body = type(event).__name__, to_body(event)
        row = {"seq": seq, "run": run, "at": event.at.isoformat(), "kind": kind, "body": body}
        self._db.table("events").insert(row)
        project(from_body(kind, body), Line(self._db, seq, run))

    def _granted(self, claim: Claim) -> Claimed:
        day = claim.session.isoformat()
        query = "SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE account = ? AND session = ?"
        return Claimed(
            at=claim.at,
            account=claim.account,
            broker=claim.broker,
            mode=claim.mode,
            session=claim.session,
            number=self._one(query, claim.account, day),
            closes=claim.closes,
            version=claim.version,
            files={name: self._keep(content) for name, content in claim.files.items()},
            dry_run=claim.dry_run,
            force=claim.force,
            notes=claim.notes,
            venue=claim.venue,
            purpose=claim.purpose,
        )

    def _keep(self, content: bytes) -> str:
        """Keep `content` under its hash, once."""
        sha = hashlib.sha256(content).hexdigest()
        if not self._one("SELECT COUNT(*) FROM files WHERE sha256 = ?", sha):
            self._db.table("files").insert({"sha256": sha, "content": content})
        return sha

    def _next_run(self) -> RunId:
        return RunId(self._one("SELECT COALESCE(MAX(id), 0) + 1 FROM runs"))

    def _earlier(self, condition: str, account: str, *values: str) -> list[EarlierRun]:
        rows = self._db.execute(
            "SELECT runs.id, number, status, COUNT(orders.id) FROM runs LEFT JOIN orders ON orders.run = runs.id"
            f" WHERE account = ? AND {condition} GROUP BY runs.id ORDER BY number",
            [account, *values],
        )
        return [EarlierRun(RunId(run), number, status, orders) for run, number, status, orders in rows.fetchall()]

    def _one(self, query: str, *values: object) -> Any:  # noqa: ANN401 - whatever the query selects
        ((value,),) = self._db.execute(query, values).fetchall()
        return value
