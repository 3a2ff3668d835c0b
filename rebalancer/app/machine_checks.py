"""The doctor's checks of this machine: its disk, its clock, the state folder and the journal."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

from rebalancer.app.service_installation import Run
from rebalancer.app.service_setup import started
from rebalancer.config import Config
from rebalancer.errors import BusyError, RebalancerError
from rebalancer.files import open_to_others
from rebalancer.journal.audit import require_sound
from rebalancer.journal.connection import readable_errors, writing
from rebalancer.journal.figures import last_moment
from rebalancer.journal.lease import run_lock
from rebalancer.journal.schema import open_database
from rebalancer.market.clock import SystemClock
from rebalancer.model.checkup import Check
from rebalancer.model.text import listed, minute
from rebalancer.ports import Progress, unwatched

MEGABYTE = 1_000_000
LOW_SPACE, MIN_SPACE = 500 * MEGABYTE, 50 * MEGABYTE
LARGE, LARGEST = 1_000 * MEGABYTE, 3
"""Ten years of three bots are some 200 MB."""
SLACK = timedelta(minutes=5)
USUAL_NAME = "rebalance"
"""Of what `rebalance service install` installs, without --name."""
AT_ITS_TIME = "Do so outside of a run."


def machine(folder: Path, journal_file: Path, progress: Progress = unwatched) -> tuple[Check, ...]:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return (
        writable(existing),
        disk(shutil.disk_usage(existing).free, existing),
        state_size(folder),
        journal(journal_file, progress),
        *machine_clock(journal_file, SystemClock().now()),
    )


def writable(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder):
            others = open_to_others(folder)
            if others is None:
                return Check("state folder", "pass", f"{folder} can be written")
            found = f"{folder} can be written, and other users can write {others}"
            return Check("state folder", "warn", found, f"They could change what runs go by: chmod go-w {others}")
    except OSError as error:
        remedy = "Make it writable for this user, or name another folder with state_dir."
        return Check("state folder", "fail", f"{folder} can't be written: {error.strerror}", remedy)


def disk(free: int, folder: Path) -> Check:
    """`free` in bytes."""
    found = f"{free / MEGABYTE:,.0f} MB are free in {folder}"
    if free >= LOW_SPACE:
        return Check("disk", "pass", found)
    return Check("disk", "warn" if free >= MIN_SPACE else "fail", found, "Free some space: the journal needs it.")


def journal(path: Path, progress: Progress = unwatched) -> Check:
    """Open the journal as a run does, under its lock and in a write transaction, and write nothing."""
    try:
        with readable_errors(path):
            if not path.exists():
                return Check("journal", "pass", f"none yet: the first run creates {path}")
            with run_lock(path), closing(open_database(path)) as database, writing(database.conn):
                require_sound(path, progress)
                return Check("journal", "pass", f"{path} can be written, and its hash chain is intact")
    except BusyError as error:
        return Check("journal", "warn", str(error), "Check again when it has ended.")
    except RebalancerError as error:
        return Check("journal", "fail", str(error), "No run starts until the journal is usable.")


def state_size(folder: Path, large: int = LARGE) -> Check:
    """What is kept in the state folder, the largest files first."""
    sizes = dict(_sizes(folder))
    total, largest = sum(sizes.values()), sorted(sizes, key=lambda name: -sizes[name])[:LARGEST]
    named = listed([f"{name} {sizes[name] / MEGABYTE:,.1f} MB" for name in largest])
    found = f"{total / MEGABYTE:,.1f} MB are kept in {folder}" + (f": {named}" if named else "")
    if total <= large:
        return Check("state size", "pass", found)
    return Check(
        "state size", "warn", found, "`rebalance data compact` removes prices and inputs that nothing refers to."
    )


def _sizes(folder: Path) -> Iterator[tuple[str, int]]:
    for path in folder.rglob("*"):
        with suppress(OSError):  # a run's, gone meanwhile
            if path.is_file():
                yield str(path.relative_to(folder)), path.stat().st_size


def service_checks(config: Config, name: str, environ: Mapping[str, str], run: Run) -> Iterator[Check]:
    """Of each service, timer or crontab line called `name`: whether it is active, and as these settings want it."""
    for found in started(config, name, environ, run):
        place = " and ".join(found.places)
        if found.troubles:
            yield Check(f"service {found.way}", "warn", f"{place}: {'; '.join(found.troubles)}", AT_ITS_TIME)
        else:
            yield Check(f"service {found.way}", "pass", f"{place}: active, and as these settings want it")


def machine_clock(path: Path, now: datetime) -> Iterator[Check]:
    """Whether this machine's clock is behind what was journalled already. A journal that can't be read says nothing."""
    with suppress(RebalancerError):
        last = last_moment(path)
        if last is not None and not last <= now + SLACK:
            found = f"it is {minute(now, None)} here, and the journal's last line is of {minute(last, None)}"
            yield Check("machine clock", "fail", found, "Set the machine's clock, ideally by NTP, before the next run.")
        else:
            yield Check("machine clock", "pass", f"it is {minute(now, None)} here, after all that is journalled")
