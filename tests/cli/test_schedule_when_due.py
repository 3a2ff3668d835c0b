"""`rebalance run --when-due`, as cron calls it every minute; and the window of a manual run."""

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO

import pytest
from accounts import HOLD_SPY, new_york_summer, write_config
from freezegun import freeze_time
from terminal import Terminal

from rebalancer import config
from rebalancer.app.schedule import outside_window
from rebalancer.cli.options import ask
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.journal.lease import run_lock
from rebalancer.market.clock import SimulatedClock

NOTHING = (0, "", "")


def when_due(rebalance, day: int, hour: int, minute: int = 0, *words: str):
    with freeze_time(new_york_summer(day, hour, minute)):
        return rebalance("run", "--when-due", *words)


def statuses(rebalance) -> list[str]:
    return [run["status"] for run in reversed(json.loads(rebalance("history", "--json").out)["runs"])]


def test_it_does_nothing_and_says_nothing_until_the_window_opens(rebalance, tmp_path):
    write_config(tmp_path)
    assert when_due(rebalance, 28, 15, 49) == NOTHING
    output = when_due(rebalance, 28, 15, 50)
    assert output.code == 0
    assert "SPY: bought" in output.out


def test_once_the_session_is_done_it_does_nothing_again(rebalance, tmp_path):
    write_config(tmp_path)
    when_due(rebalance, 28, 15, 50)
    assert when_due(rebalance, 28, 15, 51) == NOTHING
    assert when_due(rebalance, 28, 19) == NOTHING
    assert statuses(rebalance) == ["success"]


def test_without_an_enabled_account_it_does_nothing(rebalance, tmp_path):
    write_config(tmp_path, enabled=False)
    assert when_due(rebalance, 28, 15, 52) == NOTHING


def test_while_another_run_is_going_on_it_does_nothing(rebalance, tmp_path):
    write_config(tmp_path)
    with run_lock(tmp_path / "state/journal.sqlite"):
        assert when_due(rebalance, 28, 15, 52) == NOTHING
    assert when_due(rebalance, 28, 15, 53).code == 0
    assert statuses(rebalance) == ["success"]


def test_a_missed_session_is_reported_once_with_an_exit_code(rebalance, tmp_path):
    write_config(tmp_path)
    when_due(rebalance, 28, 12)
    output = when_due(rebalance, 28, 16, 5)
    assert output.code == 4
    assert "no run was started between 15:50 and 15:59 New York time" in output.out
    assert when_due(rebalance, 28, 16, 6) == NOTHING
    assert statuses(rebalance) == ["missed"]


def test_a_bot_that_can_not_be_read_is_a_failed_run_in_the_journal(rebalance, tmp_path):
    write_config(tmp_path, bot={**HOLD_SPY, "version": 99})
    output = when_due(rebalance, 28, 15, 50)
    assert output.code == 2
    assert "version" in output.out
    assert statuses(rebalance) == ["failed"]


def test_the_result_is_passed_to_on_result(rebalance, tmp_path):
    received = tmp_path / "received"
    program = f"import sys; open({str(received)!r}, 'a').write(sys.stdin.read() + '\\n')"
    write_config(tmp_path, top=f"on_result = {json.dumps(shlex.join([sys.executable, '-c', program]))}")
    when_due(rebalance, 27, 12)
    when_due(rebalance, 28, 15, 50)
    missed, success = map(json.loads, received.read_text().splitlines())
    assert (missed["session"], missed["status"], missed["exit_code"]) == ("2016-06-27", "missed", 4)
    assert (success["session"], success["status"], success["message"]) == (
        "2016-06-28",
        "success",
        "1 of 1 orders done",
    )


def test_a_failing_on_result_is_reported_and_journalled_and_the_run_counts(rebalance, tmp_path):
    write_config(tmp_path, top='on_result = "/no/such/command"')
    output = when_due(rebalance, 28, 15, 50)
    assert output.code == 0
    assert "error: on_result: command can't be run" in output.out
    assert statuses(rebalance) == ["success"]
    assert "error: on_result: command can't be run" in rebalance("history", 1).out


