"""An error that nobody foresaw: journalled, shown and sent to the owner once; the other accounts and looks go on."""

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import cast

import pytest
from sim_account import BOT, new_york

from rebalancer.app.runs import run_account, run_due
from rebalancer.app.schedule_loop import ScheduleLoop
from rebalancer.app.views import PollFailed, RunResult
from rebalancer.cli.schedule import print_poll
from rebalancer.config import Config, load
from rebalancer.errors import BadInputError
from rebalancer.journal import read
from rebalancer.journal.audit import require_sound
from rebalancer.market.clock import SimulatedClock

CONFIG = """
state_dir = "state"
on_result = {tell}
[trading]
fallback_ticker = "TBILL"
"""
ACCOUNT = """
[accounts.{name}]
broker = "sim"
enabled = true
[[accounts.{name}.investments]]
bot = "hold.json"
amount = 50
weight_mode = "percent"
"""
TELL = "import sys; open({told!r}, 'a').write(sys.stdin.read() + '\\n')"
WINDOW = new_york(28, 15, 50)
FAULT = "unexpected error, ZeroDivisionError in rebalancer."


class Broken:
    """The request for a shutdown, as a port that breaks at its call number `at` and every later one of `times`."""

    def __init__(self, at: int, times: int = 1) -> None:
        self.at, self.times, self.calls = at, times, 0

    def __call__(self) -> bool:
        self.calls += 1
        if self.at <= self.calls < self.at + self.times:
            raise ZeroDivisionError("what a key may stand in")
        return False


class BrokenClock(SimulatedClock):
    """Breaks once, when it is first asked after `since` holds."""

    def __init__(self, now: datetime, since: Callable[[], bool]) -> None:
        super().__init__(now)
        self.since, self.broken = since, False

    def now(self) -> datetime:
        if not self.broken and self.since():
            self.broken = True
            raise ZeroDivisionError
        return super().now()


@pytest.fixture
def told(tmp_path: Path) -> Callable[[], list[dict[str, object]]]:
    """What the owner's command was told."""
    return lambda: [json.loads(line) for line in _lines(tmp_path / "told")]


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def settings(folder: Path, *names: str) -> Config:
    tell = shlex.join([sys.executable, "-c", TELL.format(told=str(folder / "told"))])
    (folder / "hold.json").write_text(json.dumps(BOT))
    accounts = "".join(ACCOUNT.format(name=name) for name in names)
    (folder / "config.toml").write_text(CONFIG.format(tell=json.dumps(tell)) + accounts)
    config = load(folder / "config.toml")
    list(run_due(config, SimulatedClock(WINDOW - timedelta(minutes=1))))  # from now on the accounts are watched
    return config


def calls_of_an_evening(folder: Path) -> int:
    counting = Broken(at=0)
    folder.mkdir()
    list(run_due(settings(folder, "main"), SimulatedClock(WINDOW), counting))
    return counting.calls


def test_a_run_that_breaks_before_its_order_is_told_once_and_made_again(tmp_path: Path) -> None:
    for at in range(1, calls_of_an_evening(tmp_path / "whole") + 1):
        folder = tmp_path / str(at)
        folder.mkdir()
        config = settings(folder, "main")
        (broken,) = run_due(config, SimulatedClock(WINDOW), Broken(at))
        assert (broken.status, broken.exit_code) == ("failed", 1)
        assert broken.message.startswith(FAULT)
        assert "key" not in broken.message
        if broken.run is not None:
            assert broken.run.run.status == "running"
            assert [each.text for each in broken.run.remarks if each.level == "error"] == [broken.message]

        (resumed,) = run_due(config, SimulatedClock(WINDOW + timedelta(seconds=30)))
        assert (resumed.status, resumed.sentence) == ("success", "1 of 1 orders done")
        assert [order.state for order in read.orders(config.journal())] == ["filled"]
        require_sound(config.journal())
        said = [json.loads(line)["message"] for line in _lines(folder / "told")]
        assert said == [broken.message, "1 of 1 orders done"]


def test_a_run_that_breaks_after_its_order_stays_open_and_is_resumed(tmp_path: Path, told) -> None:
    config = settings(tmp_path, "main")
    (broken,) = run_due(config, BrokenClock(WINDOW, lambda: bool(read.orders(config.journal()))))
    assert (broken.status, broken.exit_code) == ("failed", 1)
    assert broken.run is not None
    assert (broken.run.run.status, len(broken.run.orders)) == ("running", 1)
    assert broken.message in [each.text for each in broken.run.remarks]

    (resumed,) = run_due(config, SimulatedClock(WINDOW + timedelta(seconds=30)))
    assert resumed.run is not None
    assert (resumed.run.run.id, resumed.status) == (broken.run.run.id, "success")
    assert [order.state for order in read.orders(config.journal())] == ["filled"]
    require_sound(config.journal())
    assert [each["message"] for each in told()] == [broken.message, resumed.sentence]


