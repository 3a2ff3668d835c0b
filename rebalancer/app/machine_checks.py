"""The doctor's checks of this machine: the state folder and the journal. Nothing is created or written."""

import shutil
import tempfile
from contextlib import closing
from pathlib import Path

from rebalancer.errors import BusyError, RebalancerError
from rebalancer.journal.audit import require_sound
from rebalancer.journal.connection import readable_errors, writing
from rebalancer.journal.lease import run_lock
from rebalancer.journal.schema import open_database
from rebalancer.model.checkup import Check

MEGABYTE = 1_000_000
SCARCE, TOO_LITTLE = 500 * MEGABYTE, 50 * MEGABYTE


def machine(folder: Path, journal_file: Path) -> tuple[Check, ...]:
    standing = next(place for place in (folder, *folder.parents) if place.exists())
    return writable(standing), disk(shutil.disk_usage(standing).free, standing), journal(journal_file)


def writable(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Check("state folder", "pass", f"{folder} can be written")
    except OSError as error:
        remedy = "Make it writable for this user, or name another folder with state_dir."
        return Check("state folder", "fail", f"{folder} can't be written: {error.strerror}", remedy)


def disk(free: int, folder: Path) -> Check:
    """`free` in bytes."""
    found = f"{free / MEGABYTE:,.0f} MB are free in {folder}"
    if free >= SCARCE:
        return Check("disk", "pass", found)
    return Check("disk", "warn" if free >= TOO_LITTLE else "fail", found, "Free some space: a run needs its journal.")


def journal(path: Path) -> Check:
    """Open the journal as a run does, under its lock and in a write transaction, and write nothing."""
    try:
        with readable_errors(path):
            if not path.exists():
                return Check("journal", "pass", f"none yet: the first run makes {path}")
            with run_lock(path), closing(open_database(path)) as database, writing(database.conn):
                require_sound(path)
                return Check("journal", "pass", f"{path} can be written, and all of it is what was written")
    except BusyError as error:
        return Check("journal", "warn", str(error), "Look again when that run is over.")
    except RebalancerError as error:
        return Check("journal", "fail", str(error), "Nothing runs until the journal can be used.")
