"""`rebalance status`: one screen, and an exit code that a monitor can watch."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from accounts import HOLD_SPY, new_york_summer, write_config
from freezegun import freeze_time

FINE, NEEDS_ATTENTION = 0, 6


def at(rebalance, day: int, hour: int, minute: int, *words: object):
    with freeze_time(new_york_summer(day, hour, minute)):
        return rebalance(*words)


def test_a_done_run_is_fine_and_the_next_one_is_named(rebalance, tmp_path):
    write_config(tmp_path)
    at(rebalance, 28, 15, 50, "run", "--when-due")
    output = at(rebalance, 28, 17, 0, "status")
    assert output.code == FINE
    for words in (
        "1, session 2016-06-28, 1 h 10 min ago: success, 1 of 1 orders done",
        "2016-06-29 15:50 EDT, in 22 h 50 min",
    ):
        assert words in output.out


def test_an_account_that_is_not_enabled_is_shown_as_such(rebalance, tmp_path):
    write_config(tmp_path, enabled=False)
    output = at(rebalance, 28, 17, 0, "status")
    assert output.code == FINE
    assert "none yet" in output.out
    assert "not enabled" in output.out


def test_a_session_without_a_run_needs_a_look_even_if_no_schedule_is_running(rebalance, tmp_path):
    write_config(tmp_path)
    at(rebalance, 28, 12, 0, "status")
    output = at(rebalance, 28, 16, 0, "status")
    assert output.code == NEEDS_ATTENTION
    assert "main: the session of 2016-06-28 was missed" in output.out


def test_a_missed_session_that_was_written_off_needs_a_look_until_the_next_run_is_done(rebalance, tmp_path):
    write_config(tmp_path)
    at(rebalance, 28, 12, 0, "run", "--when-due")
    at(rebalance, 28, 16, 0, "run", "--when-due")
    assert at(rebalance, 28, 17, 0, "status").code == NEEDS_ATTENTION
    at(rebalance, 29, 15, 50, "run", "--when-due")
    assert at(rebalance, 29, 17, 0, "status").code == FINE


def test_a_failed_run_needs_a_look_with_its_reason(rebalance, tmp_path):
    write_config(tmp_path, bot={**HOLD_SPY, "version": 99})
    at(rebalance, 28, 15, 50, "run", "--when-due")
    output = at(rebalance, 28, 17, 0, "status")
    assert output.code == NEEDS_ATTENTION
    assert "main: run 1 for the session of 2016-06-28 failed: " in output.out


@pytest.mark.parametrize(("hours", "code"), [(17, FINE), (16, NEEDS_ATTENTION)])
def test_max_age_is_the_age_of_the_last_run_that_was_done(rebalance, tmp_path, hours, code):
    write_config(tmp_path)
    at(rebalance, 28, 15, 50, "run", "--when-due")
    output = at(rebalance, 29, 8, 20, "status", "--max-age", hours)
    assert output.code == code
    assert ("is 16.5 hours old; at most 16 are allowed" in output.out) == (code == NEEDS_ATTENTION)


def test_with_a_max_age_an_account_that_never_ran_needs_a_look(rebalance, tmp_path):
    write_config(tmp_path, enabled=False)
    output = at(rebalance, 28, 12, 0, "status", "--max-age", 24)
    assert output.code == NEEDS_ATTENTION
    assert "no run has completed yet; at most 24 hours are allowed" in output.out


def test_json_says_the_same_as_the_screen(rebalance, tmp_path):
    write_config(tmp_path)
    at(rebalance, 28, 15, 50, "run", "--when-due")
    answer = json.loads(at(rebalance, 28, 17, 0, "status", "--json").out)
    (account,) = answer["accounts"]
    assert answer["exit_code"] == FINE
    assert (account["account"], account["enabled"], account["troubles"]) == ("main", True, [])
    assert account["last_run"]["status"] == "success"
    assert account["next_run"]["starts"] == "2016-06-29T19:50:00+00:00"


def test_a_halt_is_on_the_screen_with_what_lifts_it_and_in_json(rebalance, tmp_path):
    write_config(tmp_path)
    at(rebalance, 28, 12, 0, "halt", "--reason", "a look at the broker")
    output = at(rebalance, 28, 12, 1, "status")
    assert output.code == NEEDS_ATTENTION
    for words in ("main (halted)", "Needs you", "a look at the broker", "rebalance resume"):
        assert words in output.out
    (account,) = json.loads(at(rebalance, 28, 12, 1, "status", "--json").out)["accounts"]
    assert [halt["reason"] for halt in account["halts"]] == ["a look at the broker"]
    assert account["unknown_orders"] == 0


def test_where_nobody_is_needed_the_screen_says_so_and_as_of_when(rebalance, tmp_path):
    write_config(tmp_path)
    output = at(rebalance, 28, 12, 0, "status")
    assert "No account needs you." in output.out
    assert "As of 2016-06-28 16:00 UTC." in output.out


def test_what_goes_wrong_with_a_monitor_is_a_note_and_no_trouble_of_an_account(rebalance, tmp_path):
    (tmp_path / "taken").write_text("no folder")
    write_config(tmp_path, top='[metrics]\ntextfile = "taken/figures.prom"')
    at(rebalance, 28, 15, 50, "run", "--when-due")
    answer = json.loads(at(rebalance, 28, 17, 0, "status", "--json").out)
    assert (answer["exit_code"], [note.partition(":")[0] for note in answer["notes"]]) == (FINE, ["metrics"])
    assert answer["notes"][0] in at(rebalance, 28, 17, 0, "status").out.replace("\n", " ")


@pytest.mark.parametrize("words", [("--json",), ()])
def test_a_watch_is_for_a_terminal(rebalance, words):
    output = rebalance("status", "--watch", *words)
    assert output.code == 2
    assert "rebalance status --json" in output.out + output.err


@pytest.mark.posix
def test_a_watch_shows_the_screen_and_ends_well_at_ctrl_c(tmp_path):
    write_config(tmp_path)
    ours, its = os.openpty()
    words = [sys.executable, "-m", "rebalancer", "status", "--watch"]
    with subprocess.Popen(words, cwd=tmp_path, stdin=its, stdout=its, stderr=its) as child:  # noqa: S603 - our own words
        os.close(its)
        shown = b""
        while b"As of" not in shown:
            shown += os.read(ours, 10_000)
        child.send_signal(signal.SIGINT)
        assert child.wait() == FINE
    os.close(ours)
    assert b"No account needs you." in shown


def test_status_reports_a_rolled_back_journal_as_run_and_doctor_do(rebalance, tmp_path):
    write_config(tmp_path)
    at(rebalance, 28, 15, 50, "run", "--when-due")
    at(rebalance, 28, 16, 0, "backup", "copy.sqlite")
    at(rebalance, 28, 16, 1, "halt")
    shutil.copy("copy.sqlite", tmp_path / "state" / "journal.sqlite")

    output = {words: at(rebalance, 29, 15, 50, words, "--json") for words in ("status", "run", "doctor")}
    assert {words: each.code for words, each in output.items()} == {"status": NEEDS_ATTENTION, "run": 5, "doctor": 4}
    for each in output.values():
        assert "is older than the one last written here" in each.out + each.err
