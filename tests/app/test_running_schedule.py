"""Signals, a killing watchdog, suspends and clock jumps in the middle of orders of a real `schedule` process.

It trades at the local Alpaca with the real client, and is waited for by what it tells systemd, never by sleeping.
"""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from crash.journal import orders_of, runs_of
from local_alpaca import LocalAlpaca, Tape, faults, order_scripts
from running_schedule import EPOCH, PATIENCE, TIME, RightClock, SetClock, Systemd, start

pytestmark = pytest.mark.posix

WINDOW = datetime(2026, 11, 23, 20, 31, tzinfo=UTC)
"""A Monday in New York: the window opens at 20:30 in UTC, and the exchange closes at 21:00."""
SELL_TAKES = timedelta(seconds=300)
CONFIG = """\
state_dir = "state"
[data]
since = 2026-11-02
[trading]
minutes_before_close = 30
sell_timeout_seconds = 600
buy_timeout_seconds = 60
manage = "account"
[accounts.paper]
broker = "alpaca"
enabled = true
key_id = "${{PAPER_KEY}}"
secret = "${{PAPER_SECRET}}"
base_url = "{url}"
data_url = "{url}"
[[accounts.paper.investments]]
bot = "hold.json"
amount = 50
weight_mode = "percent"
"""
SELLING, NEXT = "for the sell of SPY", "Next run: paper at 2026-11-24 15:30 EST"


class Stage:
    """An account with SPY whose bot wants QQQ: a sell that takes SELL_TAKES, then a buy."""

    def __init__(self, folder: Path, venue: LocalAlpaca, clock: SetClock) -> None:
        self.folder, self.venue, self.clock = folder, venue, clock
        self.systemd = Systemd(folder)
        self.running: list[subprocess.Popen[str]] = []

    def start(self) -> "subprocess.Popen[str]":
        environ = {"PAPER_KEY": self.venue.key_id, "PAPER_SECRET": self.venue.secret}
        self.running.append(start(self.folder, environ))
        self.systemd.wait_for("READY=1")
        return self.running[-1]

    @property
    def sent(self) -> list[str]:
        asked = [each.params for each in self.venue.requests if (each.method, each.path) == ("POST", "/v2/orders")]
        return [f"{params['side']} {params['symbol']}" for params in asked]

    @property
    def orders(self) -> list[tuple[object, ...]]:
        return [tuple(row) for row in orders_of(self.folder / "state" / "journal.sqlite")]

    @property
    def runs(self) -> list[tuple[str, str]]:
        return [(status, reason) for status, reason in runs_of(self.folder / "state" / "journal.sqlite")]

    def end(self, process: "subprocess.Popen[str]") -> None:
        """Told to end by SIGTERM, it does, with nothing on standard error."""
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (0, "")


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exchange's sessions as a first start keeps them: computing them takes longer than the rest."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def stage(tmp_path: Path, sessions: Path) -> Iterator[Stage]:
    clock = SetClock(tmp_path / TIME)
    clock.pass_by(WINDOW - EPOCH)
    with LocalAlpaca(WINDOW, market=Tape.sample()) as venue:
        venue.clock = RightClock(tmp_path / TIME)
        venue.hold("SPY", 100)
        venue.script_orders("SPY", order_scripts.slow(SELL_TAKES.total_seconds()), side="sell")
        (tmp_path / "config.toml").write_text(CONFIG.format(url=venue.url))
        hold = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "QQQ"}}
        (tmp_path / "hold.json").write_text(json.dumps(hold))
        shutil.copytree(sessions, tmp_path / "state")
        found = Stage(tmp_path, venue, clock)
        yield found
        for process in found.running:
            process.kill()
            process.communicate()
        found.systemd.close()
        for file in (tmp_path / "state").glob("sessions*"):
            shutil.copy(file, sessions)


