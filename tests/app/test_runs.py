"""The use case "run": each outcome is a value, each refusal an exception."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from answers_schema import validator
from freezegun import freeze_time
from sim_account import main_account, new_york, write

from rebalancer.app.runs import run_by_hand, run_due
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.journal.lease import run_lock
from rebalancer.market.clock import SimulatedClock


def agree(question: str) -> None:
    """Confirms every question."""


def refuse(question: str) -> None:
    raise BadInputError([])


def test_an_account_that_is_not_enabled_runs_on_the_last_day_of_its_prices_without_confirmation(tmp_path: Path) -> None:
    config = write(tmp_path)
    result = run_by_hand(config, main_account(config), refuse)
    assert (result.status, result.exit_code, result.message) == ("success", 0, "")
    assert result.sentence == "1 of 1 orders done"
    assert result.run is not None


def test_a_second_run_of_a_session_is_skipped_unless_it_is_forced(tmp_path: Path) -> None:
    config = write(tmp_path)
    run_by_hand(config, main_account(config), agree)
    again = run_by_hand(config, main_account(config), agree)
    assert (again.status, again.exit_code, again.run) == ("skipped", 0, None)
    assert run_by_hand(config, main_account(config), agree, force=True).status == "success"


def test_outside_its_window_an_enabled_account_runs_only_if_confirmed(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    with freeze_time(new_york(28, 11)):
        with pytest.raises(BadInputError):
            run_by_hand(config, main_account(config), refuse)
        assert run_by_hand(config, main_account(config), agree).status == "success"


def test_a_done_session_is_reported_before_anything_is_asked(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    with freeze_time(new_york(28, 11)):
        run_by_hand(config, main_account(config), agree)
    for hour in (12, 17):
        with freeze_time(new_york(28, hour)):
            again = run_by_hand(config, main_account(config), refuse)
            assert (again.status, again.exit_code) == ("skipped", 0)
            assert "is done (run 1, success" in again.message
    with freeze_time(new_york(28, 12)), pytest.raises(BadInputError):
        run_by_hand(config, main_account(config), refuse, force=True)


def test_while_the_exchange_is_closed_no_confirmation_is_asked_for(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    with freeze_time(new_york(25, 12)), pytest.raises(RunFailedError, match="closed today"):
        run_by_hand(config, main_account(config), agree)


def test_an_error_is_a_result_unless_it_is_debugged(tmp_path: Path) -> None:
    config = write(tmp_path)
    (tmp_path / "hold.json").write_text("{}")
    result = run_by_hand(config, main_account(config), agree)
    assert (result.status, result.exit_code, result.run) == ("failed", 2, None)
    with pytest.raises(BadInputError):
        run_by_hand(config, main_account(config), agree, debug=True)


def test_a_due_session_is_run_once_and_a_missed_one_is_journalled_once(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)

    def statuses(day: int, hour: int, minute: int) -> list[str]:
        clock = SimulatedClock(new_york(day, hour, minute))
        return [result.status for result in run_due(config, clock)]

    assert statuses(27, 12, 0) == []
    assert statuses(28, 15, 50) == ["missed", "success"]
    assert statuses(28, 15, 55) == []


def test_a_busy_account_is_left_for_the_next_call(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    clock = SimulatedClock(new_york(28, 15, 50))
    with run_lock(config.journal()):
        assert list(run_due(config, clock)) == []
    assert [result.status for result in run_due(config, clock)] == ["success"]


def test_after_a_shutdown_request_nothing_is_started(tmp_path: Path) -> None:
    config = write(tmp_path, enabled=True)
    assert list(run_due(config, SimulatedClock(new_york(28, 15, 50)), lambda: True)) == []


def test_the_owner_is_notified_of_a_real_run_and_not_of_a_dry_one(tmp_path: Path) -> None:
    received = tmp_path / "received"
    program = f"import sys; open({str(received)!r}, 'a').write(sys.stdin.read() + '\\n')"
    config = write(tmp_path, top=f"on_result = {json.dumps(shlex.join([sys.executable, '-c', program]))}")
    run_by_hand(config, main_account(config), agree, dry_run=True)
    assert not received.exists()
    run_by_hand(config, main_account(config), agree)
    (notification,) = map(json.loads, received.read_text().splitlines())
    validator("on_result").validate(notification)
    assert (notification["account"], notification["status"]) == ("main", "success")
