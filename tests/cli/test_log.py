"""Logs: a line for each event, with its account, session and run; masked, rotated, and never in the way of a run."""

import json
import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from accounts import new_york_summer, write_config
from freezegun import freeze_time
from schedule_loops import schedule_loop

from rebalancer.app.views import PollFailed
from rebalancer.cli.log import OLD_FILES, Log, LogFile, read_by_journald
from rebalancer.cli.schedule import Screen, print_poll
from rebalancer.errors import BadInputError
from rebalancer.market.clock import SimulatedClock
from rebalancer.report.log import LogLine, log_lines

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) account=(\S+) session=(\S+) run=(\S+) (.+)")


def test_every_line_of_an_evening_says_the_account_the_session_and_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    clock = SimulatedClock(new_york_summer(28, 15, 51))
    with Log(clock, LogFile(tmp_path / "a.log")) as log:
        print_poll(schedule_loop(clock), Screen(log))
    found = [LINE.fullmatch(line) for line in (tmp_path / "a.log").read_text().splitlines()]
    assert all(found)
    about = [match.groups() for match in found if match]
    assert {(account, session) for _, account, session, *_ in about} == {("main", "2016-06-28"), ("main", "2016-06-29")}
    run = [text for _, _, session, number, text in about if number == "1"]
    assert re.fullmatch(r"order \S+: buy \d+ SPY, filled, \d+ of \d+ filled at [\d.]+ USD", run[0])
    assert run[-1] == "success: 1 of 1 orders done"
    assert "success (run 1)" in capsys.readouterr().out


def test_to_systemds_journal_lines_have_a_priority_and_nothing_else_is_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    clock = SimulatedClock(new_york_summer(28, 15, 51))
    with Log(clock, journald=True) as log:
        print_poll(schedule_loop(clock), Screen(log))
        log.write(log_lines(PollFailed("the config can't be read")))
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("<6>account=main session=") for line in lines[:-1])
    assert lines[-1] == "<3>account=- session=- run=- the config can't be read"


def test_the_journal_is_told_by_its_device_and_number_and_not_by_its_variable_alone(tmp_path):
    with (tmp_path / "stream").open("w") as stream:
        status = os.fstat(stream.fileno())
        assert read_by_journald(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        assert not read_by_journald(stream, {"JOURNAL_STREAM": "8:1"})
        assert not read_by_journald(stream, {})
    assert not read_by_journald(stream, {"JOURNAL_STREAM": "8:1"})  # closed


def test_account_numbers_are_masked_and_no_text_forges_a_line(tmp_path):
    with Log(SimulatedClock(NOON), LogFile(tmp_path / "a.log"), numbers=lambda: ["PA3EXAMPLE123"]) as log:
        log.write([LogLine(20, "PA3EXAMPLE123 and account 987654321\nERROR account=forged", "main")])
    (line,) = (tmp_path / "a.log").read_text().splitlines()
    assert "***123 and account ***321\\nERROR account=forged" in line


def test_a_full_file_is_kept_aside_and_only_its_owner_reads_them(tmp_path):
    before = os.umask(0)
    try:
        with Log(SimulatedClock(NOON), LogFile(tmp_path / "a.log", most_bytes=200)) as log:
            log.write(LogLine(20, f"line {number}") for number in range(100))
    finally:
        os.umask(before)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + OLD_FILES
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 200 for file in files)
    assert "line 99" in (tmp_path / "a.log").read_text()


@pytest.mark.linux
def test_a_full_disk_costs_lines_and_is_told_once(tmp_path, capsys):
    file = LogFile(tmp_path / "a.log")
    with Log(SimulatedClock(NOON), file) as log, file.setStream(Path("/dev/full").open("w")):
        log.write(LogLine(20, f"line {number}") for number in range(3))
    assert file.lost == 3
    assert capsys.readouterr().err.count("can't be written") == 1


@pytest.mark.posix
def test_a_log_that_can_not_be_opened_is_refused_before_anything_is_done(rebalance, tmp_path):
    write_config(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInputError, match="no ordinary file"):
        LogFile(tmp_path / "pipe")
    with freeze_time(new_york_summer(28, 15, 51)):
        refused = rebalance("run", "--when-due", "--log-file", tmp_path / "pipe" / "a.log")
    assert refused.code == 2
    assert "--log-file" in refused.err
    assert json.loads(rebalance("history", "--json").out)["runs"] == []


@pytest.mark.parametrize("named", ["config.toml", "state/journal.sqlite"])
def test_a_config_or_a_journal_named_as_the_log_is_refused_and_stays_as_it_is(rebalance, tmp_path, named):
    write_config(tmp_path)
    assert rebalance("run", "--as-of", "2016-06-28").code == 0
    file = tmp_path / named
    before = file.read_bytes()
    refused = rebalance("run", "--as-of", "2016-06-29", "--log-file", file)
    assert refused.code == 2
    assert "name another file" in refused.err
    assert file.read_bytes() == before


def test_a_first_run_makes_no_log_of_the_journal_to_be(rebalance, tmp_path):
    write_config(tmp_path)
    journal = tmp_path / "state" / "journal.sqlite"
    assert "is the journal" in rebalance("run", "--as-of", "2016-06-28", "--log-file", journal).err
    assert not journal.exists()


def test_cron_gets_a_line_a_run_in_its_log_and_a_quick_answer_without_one(rebalance, tmp_path):
    write_config(tmp_path)
    log = tmp_path / "a.log"
    for minute in (49, 50, 51):
        with freeze_time(new_york_summer(28, 15, minute)):
            assert rebalance("run", "--when-due", "--log-file", log, "--config", tmp_path / "config.toml").code == 0
    assert log.read_text().count("success: 1 of 1 orders done") == 1


def test_an_order_of_a_dry_run_is_never_taken_for_one_that_was_sent(rebalance, tmp_path):
    write_config(tmp_path)
    assert rebalance("run", "--dry-run", "--as-of", "2016-06-28", "--log-file", tmp_path / "a.log").code == 0
    texts = [match[5] for line in (tmp_path / "a.log").read_text().splitlines() if (match := LINE.fullmatch(line))]
    orders = [text for text in texts if "order" in text]
    assert orders
    assert all(text.startswith("DRY RUN, nothing was sent: ") for text in orders)
