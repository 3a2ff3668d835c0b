"""A Python bot in its child process: what it answers, and every way in which it can fail."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rebalancer.app.bot_files import load_bot
from rebalancer.app.python_bot import ONE_DECISION, ProcessLimits, run_python
from rebalancer.app.python_runner import answer
from rebalancer.bots.python import PythonBot
from rebalancer.model import Allocation, BotFailure, Closes, Symbol

SPY, TLT = Symbol("SPY"), Symbol("TLT")


def closes(days: int = 5) -> Closes:
    """SPY rises by 1 a session from 100, TLT stays at 50."""
    sessions = np.busday_offset("2024-01-01", np.arange(days))
    return Closes(sessions, (SPY, TLT), np.column_stack((100.0 + np.arange(days), np.full(days, 50.0))))


def code(body: str, lookback: int = 2) -> bytes:
    """A bot of SPY and TLT; `body` is what weights() does."""
    head = f"import os, sys, time\nSYMBOLS = ['SPY', 'TLT']\nLOOKBACK = {lookback}\n\ndef weights(closes):\n"
    return (head + textwrap.indent(textwrap.dedent(body), "    ")).encode()


def bot(body: str, lookback: int = 2) -> PythonBot:
    found, problems = load_bot(code(body, lookback), "mine", "mine.py")
    assert not problems
    assert isinstance(found, PythonBot)
    return found


def reason(body: str) -> str:
    decision = bot(body).decide(closes())
    assert isinstance(decision, BotFailure)
    assert decision.bot == "mine"
    return decision.reason


# ------------------------------------------------------------------------------------------- what it answers


def test_a_bot_sees_the_closes_of_its_lookback_up_to_the_session_and_decides():
    body = """
        assert list(closes.columns) == ["SPY", "TLT"] and len(closes) == 2
        assert closes.index[-1].isoformat() == "2024-01-05T00:00:00"
        return {"SPY": (closes["SPY"].iloc[-1] - closes["SPY"].iloc[0]) / 2, "TLT": 0}
    """
    assert bot(body).decide(closes()) == Allocation(
        "mine", date(2024, 1, 5), {"SPY": 0.5}, path=("weights() returned SPY 50 %; the rest is cash",)
    )


def test_a_file_that_an_editor_began_with_a_byte_order_mark_is_read():
    found, problems = load_bot(b"\xef\xbb\xbf" + code("return {'SPY': 0.5}"), "mine", "mine.py")
    assert found is not None, problems
    assert found.decide(closes()).weights == {"SPY": 0.5}


def test_a_back_test_has_a_row_for_each_session_and_the_last_is_the_evenings_decision():
    body = "return {'SPY': closes['SPY'].iloc[-1] / 200}"
    rows = bot(body, lookback=3).weights(closes())
    assert np.isnan(rows[:2]).all()
    assert rows[2:].tolist() == [[0.51, 0], [0.515, 0], [0.52, 0]]


def test_a_session_that_fails_is_undefined_and_leaves_the_others_alone():
    body = "return {'TLT': 1.0} if closes['SPY'].iloc[-1] != 102 else 1 / 0"
    assert bot(body).weights(closes())[1:, 1].tolist() == pytest.approx([1, np.nan, 1, 1], nan_ok=True)


def test_columns_that_the_bot_does_not_know_are_not_held():
    wider = Closes(closes().sessions, (Symbol("AAA"), SPY, TLT), np.ones((5, 3)))
    assert bot("return {'TLT': 1}").weights(wider)[-1].tolist() == [0, 0, 1]


def test_a_bot_that_modifies_its_closes_does_not_affect_the_next_session():
    body = """
        last = closes["SPY"].iloc[-1]
        closes.loc[:, :] = 0
        return {"SPY": last / 1000}
    """
    assert bot(body).weights(closes())[1:, 0].tolist() == [0.101, 0.102, 0.103, 0.104]


def test_output_of_the_bot_on_any_stream_does_not_affect_its_answer():
    body = """
        print('{"SPY": 1.0}')
        os.write(1, b'{"SPY": 1.0}\\n')
        os.write(2, b"noise")
        os.system("echo noise")
        return {"TLT": 1}
    """
    decision = bot(body).decide(closes())
    assert isinstance(decision, Allocation)
    assert decision.weights == {"TLT": 1.0}


def test_missing_closes_are_a_warning():
    gap = closes()
    gap.values[-1, 1] = np.nan
    decision = bot("return {'SPY': 1}").decide(gap)
    assert isinstance(decision, Allocation)
    assert decision.warnings == ("TLT has no close on 1 of the last 2 sessions, the latest of them 2024-01-05",)


def test_too_few_sessions_are_a_reason_and_nothing_is_run():
    assert bot("os._exit(3)", 9).decide(closes()) == BotFailure(
        "mine", "its LOOKBACK is 9 sessions, and there are closes of 5"
    )


# ------------------------------------------------------------------------------------------- what it may not see


def test_the_child_has_no_variable_of_ours_and_an_empty_folder(monkeypatch):
    monkeypatch.setenv("APCA_API_SECRET_KEY", "a secret")
    body = "raise RuntimeError(str(sorted(os.environ)) + str(os.listdir()))"
    said = reason(body)
    assert "secret" not in said.lower()
    assert "'HOME', 'LANG'" in said
    assert "[]" in said


def test_the_child_inherits_no_open_file(tmp_path):
    with (tmp_path / "file").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)  # noqa: FBT003
        body = f"os.fstat({ours.fileno()}); return {{}}"
        assert "Bad file descriptor" in reason(body)


# ------------------------------------------------------------------------------------------- how it may fail


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return {'SPY': 1 / 0}", "weights() raised ZeroDivisionError: division by zero (line 6)"),
        ("sys.exit(0)", "weights() raised SystemExit: 0 (line 6)"),
        ("os._exit(7)", "its process ended without an answer (exit code 7)"),
        ("os.abort()", "its process was ended by the signal SIGABRT"),
        ("os.kill(os.getpid(), 9)", "its process was ended by the signal SIGKILL"),
        ("raise type('Silent', (Exception,), {'__str__': None})()", "weights() raised Silent (line 6)"),
        ("return None", "weights() returned a NoneType; it must return a dict of symbol: fraction"),
        ("return {'SPY': '0.5'}", "weights() returned a str for SPY; weights are numbers"),
        ("return {'SPY': float('nan')}", "weights() returned nan for SPY; a weight must be a number from 0 to 1"),
        (
            "return {'SPY': 0.6, 'TLT': 0.6}",
            "weights() returned weights that sum to 1.2; they must sum to 1 or less, the rest is cash",
        ),
        ("return {'GLD': 1}", "weights() returned 'GLD', which is not in SYMBOLS"),
        ("return {'SPY': bytearray(3 * 1024**3)}", "weights() ran out of the memory that it is allowed"),
    ],
)
def test_an_error_in_a_bot_is_a_failure_with_a_clear_message(body, said):
    if "memory" in said and not Path("/proc").exists():
        pytest.skip("this system has no limit of memory (macOS)")
    assert reason(body) == said


UNREADABLE = "weights() gave an answer that can't be read"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            r"b'{\"SPY\": ' + b'9' * 400 + b'}\n'",
            "weights() returned inf for SPY; a weight must be a number from 0 to 1",
        ),
        (r"b'[' * 60_000 + b'\n'", UNREADABLE),
        (r"b'\xff\n'", UNREADABLE),
        (r"b'{}\r{}\n'", UNREADABLE),
    ],
    ids=["a huge number", "deep nesting", "no text", "a second line end"],
)
def test_stray_output_among_the_answers_of_a_bot_is_a_bot_failure(line, said):
    assert reason(f"os.write(3, {line})") == said


def test_a_bot_that_writes_without_end_is_a_failure_and_takes_no_memory_of_the_run():
    limits = ProcessLimits(cpu_seconds=60, wall_seconds=300, file_bytes=20 * 1024**2)
    body = "while True: os.write(3, bytes(2**20))"
    assert failures(body, limits) == ["its process ended without an answer (exit code 1)"] * 2


@pytest.mark.linux
def test_a_signal_without_a_name_is_called_by_its_number():
    assert reason("os.kill(os.getpid(), 40)") == "its process was ended by the signal 40"


def test_a_process_forked_by_a_bot_can_not_answer_for_it():
    body = """
        if os.fork():
            os.wait()
            return {"SPY": 1}
        return {"TLT": 1}
    """
    assert failures(body, ONE_DECISION) == [{"SPY": 1.0}, {"SPY": 1.0}]


@pytest.mark.parametrize(
    "left", ["os.fork() or time.sleep(600)", "__import__('threading').Thread(target=time.sleep, args=(600,)).start()"]
)
def test_processes_that_a_bot_leaves_running_are_not_awaited(left):
    limits = ProcessLimits(cpu_seconds=60, wall_seconds=300)
    process = f"{left}\nreturn {{'SPY': 1}}"
    assert failures(process, limits) == [{"SPY": 1.0}, {"SPY": 1.0}]


def failures(body: str, limits: ProcessLimits) -> list[object]:
    return list(run_python(code(body), closes(3), 2, limits))


def test_a_bot_that_computes_for_ever_is_ended_by_its_limit_of_processor_time():
    body = "while True: pass"
    said = "weights() used up its 2 seconds of processor time"
    assert failures(body, ProcessLimits(cpu_seconds=2, wall_seconds=300)) == [said, said]


def test_a_bot_that_waits_for_ever_is_killed_at_its_deadline_with_its_child_processes():
    body = """
        os.system("sleep 600 &")
        time.sleep(600)
    """
    said = "weights() gave no answer within 3 seconds"
    assert failures(body, ProcessLimits(cpu_seconds=60, wall_seconds=3)) == [said, said]


def test_a_child_whose_parent_is_gone_ends_itself():
    limits = "python_runner.limit({'wall_seconds': -4, 'cpu_seconds': 60, 'memory_bytes': 2**31, 'file_bytes': 2**31})"
    script = f"import signal; from rebalancer.app import python_runner; {limits}; signal.pause()"
    ended = subprocess.run([sys.executable, "-c", script], check=False)  # noqa: S603 - our own interpreter
    assert ended.returncode == -signal.SIGALRM


def test_answers_before_the_end_of_the_process_count():
    body = """
        if closes["SPY"].iloc[-1] > 101:
            os._exit(1)
        return {"SPY": 1}
    """
    ended = "its process ended without an answer (exit code 1)"
    assert failures(body, ONE_DECISION) == [{"SPY": 1.0}, ended]


def test_a_file_that_fails_on_its_first_line_is_a_failure_with_the_line():
    broken = b"SYMBOLS = ['SPY']\nLOOKBACK = 1\nimport no_such_module\n\ndef weights(closes):\n    return {}\n"
    found, _ = load_bot(broken, "mine", "mine.py")
    assert found is not None
    assert found.decide(closes()) == BotFailure(
        "mine", "the file can't be run: ModuleNotFoundError: No module named 'no_such_module' (line 3)"
    )


def test_a_process_that_can_not_be_started_is_a_failure(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    assert failures("return {}", ONE_DECISION) == ["its process can't be started: No such file or directory"] * 2


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ([0.5, 0.5], "a list; it must return a dict of symbol: fraction"),
        ({1: 0.5}, "a key that is a int; keys are tickers"),
        (dict.fromkeys(map(str, range(1001)), 0), "1,001 symbols; up to 1,000 are read"),
        ({"SPY": True}, "a bool for SPY; weights are numbers"),
        ({"SPY": "0.5"}, "a str for SPY; weights are numbers"),
    ],
)
def test_an_answer_that_is_not_a_dict_of_numbers_is_reported(returned, said):
    assert answer(lambda _closes: returned, None) == f"weights() returned {said}"
