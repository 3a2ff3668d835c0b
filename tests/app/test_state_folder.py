"""What a run writes is for its user alone, whatever the umask; a state folder that others can write is said."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alpaca_stage import alpaca_stage, local_venue
from sim_account import main_account, new_york, write

from rebalancer.app.machine_checks import writable
from rebalancer.app.runs import run_by_hand, run_due
from rebalancer.app.schedule import due_now
from rebalancer.app.status import account_statuses
from rebalancer.files import open_to_others
from rebalancer.market.clock import SimulatedClock

pytestmark = pytest.mark.posix


@pytest.fixture
def without_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    return {name: mode for name, mode in found.items() if mode & 0o077}


@pytest.mark.usefixtures("without_umask")
def test_the_files_of_a_simulated_evening_are_private_without_a_umask(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    assert [each.status for each in run_due(config, SimulatedClock(new_york(28, 15, 50)))] == ["success"]
    run_by_hand(config, main_account(config), lambda question: None, dry_run=True)
    assert {"journal.sqlite", "sessions-NYSE-2010.json"} <= {path.name for path in config.state_dir.iterdir()}
    assert modes(config.state_dir) == {}


@pytest.mark.usefixtures("without_umask")
def test_the_files_of_an_evening_at_alpaca_are_private_without_a_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with local_venue() as venue:
        stage = alpaca_stage(tmp_path, venue, monkeypatch).wants(SPY=0.3)
        assert stage.run().run.status == "success"
        assert modes(stage.settings().state_dir) == {}


@pytest.mark.usefixtures("without_umask")
def test_a_calendar_that_all_could_write_is_private_once_it_is_rebuilt(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    config.state_dir.mkdir(mode=0o700)
    calendar = config.state_dir / "sessions-NYSE-2010.json"
    calendar.write_text("{}")
    list(due_now(config, SimulatedClock(new_york(28, 12))))
    assert "content" in json.loads(calendar.read_text())
    assert not stat.S_IMODE(calendar.stat().st_mode) & stat.S_IWOTH


def open_folder(state: Path) -> Path:
    state.chmod(0o777)
    return state


def open_file(state: Path) -> Path:
    (state / "journal.sqlite").chmod(0o602)
    return state / "journal.sqlite"


@pytest.mark.parametrize("opened", [open_folder, open_file])
def test_what_other_users_can_write_is_said_by_doctor_status_and_run(
    tmp_path: Path, opened: Callable[[Path], Path]
) -> None:
    config = write(tmp_path, enabled=True)
    clock = SimulatedClock(new_york(28, 15, 50))
    (before,) = run_due(config, clock)
    assert before.run is not None
    assert before.run.notes == ()
    assert open_to_others(config.state_dir) is None
    assert writable(config.state_dir).verdict == "pass"

    path = opened(config.state_dir)
    said = f"other users can write {path}, and change what runs go by: chmod go-w {path}"
    check = writable(config.state_dir)
    assert check.verdict == "warn"
    assert f"other users can write {path}" in check.found
    (status,) = account_statuses(config, config.accounts, clock)
    assert said in status.troubles
    result = run_by_hand(config, main_account(config), lambda question: None, dry_run=True)
    assert result.run is not None
    assert f"Warning: {said}" in result.run.notes