def test_told_to_end_in_the_middle_of_an_order_it_awaits_that_one_and_sends_no_other(stage: Stage) -> None:
    process = stage.start()
    stage.systemd.wait_for(SELLING)
    process.send_signal(signal.SIGTERM)
    stage.systemd.wait_for("STOPPING=1")
    stage.clock.pass_by(SELL_TAKES)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert "partial" in out
    assert (stage.sent, stage.venue.shares("SPY")) == (["sell SPY"], 0)
    assert stage.orders == [("SPY", "sell", "filled", 1)]
    ((status, reason),) = stage.runs
    assert (status, "a shutdown was requested" in reason) == ("partial", True)


def test_ended_by_the_watchdog_in_the_middle_of_an_order_its_next_start_goes_on_and_doubles_nothing(
    stage: Stage,
) -> None:
    process = stage.start()
    stage.systemd.wait_for(SELLING)
    process.send_signal(signal.SIGABRT)
    assert process.wait(PATIENCE) == -signal.SIGABRT
    again = stage.start()
    stage.systemd.wait_for(SELLING)
    stage.clock.pass_by(SELL_TAKES)
    stage.systemd.wait_for(NEXT)
    stage.end(again)
    assert stage.sent == ["sell SPY", "buy QQQ"]
    assert [status for status, _ in stage.runs] == ["success"]
    assert stage.venue.audit().repeated == ()


def test_ended_by_the_watchdog_before_the_answer_to_an_order_the_next_start_finds_it(stage: Stage) -> None:
    arrived = Event()
    silence = faults.BadAnswer("silence", then=arrived.set)
    stage.venue.faults.on("POST", "/v2/orders", fault=silence)
    process = stage.start()
    assert arrived.wait(PATIENCE)
    process.send_signal(signal.SIGABRT)
    assert process.wait(PATIENCE) == -signal.SIGABRT
    assert [state for _, _, state, _ in stage.orders] == ["intended"]
    again = stage.start()
    stage.systemd.wait_for(SELLING)
    stage.clock.pass_by(SELL_TAKES)
    stage.systemd.wait_for(NEXT)
    stage.end(again)
    assert stage.sent == ["sell SPY", "buy QQQ"]
    assert stage.venue.audit().repeated == ()


def test_suspended_beyond_the_close_in_the_middle_of_an_order_it_buys_nothing_when_it_wakes(stage: Stage) -> None:
    process = stage.start()
    stage.systemd.wait_for(SELLING)
    process.send_signal(signal.SIGSTOP)
    stage.clock.pass_by(timedelta(hours=3))
    process.send_signal(signal.SIGCONT)
    stage.systemd.wait_for(NEXT)
    stage.end(process)
    assert stage.sent == ["sell SPY"]
    assert [status for status, _ in stage.runs] == ["partial"]


@pytest.mark.parametrize("change", [timedelta(hours=-20), timedelta(minutes=7)])
def test_a_clock_that_is_set_in_the_middle_of_an_order_ends_no_wait_and_begins_no_second_run(
    stage: Stage, change: timedelta
) -> None:
    process = stage.start()
    stage.systemd.wait_for(SELLING)
    stage.clock.set_by(change)
    stage.systemd.wait_for(SELLING)
    stage.clock.pass_by(SELL_TAKES)
    stage.systemd.wait_for("Next run: paper")
    stage.end(process)
    assert stage.sent == ["sell SPY"]
    assert [status for status, _ in stage.runs] == ["partial"]


def test_a_machine_that_wakes_within_the_window_runs_at_the_next_look(stage: Stage) -> None:
    stage.clock.pass_by(timedelta(hours=-4))
    process = stage.start()
    assert "WATCHDOG=1" in stage.systemd.wait_for("Next run: paper at 2026-11-23 15:30 EST")
    process.send_signal(signal.SIGSTOP)
    stage.clock.pass_by(timedelta(hours=4))
    process.send_signal(signal.SIGCONT)
    stage.systemd.wait_for(SELLING)
    stage.clock.pass_by(SELL_TAKES)
    stage.systemd.wait_for(NEXT)
    stage.end(process)
    assert stage.sent == ["sell SPY", "buy QQQ"]
