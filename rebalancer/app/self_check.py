"""Whether the installed release works on this machine: its files and libraries, SQLite, time zones, and one evening
whose answers are known. Everything happens in a temporary folder; no account of the user's is touched.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rebalancer import config, demo
from rebalancer.app.release import installed, release_checks
from rebalancer.app.runs import run_account
from rebalancer.errors import RebalancerError
from rebalancer.journal.audit import verify
from rebalancer.journal.schema import open_database
from rebalancer.model.account import NEW_YORK
from rebalancer.model.checkup import Check, Checkup
from rebalancer.model.text import listed, money
from rebalancer.ports import Progress, unwatched

LEAST_SQLITE = (3, 38, 0)
"""The first with strict tables and JSON always built in."""
PRAGMAS: Mapping[str, object] = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""What the journal is written with: synchronous 2 is FULL."""
OFFSETS: Mapping[tuple[str, datetime], float] = {
    (NEW_YORK.key, datetime(2026, 3, 8, 6, 59, tzinfo=UTC)): -5,
    (NEW_YORK.key, datetime(2026, 3, 8, 7, 0, tzinfo=UTC)): -4,
    (NEW_YORK.key, datetime(2026, 11, 1, 6, 0, tzinfo=UTC)): -5,
    ("Europe/Berlin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)): 2,
    ("Asia/Kolkata", datetime(2026, 6, 1, tzinfo=UTC)): 5.5,
}
"""Hours ahead of UTC, by zone and moment."""
SESSION = date(2016, 6, 29)
BOUGHT: Mapping[str, int] = {"IEF": 71, "LQD": 75, "SPY": 327, "TBILL": 97}
CASH = Decimal("5343.53")
"""What the demo's bots buy on that session with 100,000 dollars, and what is left."""
DIFFERENT = "This release would trade otherwise here than where it was made: don't let it trade, and report this."


def self_check(progress: Progress = unwatched) -> Checkup:
    return Checkup("", tuple(_checks(progress)))


def _checks(progress: Progress) -> Iterator[Check]:
    progress("Checking the installed files")
    yield from release_checks(installed())
    with TemporaryDirectory(prefix="rebalancer-self-check-") as name:
        yield _sqlite(Path(name))
        yield zones_check(OFFSETS)
        progress("Trading an evening of the demo")
        yield evening_check(Path(name) / "state", BOUGHT, CASH)


def _sqlite(folder: Path) -> Check:
    version = sqlite3.sqlite_version
    if not sqlite3.sqlite_version_info >= LEAST_SQLITE:
        needed = ".".join(map(str, LEAST_SQLITE))
        return Check("SQLite", "fail", f"version {version}; {needed} is needed", "Use a newer Python or system.")
    with closing(open_database(folder / "pragmas.sqlite")) as database:
        found = {name: database.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
    wrong = [f"{name} is {found[name]!r}, not {wanted!r}" for name, wanted in PRAGMAS.items() if found[name] != wanted]
    if wrong:
        return Check("SQLite", "fail", f"version {version} ignores settings: {listed(wrong)}", "Use another SQLite.")
    return Check("SQLite", "pass", f"version {version} writes ahead, to the disk, and checks references")


def zones_check(offsets: Mapping[tuple[str, datetime], float]) -> Check:
    """Whether time zones are there, with the summer times that they are known to have."""
    wrong = []
    for (name, moment), hours in offsets.items():
        try:
            if moment.astimezone(ZoneInfo(name)).utcoffset() != timedelta(hours=hours):
                wrong.append(f"{name} is not {hours:+g} hours from UTC at {moment:%Y-%m-%d %H:%M} UTC")
        except ZoneInfoNotFoundError:
            wrong.append(f"{name} is missing")
    if wrong:
        return Check("time zones", "fail", listed(wrong, "; "), "Install the system's tzdata, or pip install tzdata.")
    return Check("time zones", "pass", f"{len({name for name, _ in offsets})} are there, with their summer times")


def evening_check(state: Path, bought: Mapping[str, int], cash: Decimal) -> Check:
    """An evening of the demo in the folder `state`, at the simulated broker: what it buys, its cash and its journal."""
    settings = replace(config.load(demo.config_path(), {}), state_dir=state)
    (account,) = settings.accounts
    try:
        result = run_account(settings, account, as_of=SESSION)
        faults = verify(settings.journal()).faults if result.run else (result.message,)
    except RebalancerError as error:
        return Check("evening", "fail", str(error), DIFFERENT)
    if result.run is None or faults:
        return Check("evening", "fail", listed(faults, "; "), DIFFERENT)
    filled = {str(order.symbol): int(order.filled) for order in result.run.orders}
    left = result.run.holdings[-1].account
    said, known = _evening(filled, left.cash, left.currency), _evening(bought, cash, left.currency)
    if filled == bought and left.cash == cash:
        return Check("evening", "pass", f"the demo's of {SESSION} bought what it is known to: {said}")
    return Check("evening", "fail", f"the demo's of {SESSION} bought {said}. Known is: {known}", DIFFERENT)


def _evening(bought: Mapping[str, int], cash: Decimal, currency: str) -> str:
    quantities = listed([f"{symbol} {quantity:,}" for symbol, quantity in sorted(bought.items())])
    return f"{quantities}; cash {money(cash, currency)}"
