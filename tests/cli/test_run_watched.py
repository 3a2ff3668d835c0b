"""What a run shows while it works, and how a person ends one that changes nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from own_prices import DAYS, write_account
from terminal import Terminal

ENDED = "ended by a signal before it was done. Nothing was sent."
SLEEPS = """
import time
SYMBOLS = ["SPY"]
LOOKBACK = 3

def weights(closes):
    open({started!r}, "w").close()
    time.sleep(60)
"""


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error from here on. No fixture: pytest would take it back before the test."""
    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_a_terminal_shows_what_a_run_is_at_and_neither_the_output_nor_the_journal_has_it(
    rebalance, monkeypatch, tmp_path: Path
):
    screen = terminal(monkeypatch)
    output = rebalance("run")
    shown = screen.getvalue()
    assert output.code == 0
    assert "\r[#####...............] 1 of 4  Asking Dual momentum\x1b[K" in shown
    assert shown.endswith("\r\x1b[K")
    assert "Asking" not in output.out
    assert b"Asking" not in (tmp_path / "state/demo/journal.sqlite").read_bytes()


@pytest.mark.parametrize("command", [["run"], ["backtest", "Dual momentum"], ["data", "status"], ["config", "check"]])
def test_nothing_is_shown_with_json(rebalance, monkeypatch, command: list[str]):
    screen = terminal(monkeypatch)
    assert rebalance(*command, "--json").code == 0
    assert "\r" not in screen.getvalue()


def test_a_backtest_shows_the_bot_that_it_is_at(rebalance, monkeypatch):
    screen = terminal(monkeypatch)
    assert rebalance("backtest", "Dual momentum", "Inverse volatility").code == 0
    assert "\r[##########..........] 1 of 2  Back-testing Inverse volatility\x1b[K" in screen.getvalue()


def test_a_folder_shows_the_file_that_is_read(rebalance, monkeypatch, tmp_path: Path):
    write_account(tmp_path, {"SPY": ["400"] * 5}, {"asset": "SPY"})
    screen = terminal(monkeypatch)
    assert rebalance("data", "status").code == 0
    assert "\rReading " in screen.getvalue()


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_signal_ends_a_dry_run_at_once_and_the_next_one_is_as_ever(
    rebalance, tmp_path: Path, number: signal.Signals, form: list[str]
):
    write_account(tmp_path, {"SPY": ["400"] * 5}, {"asset": "SPY"})
    config, started = tmp_path / "config.toml", tmp_path / "started"
    (tmp_path / "mine.py").write_text(SLEEPS.format(started=str(started)))
    before = config.read_text()
    config.write_text(before.replace("b.json", "mine.py"))
    os.mkfifo(started)
    command = [sys.executable, "-m", "rebalancer", "run", "--dry-run", "--as-of", str(DAYS[3]), *form]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) as child:  # noqa: S603
        started.read_text()  # until the bot opens it
        child.send_signal(number)
        out, err = child.communicate(timeout=300)
    assert child.returncode == 130
    assert err == ("" if form else f"rebalance: {ENDED}\n")
    assert out == "" if not form else ENDED in json.dumps(json.loads(out))
    config.write_text(before)
    assert rebalance("run", "--dry-run", "--as-of", DAYS[3]).code == 0