def test_a_resumed_run_that_breaks_in_the_same_way_is_told_once(tmp_path: Path, told) -> None:
    config = settings(tmp_path, "main")
    (first,) = run_due(config, BrokenClock(WINDOW, lambda: bool(read.orders(config.journal()))))
    at_once = [
        result.message
        for seconds in (30, 60, 90)
        for result in run_due(
            config,
            BrokenClock(
                WINDOW + timedelta(seconds=seconds), lambda: read.run(config.journal()).remarks[-1].level == "warning"
            ),
        )
    ]
    assert [each.startswith(FAULT) for each in at_once] == [True] * 3
    assert [each["message"] for each in told()] == list(dict.fromkeys([first.message, *at_once]))


def test_an_error_of_every_attempt_is_told_for_each_and_ends_with_the_attempts(tmp_path: Path, told) -> None:
    config = settings(tmp_path, "main")
    for half_minutes in range(18):
        for broken in run_due(config, SimulatedClock(WINDOW + timedelta(minutes=half_minutes / 2)), Broken(2, 1000)):
            assert broken.message.startswith(FAULT)
    runs = read.runs(config.journal(), "main")
    assert [each["run"] for each in told()] == sorted(run.id for run in runs)
    assert len(runs) == 4


def test_the_other_accounts_have_their_turn(tmp_path: Path, told) -> None:
    config = settings(tmp_path, "first", "second", "third")
    results = list(run_due(config, SimulatedClock(WINDOW), Broken(at=1)))
    assert [(each.account, each.status) for each in results] == [
        ("first", "failed"),
        ("second", "success"),
        ("third", "success"),
    ]
    assert [each["account"] for each in told()] == ["first", "second", "third"]
    assert "unexpected error" in str(told()[0]["message"])


def test_outside_a_run_it_is_journalled_and_told_once_in_twelve_hours(tmp_path: Path, told) -> None:
    config = settings(tmp_path, "main")
    first = list(run_due(config, SimulatedClock(WINDOW), Broken(at=1)))
    again = list(run_due(config, SimulatedClock(WINDOW + timedelta(seconds=30)), Broken(at=1)))
    assert (len(first), again) == (1, [])
    text = f"main: {first[0].message}"
    assert read.noted(config.journal(), text, WINDOW)
    assert not read.noted(config.journal(), text, WINDOW + timedelta(seconds=1))
    require_sound(config.journal())
    assert [each["message"] for each in told()] == [first[0].message]


def test_a_broken_look_of_the_schedule_is_said_once_and_the_next_one_comes(tmp_path: Path, told) -> None:
    config = settings(tmp_path, "main")
    clock = SimulatedClock(WINDOW)
    parts: list[Config] = [replace(config, accounts=(None,)), config]
    loop = ScheduleLoop(lambda: parts[0], clock, Event().is_set)
    (said,) = loop.poll()
    assert isinstance(said, PollFailed)
    assert said.error.startswith("unexpected error, AttributeError in rebalancer.")
    assert list(loop.poll()) == []
    del parts[0]
    assert [each.status for each in loop.poll() if isinstance(each, RunResult)] == ["success"]


def test_a_look_that_breaks_between_the_accounts_is_journalled_and_told(tmp_path: Path, told) -> None:
    config = settings(tmp_path, "main")
    clock = SimulatedClock(WINDOW + timedelta(hours=1))
    config = replace(config, accounts=(*config.accounts, replace(config.accounts[0], name="other", broker=None)))
    loop = ScheduleLoop(lambda: config, clock, Event().is_set)
    said = list(loop.poll())
    assert [type(each) for each in said][-1] is PollFailed
    assert {str(each["account"]) for each in told()} >= {"main"}
    assert list(loop.poll()) == []


def test_a_config_that_breaks_its_reader_is_said_once(tmp_path: Path) -> None:
    def broken() -> Config:
        raise ZeroDivisionError

    loop = ScheduleLoop(broken, SimulatedClock(WINDOW), Event().is_set)
    (said,) = loop.poll()
    assert isinstance(said, PollFailed)
    assert said.error.startswith(FAULT)
    assert list(loop.poll()) == []


def test_a_result_that_cannot_be_shown_does_not_end_the_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    odd = RunResult("main", 0, "done", None, "success", "No/Where")
    loop = SimpleNamespace(poll=lambda: iter([odd, PollFailed("the next")]), clock=SimulatedClock(WINDOW))
    print_poll(cast("ScheduleLoop", loop))
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("rebalance: unexpected error, ZoneInfoNotFoundError in rebalancer.report.run")
    assert second == "rebalance: the next"


def test_by_hand_it_is_a_failed_result_unless_it_is_debugged(tmp_path: Path) -> None:
    config = settings(tmp_path, "main")
    (account,) = config.accounts
    result = run_account(config, account, SimulatedClock(WINDOW), shutdown_requested=Broken(at=1))
    assert (result.status, result.exit_code) == ("failed", 1)
    with pytest.raises((ZeroDivisionError, BadInputError)):
        run_account(config, account, SimulatedClock(WINDOW), shutdown_requested=Broken(at=1), debug=True)
