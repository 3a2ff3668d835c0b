"""The only writer of the journal. An event and its projection are committed in one transaction."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from rebalancer.errors import BusyError, StoppedError, TradingBlockedError
from rebalancer.events import Event, Noted, OrderIntended, OrderResent, RunEnded, RunTakenUp
from rebalancer.journal import account_state
from rebalancer.journal.chain import Head, JournalLine, link, read_head
from rebalancer.journal.codec import Claimed, from_body, to_body
from rebalancer.journal.connection import (
    check_disk_space,
    load_high_water_mark,
    readable_errors,
    save_high_water_mark,
    writing,
)
from rebalancer.journal.kept_books import books_for_a_run
from rebalancer.journal.lease import LockHolder, conflict, lock_holder, read_lease, refresh, release, take
from rebalancer.journal.ledger import read_ledger
from rebalancer.journal.projections import project
from rebalancer.journal.schema import migrate, open_database
from rebalancer.journal.seal import require_sound_for_a_run
from rebalancer.journal.sqlite import Database
from rebalancer.journal.tables import TableWriter, insert_into
from rebalancer.model import NO_RUN, OrderId, RunId, RunRequest, RunStatus
from rebalancer.portfolio.bookkeeping import Bookkeeper
from rebalancer.ports import (
    AlreadyRun,
    BalanceRecord,
    InterruptedRun,
    Ledger,
    OrderRecord,
    Progress,
    TradingStatus,
    unwatched,
)

Answer = TypeVar("Answer")
Values = ParamSpec("Values")
IN_MEMORY = Path(":memory:")
INSERT = insert_into("events", (*JournalLine._fields, "hash"))
NO_HIGH_WATER_MARK = (
    "Nothing beside the journal remembers its last line, so that nobody can tell whether it is the latest copy: it was "
    "written by an earlier version, or its .head file was deleted."
)


class SqliteJournal(AbstractContextManager["SqliteJournal"]):
    """`ports.Journal` in one SQLite file, for the thread that opened it.

    Every method raises RunFailedError where the file can't be read or written, and StoppedError where a line violates a
    constraint of the tables.
    """

    def __init__(self, path: Path, db: Database, holder: LockHolder, notes: tuple[str, ...] = ()) -> None:
        self._path = path
        self._db = db
        self._holder = holder
        self._notes = notes
        self._leases: dict[RunId, tuple[str, int]] = {}

    @classmethod
    def open(cls, path: Path, holder: LockHolder | None = None) -> Self:
        """The journal at `path`, created where there is none. `holder` is what `run_lock` gave, None without a lock.

        Raises RunFailedError for a file that can't be used, StoppedError for one that a newer version wrote, that was
        tampered with, or that was rolled back.
        """
        with readable_errors(path):
            db = open_database(path)
            try:
                unmarked = load_high_water_mark(path) is None and read_head(db.conn).seq > 0
                return cls(path, db, holder or lock_holder(), (NO_HIGH_WATER_MARK,) if unmarked else ())
            except BaseException:
                db.close()
                raise

    @classmethod
    def open_for_a_run(cls, path: Path, holder: LockHolder, progress: Progress = unwatched) -> Self:
        """As `open`, after an audit: raises StoppedError where it finds a fault."""
        journal = cls.open(path, holder)
        try:
            require_sound_for_a_run(path, progress)
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def in_memory(cls, holder: LockHolder | None = None) -> Self:
        """A journal without a file, for simulations."""
        db = Database(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
        db.execute("PRAGMA foreign_keys = ON")
        migrate(db)
        return cls(IN_MEMORY, db, holder or lock_holder())

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the leases and close the file."""
        # A lease that can't be released becomes free when this process ends.
        with suppress(sqlite3.Error):
            for account, fence in self._leases.values():
                release(self._db.conn, account, fence)
        self._leases = {}
        self._db.close()

    def start_run(self, request: RunRequest) -> RunId | AlreadyRun:
        """Start the next run of `request.session`, unless an earlier one has used the session.

        Under the account's lease no other process is running, so a run that is still "running" was interrupted: its end
        is journalled. Settings that differ from the last run's are journalled as changes, also those edited by hand.
        Raises BusyError while another process holds the lease.
        """
        with readable_errors(self._path):
            with writing(self._db.conn):
                fence = take(self._db.conn, request.account, self._holder)
                earlier = account_state.session_runs(self._db.conn, request.account, request.session)
                refused = account_state.already_run(request.account, request.session, earlier)
                if refused and not (request.force or request.dry_run):
                    release(self._db.conn, request.account, fence)
                    return refused
                run = self._begin(replace(request, notes=(*request.notes, *self._notes)))
            self._leases[run] = request.account, fence
            self._save_high_water_mark()
            return run

    def record(self, run: RunId, *events: Event) -> None:
        """Commit `events` in one transaction. Raises ValueError for a NaN, an infinity or a naive time in them.

        Raises StoppedError where another process has taken over the run; notes are written all the same. Raises
        TradingBlockedError, and writes nothing, for the intent of an order from an account that is halted or disarmed.
        """
        ended = any(isinstance(event, RunEnded) for event in events)
        with readable_errors(self._path):
            with writing(self._db.conn):
                if run != NO_RUN and not all(isinstance(event, Noted) for event in events):
                    self._require_lease(run)
                for event in events:
                    if isinstance(event, OrderIntended | OrderResent) and account_state.is_blocked(self._db.conn, run):
                        raise TradingBlockedError(
                            "the account was halted or disarmed just before this order was to leave"
                        )
                    self._append(run, event)
                if ended:
                    release(self._db.conn, *self._leases[run])
            if ended or run == NO_RUN:
                self._save_high_water_mark()

    def run_number(self, run: RunId) -> int:
        """The number of `run` within its session, from 1."""
        with readable_errors(self._path):
            return int(self._one("SELECT number FROM runs WHERE id = ?", run))

    def ledger(self, account: str) -> Ledger:
        return self._read(read_ledger, account)

    def unsettled(self, account: str) -> tuple[OrderRecord, ...]:
        return self._read(account_state.read_orders, "runs.account = ? AND NOT orders.settled", account)

    def orders(self, run: RunId) -> tuple[OrderRecord, ...]:
        return self._read(account_state.read_orders, "orders.run = ?", run)

    def orders_since(self, account: str, first: date) -> tuple[OrderRecord, ...]:
        return self._read(
            account_state.read_orders, "runs.account = ? AND runs.session >= ?", account, first.isoformat()
        )

    def balances(self, account: str, first: date) -> tuple[BalanceRecord, ...]:
        return self._read(account_state.read_balances, account, first)

    def knows(self, account: str, ids: Iterable[OrderId]) -> frozenset[OrderId]:
        return self._read(account_state.known, account, ids)

    def payments(self, account: str) -> frozenset[str]:
        return self._read(account_state.read_payments, account)

    def books(self, account: str) -> Bookkeeper:
        return self._read(books_for_a_run, self._path, account)

    def trading_status(self, account: str) -> TradingStatus:
        return self._read(account_state.read_trading_status, account)

    def failures(self, run: RunId) -> Mapping[str, str]:
        return self._read(account_state.read_failures, run)

    def since(self, account: str, bot: str, sha256: str) -> date | None:
        return self._read(account_state.read_since, account, bot, sha256)

    def head(self) -> Head:
        """The last line of the journal."""
        return self._read(read_head)

    def interrupted(self, account: str) -> InterruptedRun | None:
        """None while another living process holds the lease: its run is in progress, not interrupted."""
        with readable_errors(self._path):
            alive = conflict(read_lease(self._db.conn, account), self._holder)
            return None if alive else account_state.read_interrupted(self._db.conn, account)

    def resume(self, run: RunId, request: RunRequest, *, running: bool) -> None:
        """Raises BusyError where another process holds the account's lease, or has ended a run that was `running`."""
        with readable_errors(self._path):
            with writing(self._db.conn):
                account = self._one("SELECT account FROM runs WHERE id = ?", run)
                fence = take(self._db.conn, account, self._holder)
                if running and self._one("SELECT status FROM runs WHERE id = ?", run) != "running":
                    raise BusyError(account_state.resumed_elsewhere(run))
                self._append(run, RunTakenUp(request.at, account_state.resumed_note(request.at, running=running)))
            self._leases[run] = account, fence
            self._save_high_water_mark()

    def check_disk_space(self) -> None:
        """Raises RunFailedError unless the disk has room for a whole run."""
        with readable_errors(self._path):
            check_disk_space(self._db.conn)

    def _read(
        self,
        query: Callable[Concatenate[sqlite3.Connection, Values], Answer],
        *values: Values.args,
        **named: Values.kwargs,
    ) -> Answer:
        with readable_errors(self._path):
            return query(self._db.conn, *values, **named)

    def _begin(self, request: RunRequest) -> RunId:
        for dead in account_state.earlier_runs(self._db.conn, "status = 'running'", request.account):
            status: RunStatus = "partial" if dead.orders else "failed"
            self._append(dead.id, RunEnded(request.at, status, account_state.interrupted_reason(dead)))
        run = RunId(self._one("SELECT COALESCE(MAX(id), 0) + 1 FROM runs"))
        changed = account_state.changed_settings(self._db.conn, request)
        for event in (self._granted(request), *changed):
            self._append(run, event)
        return run

    def _require_lease(self, run: RunId) -> None:
        account, fence = self._leases.get(run, ("", 0))
        if not refresh(self._db.conn, account, fence, self._holder):
            raise StoppedError(
                f"run {run} is not this process's to go on with: it was never claimed here, or another process has "
                "taken it over meanwhile. Nothing more is sent; `rebalance history` shows what became of it."
            )

    def _append(self, run: RunId, event: Event) -> None:
        connection = self._db.conn
        last = read_head(connection)
        line = JournalLine(last.seq + 1, run, event.at.isoformat(), type(event).__name__, to_body(event))
        connection.execute(INSERT, (*line, link(last.hash, line)))
        project(from_body(line.kind, line.body), TableWriter(connection, line.seq, run))

    def _granted(self, request: RunRequest) -> Claimed:
        day = request.session.isoformat()
        query = "SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE account = ? AND session = ?"
        requested = {field.name: getattr(request, field.name) for field in fields(request)}
        stored = {name: self._store_file(content) for name, content in request.files.items()}
        return Claimed(**{**requested, "files": stored, "number": self._one(query, request.account, day)})

    def _store_file(self, content: bytes) -> str:
        """Store `content` under its SHA-256 unless it is stored already."""
        sha = hashlib.sha256(content).hexdigest()
        if not self._one("SELECT COUNT(*) FROM files WHERE sha256 = ?", sha):
            self._db.conn.execute("INSERT INTO files (sha256, content) VALUES (?, ?)", [sha, content])
        return sha

    def _save_high_water_mark(self) -> None:
        if self._path != IN_MEMORY:
            save_high_water_mark(self._path, read_head(self._db.conn))
        self._notes = ()

    def _one(self, query: str, *values: object) -> Any:  # noqa: ANN401 - whatever the query selects
        ((value,),) = self._db.conn.execute(query, values).fetchall()
        return value
