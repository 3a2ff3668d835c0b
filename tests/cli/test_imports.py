"""What a command imports, counted in a process of its own: what loads slowly is not loaded before it must be.

Speed itself is measured by `benchmarks/startup.py`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rebalancer import demo
from rebalancer.market.sample import FILE

SLOW = {"pandas", "pandas_market_calendars", "scipy", "numba", "alpaca", "pyarrow", "plotly", "plotille"}
"""Each takes several times as long as numpy."""
NOT_TO_DECIDE = {
    *("rebalancer.ports", "rebalancer.model.orders", "rebalancer.model.settings", "rebalancer.model.market"),
    *("rebalancer.market.calendar", "rebalancer.market.price_files", "rebalancer.bots.python"),
    *(f"rebalancer.bots.flowchart.formats.{name}" for name in ("composer", "quantmage", "quantnexus", "lisp")),
    *(f"rebalancer.bots.flowchart.{name}" for name in ("outline", "parting", "flip", "json_events")),
    "ijson",
}
"""What the bots of the demo, in our own format, and prices that were read before can do without."""
PROGRAM = """
import sys
{code}
print("imported:", *sys.modules)
"""
COMMAND = """
from rebalancer.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
"""


def imported(folder: Path, code: str, *words: str, **variables: str) -> set[str]:
    """The modules that `code` has imported at its end, run with `words` in an empty folder and state."""
    environment = {**os.environ, "REBALANCE_STATE": str(folder), "XDG_CONFIG_HOME": str(folder), **variables}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM.format(code=code), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_a_command_that_ends_does_not_search_its_memory_for_what_is_unused():
    searched = "import gc\ngc.callbacks.append(lambda phase, found: print(phase, len(gc.get_objects())))"
    words = [sys.executable, "-c", f"{COMMAND}\n{searched}", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.splitlines()[-1].startswith("stop")
    assert int(done.stdout.split()[-1]) < 1_000


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_needs_the_commands_alone(tmp_path, word):
    loaded = imported(tmp_path, COMMAND, word)
    assert "rebalancer.cli.runs" in loaded
    assert not loaded & {*SLOW, "numpy", "rich", "sqlite3", "rebalancer.model", "rebalancer.venues.plugin"}


def test_completion_of_a_name_needs_the_settings_alone(tmp_path):
    words = {"_REBALANCE_COMPLETE": "complete_bash", "COMP_WORDS": "rebalance status --account ", "COMP_CWORD": "3"}
    loaded = imported(tmp_path, COMMAND, **words)
    assert "rebalancer.config" in loaded
    assert not loaded & {*SLOW, "numpy", "rich", "sqlite_utils", "sqlite3"}


@pytest.mark.parametrize("words", [("history",), ("orders",), ("positions",), ("live", "status")], ids=" ".join)
def test_what_is_in_the_journal_is_shown_without_bots_and_prices(tmp_path, words):
    loaded = imported(tmp_path, COMMAND, *words)
    assert "rebalancer.journal.read" in loaded
    assert not loaded & {*SLOW, "numpy", "sqlite_utils", "rebalancer.bots.load"}


def test_the_status_needs_no_bots_and_prices_once_the_sessions_are_known(tmp_path):
    first = imported(tmp_path, COMMAND, "status")
    again = imported(tmp_path, COMMAND, "status")
    assert "rebalancer.app.status" in again & first
    assert not again & {*SLOW, "numpy", "sqlite_utils", "rebalancer.bots.load", "rebalancer.app.account"}


def test_a_dry_run_needs_no_pandas_once_the_sessions_are_known(tmp_path):
    first = imported(tmp_path, COMMAND, "run", "--dry-run")
    again = imported(tmp_path, COMMAND, "run", "--dry-run")
    assert "pandas_market_calendars" in first
    assert "rebalancer.trading.rebalance" in again
    assert not again & SLOW


def test_prices_on_disk_become_allocations_with_numpy_alone(tmp_path):
    """The nightly path without calendar, journal and broker: prices that were read before, and the bots' files."""
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / FILE).write_bytes(demo.config_path().with_name(FILE).read_bytes())
    code = """
from datetime import datetime, UTC
from pathlib import Path
from rebalancer import demo
from rebalancer.app.bot_files import load_bots
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.folder import read_folder
from rebalancer.market.price_file_cache import PriceFileCache

cache = PriceFileCache(Path("price_files.sqlite"), SimulatedClock(datetime(2100, 1, 1, tzinfo=UTC)))
closes = read_folder(Path("prices"), cache)
for name, bot in load_bots({file.stem: file for file in demo.config_path().parent.glob("bots/*.json")}).items():
    bot.decide(closes)
"""
    assert "pandas" in imported(tmp_path, code)
    again = imported(tmp_path, code)
    assert "rebalancer.bots.flowchart.evaluate" in again
    assert not again & {*SLOW, *NOT_TO_DECIDE, "sqlite_utils", "rich", "typer", "pydantic"}