@pytest.mark.parametrize("words", [["--dry-run"], ["--force"], ["--as-of", "2016-06-01"], ["--account", "main"]])
def test_when_due_refuses_the_options_of_a_manual_run(rebalance, tmp_path, words):
    write_config(tmp_path)
    assert when_due(rebalance, 28, 12, 0, *words).code == 2


def test_json_is_printed_only_where_there_is_something_to_say(rebalance, tmp_path):
    write_config(tmp_path)
    assert when_due(rebalance, 28, 12, 0, "--json") == NOTHING
    received = json.loads(when_due(rebalance, 28, 15, 50, "--json").out)
    assert [account["status"] for account in received["accounts"]] == ["success"]


def test_when_nothing_is_due_nothing_heavy_is_imported(rebalance, tmp_path):
    write_config(tmp_path)
    assert when_due(rebalance, 28, 12) == NOTHING  # fills the calendar cache
    heavy = {"numpy", "pandas", "sqlite_utils", "rich", "apscheduler", "pydantic"}
    words = ["rebalance", "run", "--when-due", "--config", str(tmp_path / "config.toml")]
    program = (
        f"import sys; from freezegun import freeze_time; freeze_time('{new_york_summer(28, 12)}').start()\n"
        f"sys.argv = {words}; from rebalancer.cli import main\n"
        f"try: main()\nfinally: print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------------------------------------- by hand


def ask_at(tmp_path, hour: int, minute: int = 0, *, yes: bool = False) -> None:
    write_config(tmp_path, enabled=False)
    settings = config.load(tmp_path / "config.toml")
    clock = SimulatedClock(datetime(2026, 11, 23, hour + 5, minute, tzinfo=UTC))
    question = outside_window(settings, settings.accounts[0], clock)
    if question is not None:
        ask(question, "run", "nothing was done", yes=yes)


def test_inside_the_window_a_manual_run_needs_no_confirmation(tmp_path):
    ask_at(tmp_path, 15, 55)


def test_outside_the_window_yes_skips_the_confirmation(tmp_path):
    ask_at(tmp_path, 11, yes=True)


def test_outside_the_window_without_a_terminal_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", StringIO("y\n"))
    with pytest.raises(BadInputError, match=r"It is 11:00 New York time.*15:50.*use --yes to confirm"):
        ask_at(tmp_path, 11)


def test_outside_the_window_the_answer_on_the_terminal_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal("y\nn\n"))
    ask_at(tmp_path, 11)
    with pytest.raises(BadInputError, match="nothing was done"):
        ask_at(tmp_path, 11)


def test_outside_the_session_even_yes_is_refused(tmp_path):
    with pytest.raises(RunFailedError, match="Nothing was sent"):
        ask_at(tmp_path, 17, yes=True)


def by_hand(rebalance, day: int, hour: int, minute: int = 0, *words: str):
    with freeze_time(new_york_summer(day, hour, minute)):
        return rebalance("run", *words)


def test_a_manual_run_of_an_enabled_account_counts_as_the_sessions_run(rebalance, tmp_path):
    write_config(tmp_path)
    assert "use --yes to confirm" in by_hand(rebalance, 28, 11).err
    assert by_hand(rebalance, 28, 11, 0, "--yes").code == 0
    assert when_due(rebalance, 28, 15, 50) == NOTHING
    assert [run["session"] for run in json.loads(rebalance("history", "--json").out)["runs"]] == ["2016-06-28"]


def test_a_manual_run_is_refused_while_the_exchange_is_closed(rebalance, tmp_path):
    write_config(tmp_path)
    evening, saturday = by_hand(rebalance, 28, 17, 0, "--yes"), by_hand(rebalance, 25, 12, 0, "--yes")
    assert (evening.code, saturday.code) == (4, 4)
    assert "Nothing was sent" in evening.err
    assert "closed today" in saturday.err
