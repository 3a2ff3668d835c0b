"""`rebalance schedule`: upcoming runs, days of unattended runs, and shutdown."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from accounts import new_york_summer, write_config
from answers_schema import validator
from freezegun import freeze_time
from schedule_loops import schedule_loop

from rebalancer.app.schedule_loop import ScheduleLoop
from rebalancer.cli.schedule import Screen, keep, print_poll
from rebalancer.cli.signals import shutdown_signal
from rebalancer.errors import BadInputError
from rebalancer.market.clock import SimulatedClock
from rebalancer.notify.systemd import Supervisor

# ---------------------------------------------------------------------------------------------- what is coming


@pytest.mark.parametrize(
    ("today", "starts"),
    [
        ("2026-11-25 12:00", ["2026-11-25 15:50 EST", "2026-11-27 12:50 EST", "2026-11-30 15:50 EST"]),
        ("2026-12-23 22:00", ["2026-12-24 12:50 EST", "2026-12-28 15:50 EST"]),
        ("2027-01-15 22:00", ["2027-01-19 15:50 EST"]),
        ("2027-03-12 12:00", ["2027-03-12 15:50 EST", "2027-03-15 15:50 EDT"]),
        ("2026-10-30 12:00", ["2026-10-30 15:50 EDT", "2026-11-02 15:50 EST"]),
        ("2026-12-31 22:00", ["2027-01-04 15:50 EST"]),
    ],
)
def test_the_coming_runs_know_half_days_holidays_and_clock_changes(rebalance, tmp_path, today, starts):
    write_config(tmp_path)
    with freeze_time(today):
        output = rebalance("schedule", "--next", len(starts))
    assert output.code == 0
    lines = [line for line in output.out.splitlines() if line.startswith("main ")]
    assert all(start in line for start, line in zip(starts, lines, strict=True))


def test_the_coming_runs_for_machines_are_in_utc(rebalance, tmp_path):
    write_config(tmp_path)
    with freeze_time("2026-11-27 12:00"):
        answer = json.loads(rebalance("schedule", "--next", 1, "--json").out)
    assert answer["coming_runs"] == [
        {
            "account": "main",
            "session": "2026-11-27",
            "starts": "2026-11-27T17:50:00+00:00",
            "closes": "2026-11-27T18:00:00+00:00",
            "zone": "America/New_York",
            "blocked": [],
        }
    ]


def test_a_year_beyond_the_calendar_is_refused(rebalance, tmp_path):
    write_config(tmp_path)
    with freeze_time("2026-11-27 12:00"):
        output = rebalance("schedule", "--next", 600)
    assert output.code == 4
    assert "knows 1990 to 2027, not 2028" in output.err


@pytest.mark.parametrize("words", [["--next", 3], []])
def test_without_an_enabled_account_there_is_nothing_to_schedule(rebalance, tmp_path, words):
    write_config(tmp_path, enabled=False)
    output = rebalance("schedule", *words)
    assert output.code == 2
    assert "set enabled = true in [accounts.NAME]" in output.err


# ---------------------------------------------------------------------------------------------- days on end


def poll_until(loop: ScheduleLoop, clock: SimulatedClock, end, every: timedelta) -> None:
    while clock.now() < end:
        print_poll(loop)
        clock.sleep(every.total_seconds())


def test_three_days_unattended_are_three_runs_each_ten_minutes_before_the_close(rebalance, tmp_path, capsys):
    write_config(tmp_path)
    clock = SimulatedClock(new_york_summer(28, 9, 50))
    poll_until(schedule_loop(clock), clock, new_york_summer(30, 18), timedelta(hours=2))
    output = capsys.readouterr().out.splitlines()
    assert [line for line in output if "success" in line] == [
        f"2016-06-{day} 15:50 EDT  main: success (run {run}): {done}"
        for run, (day, done) in enumerate(
            [(28, "1 of 1 orders done"), (29, "no order was needed"), (30, "no order was needed")], start=1
        )
    ]
    runs = json.loads(rebalance("history", "--json").out)["runs"]
    assert [(run["session"], run["status"]) for run in reversed(runs)] == [
        ("2016-06-28", "success"),
        ("2016-06-29", "success"),
        ("2016-06-30", "success"),
    ]


def test_the_next_run_is_shown_whenever_it_changes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    clock = SimulatedClock(new_york_summer(28, 9, 50))
    loop = schedule_loop(clock)
    poll_until(loop, clock, new_york_summer(28, 17), timedelta(hours=1))
    ahead = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Next run")]
    assert ["2016-06-28 15:50 EDT" in ahead[0], "2016-06-29 15:50 EDT" in ahead[1], len(ahead)] == [True, True, 2]
    assert loop.next_start == new_york_summer(29, 15, 50)


def test_a_machine_that_slept_through_the_window_says_what_it_missed_and_runs_the_next(rebalance, tmp_path, capsys):
    write_config(tmp_path)
    clock = SimulatedClock(new_york_summer(28, 9))
    loop = schedule_loop(clock)
    print_poll(loop)
    clock.sleep(timedelta(hours=24).total_seconds())
    print_poll(loop)
    print_poll(loop)
    clock.sleep(timedelta(hours=6, minutes=53).total_seconds())
    print_poll(loop)
    output = capsys.readouterr().out
    assert output.count("missed (run 1): no run was started between 15:50 and 15:59 New York time") == 1
    runs = json.loads(rebalance("history", "--json").out)["runs"]
    assert [(run["session"], run["status"]) for run in reversed(runs)] == [
        ("2016-06-28", "missed"),
        ("2016-06-29", "success"),
    ]
    shown = rebalance("history", 1).out
    assert "missed: no run was started" in shown
    assert "session 2016-06-28, 2016-06-29 09:00 New York time, 1,020 minutes after the close" in shown


def test_in_json_each_result_and_each_failed_look_is_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    loop = schedule_loop(SimulatedClock(new_york_summer(28, 15, 51)))
    print_poll(loop, Screen(json=True))
    write_config(tmp_path, top="nonsense = 1")
    print_poll(loop, Screen(json=True))
    output = capsys.readouterr()
    result, failed = map(json.loads, output.out.splitlines())
    validator("schedule, a result").validate(result)
    validator("schedule, a failed look").validate(failed)
    assert (result["status"], "nonsense" in failed["error"]["message"], output.err) == ("success", True, "")


def test_an_edited_config_applies_from_the_next_poll_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    clock = SimulatedClock(new_york_summer(28, 9))
    loop = schedule_loop(clock)
    print_poll(loop)
    write_config(tmp_path, enabled=False)
    clock.sleep(timedelta(hours=6, minutes=52).total_seconds())
    print_poll(loop)
    assert loop.next_start is None
    assert "success" not in capsys.readouterr().out


def test_a_broken_config_is_reported_once_and_survived(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path, top="nonsense = 1")
    loop = schedule_loop(SimulatedClock(new_york_summer(28, 15, 51)))
    print_poll(loop)
    print_poll(loop)
    assert capsys.readouterr().err.count("nonsense") == 1
    write_config(tmp_path)
    print_poll(loop)
    assert "success" in capsys.readouterr().out


def test_prices_that_end_before_today_are_reported_three_times_and_then_not_retried(rebalance, tmp_path, capsys):
    write_config(tmp_path)
    clock = SimulatedClock(new_york_summer(28, 15, 50) + timedelta(days=30))
    poll_until(schedule_loop(clock), clock, clock.now() + timedelta(minutes=9), timedelta(seconds=30))
    output = capsys.readouterr().out
    assert output.count("there are no prices of 2016-07-28: those of the source in [data] end on 2016-07-01") == 3
    assert [run["status"] for run in json.loads(rebalance("history", "--json").out)["runs"]] == ["failed"] * 3


# ---------------------------------------------------------------------------------------------- its end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_waits_ends_it_cleanly(tmp_path: Path, number: signal.Signals):
    write_config(tmp_path)
    program = (
        "import sys, pandas; from freezegun import freeze_time; freeze_time('2026-11-21 12:00', tick=True).start()\n"
        f"sys.argv = ['rebalance', 'schedule', '--config', {str(tmp_path / 'config.toml')!r}]\n"
        "from rebalancer.cli import main; main()"
    )
    pipe, command = subprocess.PIPE, [sys.executable, "-c", program]
    environ = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(environ["NOTIFY_SOCKET"])
        with subprocess.Popen(command, env=environ, stdout=pipe, stderr=pipe, text=True) as child:  # noqa: S603
            assert child.stdout is not None
            assert child.stdout.readline().startswith("Next run: main at ")
            heard = [systemd.recv(1000).decode() for _ in range(2)]
            child.send_signal(number)
            out, err = child.communicate(timeout=300)
        while heard[-1] != "STOPPING=1":
            heard.append(systemd.recv(1000).decode())
    assert (child.returncode, out, err) == (0, "The schedule has ended.\n", "")
    ready, alive, *_ = heard
    assert ready == "READY=1"
    assert alive.startswith("STATUS=Next run: main at 2026-11-23 15:50 EST")
    assert alive.endswith("\nWATCHDOG=1")


def waiting(systemd: socket.socket) -> Iterator[bytes]:
    """What was sent and not read yet."""
    with suppress(BlockingIOError):
        while True:
            yield systemd.recv(1000)


def test_a_look_that_is_stuck_gives_no_sign_of_life(tmp_path: Path):
    stop, looking, go_on = Event(), Event(), Event()

    def stuck():
        looking.set()
        go_on.wait()
        stop.set()
        raise BadInputError.of("config.toml", "can't be read")

    clock, address = SimulatedClock(new_york_summer(28, 9)), str(tmp_path / "notify")
    loop = ScheduleLoop(stuck, clock, stop.is_set)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(0)
        keeping = Thread(target=keep, args=(loop, stop, Screen(), Supervisor(address, clock, pytest.fail), 0.01))
        keeping.start()
        assert looking.wait(300)
        assert [*waiting(systemd)] == [b"READY=1"]
        go_on.set()
        keeping.join()
        heard = {*waiting(systemd)}
    assert heard == {b"STOPPING=1", b"STATUS=config.toml: can't be read\nWATCHDOG=1"}


def test_a_first_signal_is_noted_and_a_second_ctrl_c_interrupts():
    with shutdown_signal() as shutdown:
        assert not shutdown.is_set()
        signal.raise_signal(signal.SIGTERM)
        assert shutdown.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_after_a_shutdown_request_no_account_is_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    shutdown = Event()
    shutdown.set()
    print_poll(schedule_loop(SimulatedClock(new_york_summer(28, 15, 51)), shutdown))
    assert "success" not in capsys.readouterr().out
