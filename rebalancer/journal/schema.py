"""Opens the journal's file: creates it, migrates it to this version, and checks its triggers and high-water mark."""

import sqlite3
from pathlib import Path

from rebalancer.errors import RunFailedError, StoppedError
from rebalancer.files import ensure_private
from rebalancer.journal import lease
from rebalancer.journal.chain import JournalLine, chained
from rebalancer.journal.connection import rolled_back, writing
from rebalancer.journal.projections import rebuild
from rebalancer.journal.sqlite import Database, Migrations
from rebalancer.journal.tables import GUARDS, TRUTH, lost_guard

BUSY_SECONDS = 10

migrations = Migrations("journal")


@migrations()
def m001_events(db: Database) -> None:
    db.executescript(TRUTH)
    for guard in GUARDS.values():
        db.execute(guard)


@migrations()
def m006_chain_and_leases(db: Database) -> None:
    """Existing entries get the hashes that they would have had."""
    db.execute("DROP TRIGGER events_never_change")
    db.execute("ALTER TABLE events ADD COLUMN hash TEXT NOT NULL DEFAULT ''")
    rows = [JournalLine(*row) for row in db.execute("SELECT seq, run, at, kind, body FROM events ORDER BY seq")]
    hashes = zip(chained(rows), (row.seq for row in rows), strict=True)
    db.conn.executemany("UPDATE events SET hash = ? WHERE seq = ?", hashes)
    db.execute(GUARDS["events_never_change"])
    db.execute(lease.TABLE)


@migrations()
def m007_leases_by_lock(db: Database) -> None:
    for column in lease.COLUMNS:
        db.execute(f"ALTER TABLE leases ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")


@migrations()
def m009_fractional_target_quantities(db: Database) -> None:
    """Rebuilds the projections: target quantities of lots below 1 do not fit an integer column."""
    rebuild(db.conn)


KNOWN = frozenset(
    [
        *(step.__name__ for step in (m001_events, m006_chain_and_leases, m007_leases_by_lock)),
        m009_fractional_target_quantities.__name__,
        # Steps that earlier versions recorded. They only made projections, all of which the last step rebuilds.
        "m002_projections",
        "m003_settings_and_adoptions",
        "m004_restatements",
        "m005_order_and_run_states",
        "m008_open_differences",
    ]
)
"""The names of all steps that this version or an earlier one recorded."""


def open_database(path: Path) -> Database:
    """The journal at `path`, ready to be written; created with mode 0600 in a folder of mode 0700 where there is none.

    Raises StoppedError for a journal that a newer version wrote, that lost a trigger, or that was rolled back;
    RunFailedError for a damaged one; and whatever sqlite3 and the file system raise.
    """
    _create(path)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        db = Database(connection, execute_plugins=False)
        _set_up(db, path)
        _refuse_newer(db, path)
        if migrations.applied(db):
            _verify_guards(db, path)
        migrate(db)
        _verify_guards(db, path)
        _refuse_rolled_back(path)
    except BaseException:
        connection.close()
        raise
    return db


def migrate(db: Database) -> None:
    """Apply all pending migrations in one transaction."""
    if migrations.pending(db):
        with writing(db.conn):
            migrations.apply(db)


def _create(path: Path) -> None:
    if path.is_symlink():
        raise RunFailedError(f"the journal {path} is a symbolic link. Name the file itself, so that it has one lock.")
    # SQLite would create it readable for everyone. Its -wal and -shm files inherit this mode.
    ensure_private(path)


def _set_up(db: Database, path: Path) -> None:
    ((mode,),) = db.execute("PRAGMA journal_mode = WAL").fetchall()
    if mode != "wal":
        raise RunFailedError(f"the journal {path} needs write-ahead logging. Keep it on a local disk.")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    ((verdict,),) = db.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        detail = verdict.splitlines()[-1]
        raise RunFailedError(f"the journal {path} is damaged ({detail}). Restore a copy of it before the next run.")


def _refuse_newer(db: Database, path: Path) -> None:
    if unknown := [done.name for done in migrations.applied(db) if done.name not in KNOWN]:
        raise StoppedError(
            f"the journal {path} was written by a newer version of this program ({unknown[0]}). Install that version."
        )


def _verify_guards(db: Database, path: Path) -> None:
    if lost := lost_guard(db.conn):
        raise StoppedError(
            f"the journal {path} has lost its guard {lost!r}, so its lines may have been changed. "
            "Restore a copy of it before the next run."
        )


def _refuse_rolled_back(path: Path) -> None:
    if older := rolled_back(path):
        raise StoppedError(f"{older} Nothing was sent.")
