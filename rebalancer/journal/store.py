"""The only writer of the journal. An event and its projection are on disk together, or neither is."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlite_utils import Database

from rebalancer.errors import BusyError, HeldBackError, StoppedError
from rebalancer.events import Claim, Event, Noted, OrderIntended, OrderResent, RunEnded, RunTakenUp
from rebalancer.journal import high_water_mark
from rebalancer.journal.account_state import (
    EarlierRun,
    cut_off,
    known,
    must_not_leave,
    read_balances,
    read_failures,
    read_interrupted,
    read_orders,
    read_trading_status,
    refusal,
    taken_by_another,
    taken_up,
)
from rebalancer.journal.audit import require_sound
from rebalancer.journal.chain import Entry, Head, link, read_head
from rebalancer.journal.codec import Claimed, from_body, to_body
from rebalancer.journal.connection import check_disk_space, readable_errors, writing
from rebalancer.journal.lease import LockHolder, give_back, lock_holder, obstacle, read_lease, refresh, take
from rebalancer.journal.ledger import read_ledger
from rebalancer.journal.projections import project
from rebalancer.journal.schema import migrate, open_database
from rebalancer.journal.setting_changes import SETTINGS, changes, last_settings
from rebalancer.journal.tables import TableWriter, insert_into
from rebalancer.model import NO_RUN, OrderId, RunId
from rebalancer.ports import AlreadyRun, BalanceRecord, InterruptedRun, Ledger, OrderRecord, TradingStatus

IN_MEMORY = Path(":memory:")
INSERT = insert_into("events", (*Entry._fields, "hash"))
FORGOTTEN = (
    "Nothing beside the journal remembers its last line, so that nobody can tell whether it is the latest copy: it was "
    "written by an earlier version, or its .head file was deleted."
)


class SqliteJournal:
    """`ports.Journal` in one SQLite file. Belongs to the thread that opened it.

    Every method raises RunFailedError where the file can't be read or written, and StoppedError where a line breaks a
    rule of the tables.
    """

    def __init__(self, path: Path, db: Database, holder: LockHolder, notes: tuple[str, ...] = ()) -> None:
        self._path = path
        self._db = db
        self._holder = holder
        self._notes = notes
        self._leases: dict[RunId, tuple[str, int]] = {}

    @classmethod
    def open(cls, path: Path, holder: LockHolder | None = None) -> Self:
        """The journal at `path`, created where there is none. `holder` is this process, under its run lock.

        Raises RunFailedError for a file that can't be used, StoppedError for one that is newer than this version, was
        tampered with, or is not the one last written here.
        """
        with readable_errors(path):
            db = open_database(path)
            try:
                forgotten = high_water_mark.remembered(path) is None and read_head(db.conn).seq > 0
                return cls(path, db, holder or lock_holder(), (FORGOTTEN,) if forgotten else ())
            except BaseException:
                db.close()
                raise

    @classmethod
    def open_for_a_run(cls, path: Path, holder: LockHolder) -> Self:
        """As `open`, and nothing is traded on a journal whose lines, files or tables are not what was written.

        Raises StoppedError where they are not.
        """
        journal = cls.open(path, holder)
        try:
            require_sound(path)
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def in_memory(cls, holder: LockHolder | None = None) -> Self:
        """A journal that is gone with its process, for simulations."""
        db = Database(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
        db.execute("PRAGMA foreign_keys = ON")
        migrate(db)
        return cls(IN_MEMORY, db, holder or lock_holder())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Whoever closes it writes no more, so that its leases are free."""
        # One that can't be given back is free once this process has ended.
        with suppress(sqlite3.Error):
            for account, fence in self._leases.values():
                give_back(self._db.conn, account, fence)
        self._leases = {}
        self._db.close()

    def claim(self, claim: Claim) -> RunId | AlreadyRun:
        """Start the next run of `claim.session`, unless an earlier one used the session up.

        Whoever holds the account's lease is alone with it, so a run that is still "running" is dead; its end is
        journalled. So is every setting in force that is not what the journal last knew: that is how an edit by hand
        gets there. Raises BusyError while another process holds the lease.
        """
        with readable_errors(self._path):
            with writing(self._db.conn):
                fence = take(self._db.conn, claim.account, self._holder)
                if refused := refusal(claim, self._earlier("session = ?", claim.account, claim.session.isoformat())):
                    give_back(self._db.conn, claim.account, fence)
                    return refused
                run = self._begin(replace(claim, notes=(*claim.notes, *self._notes)))
            self._leases[run] = claim.account, fence
            self._remember()
            return run

    def record(self, run: RunId, *events: Event) -> None:
        """Commit `events` together. Raises ValueError for a NaN, an infinity or a naive time in them.

        Raises StoppedError where another process has taken the run over; a remark is written all the same. Raises
        HeldBackError where an order would leave of an account that is halted or disarmed: nobody can say so between
        this look and the order's line.
        """
        ended = any(isinstance(event, RunEnded) for event in events)
        with readable_errors(self._path):
            with writing(self._db.conn):
                if run != NO_RUN and not all(isinstance(event, Noted) for event in events):
                    self._require_lease(run)
                for event in events:
                    if isinstance(event, OrderIntended | OrderResent) and must_not_leave(self._db.conn, run):
                        raise HeldBackError("the account was halted or disarmed just before this order was to leave")
                    self._append(run, event)
                if ended:
                    give_back(self._db.conn, *self._leases[run])
            if ended or run == NO_RUN:
                self._remember()

    def run_number(self, run: RunId) -> int:
        """The number of `run` within its session, from 1."""
        with readable_errors(self._path):
            number: int = self._one("SELECT number FROM runs WHERE id = ?", run)
            return number

    def ledger(self, account: str) -> Ledger:
        with readable_errors(self._path):
            return read_ledger(self._db.conn, account)

    def unsettled(self, account: str) -> tuple[OrderRecord, ...]:
        with readable_errors(self._path):
            return read_orders(self._db.conn, "runs.account = ? AND NOT orders.settled", account)

    def orders(self, run: RunId) -> tuple[OrderRecord, ...]:
        with readable_errors(self._path):
            return read_orders(self._db.conn, "orders.run = ?", run)

    def orders_since(self, account: str, first: date) -> tuple[OrderRecord, ...]:
        with readable_errors(self._path):
            return read_orders(self._db.conn, "runs.account = ? AND runs.session >= ?", account, first.isoformat())

    def balances(self, account: str, first: date) -> tuple[BalanceRecord, ...]:
        with readable_errors(self._path):
            return read_balances(self._db.conn, account, first)

    def knows(self, account: str, ids: Iterable[OrderId]) -> frozenset[OrderId]:
        with readable_errors(self._path):
            return known(self._db.conn, account, ids)

    def trading_status(self, account: str) -> TradingStatus:
        with readable_errors(self._path):
            return read_trading_status(self._db.conn, account)

    def failures(self, run: RunId) -> Mapping[str, str]:
        with readable_errors(self._path):
            return read_failures(self._db.conn, run)

    def interrupted(self, account: str) -> InterruptedRun | None:
        """A run whose lease another living process holds was not cut off."""
        with readable_errors(self._path):
            alive = obstacle(read_lease(self._db.conn, account), self._holder)
            return None if alive else read_interrupted(self._db.conn, account)

    def resume(self, run: RunId, claim: Claim, *, running: bool) -> None:
        """Raises BusyError where another process holds the account's lease, or has ended a run that was `running`."""
        with readable_errors(self._path):
            with writing(self._db.conn):
                account = self._one("SELECT account FROM runs WHERE id = ?", run)
                fence = take(self._db.conn, account, self._holder)
                if running and self._one("SELECT status FROM runs WHERE id = ?", run) != "running":
                    raise BusyError(taken_by_another(run))
                self._append(run, RunTakenUp(claim.at, taken_up(claim.at, running=running)))
            self._leases[run] = account, fence
            self._remember()

    def check_disk_space(self) -> None:
        """Raises RunFailedError unless a whole evening's lines still fit on the disk."""
        with readable_errors(self._path):
            check_disk_space(self._db.conn)

    def head(self) -> Head:
        """The last line of the journal."""
        with readable_errors(self._path):
            return read_head(self._db.conn)

    def _begin(self, claim: Claim) -> RunId:
        for dead in self._earlier("status = 'running'", claim.account):
            self._append(dead.id, RunEnded(claim.at, "partial" if dead.orders else "failed", cut_off(dead)))
        run = RunId(self._one("SELECT COALESCE(MAX(id), 0) + 1 FROM runs"))
        before = last_settings(self._db.conn, claim.account)
        self._append(run, self._granted(claim))
        if before is not None and SETTINGS in claim.files:
            for change in changes(claim.at, claim.account, before, json.loads(claim.files[SETTINGS])):
                self._append(run, change)
        return run

    def _require_lease(self, run: RunId) -> None:
        account, fence = self._leases.get(run, ("", 0))
        if not refresh(self._db.conn, account, fence, self._holder):
            raise StoppedError(
                f"run {run} is not this process's to go on with: it was never claimed here, or another process has "
                "taken it over meanwhile. Nothing more is sent; `rebalance history` shows what became of it."
            )

    def _append(self, run: RunId, event: Event | Claimed) -> None:
        connection = self._db.conn
        last = read_head(connection)
        row = Entry(last.seq + 1, run, event.at.isoformat(), type(event).__name__, to_body(event))
        connection.execute(INSERT, (*row, link(last.hash, row)))
        project(from_body(row.kind, row.body), TableWriter(connection, row.seq, run))

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
            self._db.conn.execute("INSERT INTO files (sha256, content) VALUES (?, ?)", [sha, content])
        return sha

    def _remember(self) -> None:
        if self._path != IN_MEMORY:
            high_water_mark.remember(self._path, read_head(self._db.conn))
        self._notes = ()

    def _earlier(self, condition: str, account: str, *values: str) -> list[EarlierRun]:
        rows = self._db.conn.execute(
            "SELECT runs.id, number, status, COUNT(orders.id) FROM runs LEFT JOIN orders ON orders.run = runs.id"
            f" WHERE account = ? AND {condition} GROUP BY runs.id ORDER BY number",
            [account, *values],
        )
        return [EarlierRun(RunId(run), number, status, orders) for run, number, status, orders in rows.fetchall()]

    def _one(self, query: str, *values: object) -> Any:  # noqa: ANN401 - whatever the query selects
        ((value,),) = self._db.conn.execute(query, values).fetchall()
        return value
