"""What nothing refers to is removed, and a kill at any moment of that loses nothing."""

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from forks import FORKS
from sim_account import main_account, write

from rebalancer.app.compaction import compact_data
from rebalancer.app.past_run import from_journal
from rebalancer.app.replay import replay
from rebalancer.app.runs import run_account
from rebalancer.config import Config, load
from rebalancer.errors import BusyError
from rebalancer.journal.audit import verify
from rebalancer.journal.input_store import inputs_file
from rebalancer.journal.lease import run_lock
from rebalancer.market.cache import FILE, CachedCloses, ClosesCache
from rebalancer.model import Symbol

SPY, TBILL, GLD, OLD = (Symbol(name) for name in ("SPY", "TBILL", "GLD", "OLD"))
FIRST, LAST = date(2016, 1, 4), date(2016, 1, 8)
PAST = CachedCloses.of({FIRST: 201.02, LAST: 191.92}, FIRST, LAST)
STEPS = 5
"""At so many places a compaction says how far it is."""


def two_runs(folder: Path) -> Config:
    """An account with two runs, one of which the journal lost, and closes of tickers of which it reads two."""
    config = write(folder)
    for day in (date(2016, 6, 28), date(2016, 6, 29)):
        assert run_account(config, main_account(config), as_of=day).exit_code == 0
    with closing(sqlite3.connect(inputs_file(config.journal()))) as kept, kept:
        kept.execute("UPDATE runs SET line = 'of another journal' WHERE run = 2")
    cache = ClosesCache(config.state_dir / FILE)
    cache.write("sip", dict.fromkeys([SPY, TBILL, GLD, OLD], PAST))
    cache.write("iex", {OLD: PAST})
    return config


def kept(config: Config) -> set[Symbol]:
    return {*ClosesCache(config.state_dir / FILE).read("sip", [SPY, TBILL, GLD, OLD])}


def test_what_no_bot_reads_and_no_run_looked_up_is_removed_and_named(tmp_path: Path) -> None:
    config = two_runs(tmp_path)
    found = compact_data(config)
    assert found.kept_closes is not None
    assert found.plan_inputs is not None
    assert found.kept_closes.removed_symbols == (GLD, OLD)
    assert (found.plan_inputs.run_count, kept(config)) == (1, {SPY, TBILL})
    assert replay(from_journal(config.journal(), 1)).equal
    again = compact_data(config)
    assert (
        again.kept_closes and again.kept_closes.removed_symbols,
        again.plan_inputs and again.plan_inputs.block_count,
    ) == ((), 0)


def test_a_ticker_of_a_past_run_is_kept_though_no_bot_reads_it_now(tmp_path: Path) -> None:
    config = two_runs(tmp_path)
    (tmp_path / "hold.json").write_text((tmp_path / "hold.json").read_text().replace("SPY", "GLD"))
    compact_data(load(config.path))
    assert kept(config) == {SPY, TBILL, GLD}


def test_before_the_first_run_there_is_nothing_to_remove(tmp_path: Path) -> None:
    found = compact_data(write(tmp_path))
    assert (found.plan_inputs, found.kept_closes) == (None, None)


def test_during_a_run_nothing_is_removed(tmp_path: Path) -> None:
    config = two_runs(tmp_path)
    with run_lock(config.journal()), pytest.raises(BusyError):
        compact_data(config)
    assert kept(config) == {SPY, TBILL, GLD, OLD}


def _killed(config: Path, at: int) -> None:
    steps = iter(range(1, at + 1))

    def progress(_work: str, _done: int = 0, _total: int = 0) -> None:
        if next(steps) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    compact_data(load(config), progress)


@pytest.mark.posix
def test_a_kill_at_any_step_loses_nothing_and_the_next_compaction_ends_it(tmp_path: Path) -> None:
    two_runs(tmp_path / "whole")
    for step in range(1, STEPS + 2):
        config = load(Path(shutil.copytree(tmp_path / "whole", tmp_path / str(step))) / "config.toml")
        child = FORKS.Process(target=_killed, args=(config.path, step))
        child.start()
        child.join()
        assert child.exitcode == (-signal.SIGKILL if step <= STEPS else 0), f"step {step} of {STEPS}"
        assert {SPY, TBILL} <= kept(config)
        assert replay(from_journal(config.journal(), 1)).equal
        assert verify(config.journal()).faults == ()
        compact_data(config)
        assert kept(config) == {SPY, TBILL}
