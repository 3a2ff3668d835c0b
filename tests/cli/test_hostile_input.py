"""Hostile input to a command: refused in a sentence, within 200 MB and a few seconds, and nobody is waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from limited import answer

pytestmark = pytest.mark.linux

COMMAND = """
import rebalancer.app.doctor, rebalancer.app.source, rebalancer.app.runs  # most of what the commands import
from rebalancer.cli import main

limit()
main()
"""
BOT = '{"format":"rebalancer/bot","version":1,"name":"x","chart":{"asset":"SPY"}}'
CONFIG = """state_dir = "{folder}/state"
[data]
source = "folder"
folder = "prices"
[accounts.a]
broker = "sim"
[accounts.a.trading]
fallback_ticker = "CASH"
[[accounts.a.investments]]
bot = "b.json"
amount = {amount}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "a.csv").write_text("date,SPY\n2026-03-02,400\n2026-03-03,401\n")
    (tmp_path / "b.json").write_text(BOT)
    (tmp_path / "config.toml").write_text(CONFIG.format(folder=tmp_path, amount=100))
    return tmp_path


def said(folder: Path, *words: str, exit_code: int = 2) -> str:
    """What the command says, on one line."""
    return " ".join(answer(COMMAND, *words, "--config", str(folder / "config.toml"), exit_code=exit_code).split())


@pytest.mark.parametrize("words", [("data", "status"), ("run",), ("run", "--dry-run"), ("backtest", "b")])
def test_a_pipe_among_the_prices_is_refused_by_name(folder: Path, words: tuple[str, ...]) -> None:
    os.mkfifo(folder / "prices" / "x.csv")
    text = said(folder, *words)
    assert "prices/x.csv: can't be read: it is no ordinary file; replace the file, or take it out of the folder" in text


AMOUNTS = ["1e-999999999", "1e999999999", "1e-400", "9" * 400]


@pytest.mark.parametrize("amount", AMOUNTS, ids=lambda amount: amount[:12])
@pytest.mark.parametrize("words", [("config", "check"), ("config", "show"), ("invest", "list"), ("run", "--dry-run")])
def test_an_amount_of_a_billion_digits_is_refused_before_it_is_printed(
    folder: Path, amount: str, words: tuple[str, ...]
) -> None:
    (folder / "config.toml").write_text(CONFIG.format(folder=folder, amount=amount))
    assert "has too many digits: use a number from 0.01 to 1,000,000,000,000" in said(folder, *words)


@pytest.mark.parametrize("amount", AMOUNTS, ids=lambda amount: amount[:12])
def test_such_an_amount_on_the_command_line_is_refused(folder: Path, amount: str) -> None:
    assert "is no amount: write a number such as 6000 or 12.5" in said(folder, "invest", "set", "b", amount)
    assert "is not a valid amount" in said(folder, "live", "arm", "--max-dollars", amount, "--until", "2026-11-30")


@pytest.mark.parametrize(
    "words",
    [
        ("history", "9" * 25),
        ("history", "--limit", "9" * 25),
        ("orders", "--run", "9" * 25),
        ("config", "changes", "--limit", "9" * 25),
        ("status", "--max-age", "1e308"),
        ("status", "--max-age", "nan"),
        ("schedule", "--next", "1000000000"),
    ],
    ids=" ".join,
)
def test_a_number_beyond_any_use_is_refused(folder: Path, words: tuple[str, ...]) -> None:
    assert "Invalid value for" in said(folder, *words)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2_000_000_000)


@pytest.mark.parametrize("make", [pipe, device, sparse])
@pytest.mark.parametrize("name", ["b.json", "b.py"])
def test_a_bot_that_is_no_file_or_huge_is_refused(folder: Path, name: str, make: Callable[[Path], None]) -> None:
    (folder / "b.json").unlink()
    make(folder / name)
    text = " ".join(answer(COMMAND, "bots", "check", str(folder / name), exit_code=2).split())
    assert "can't be read: it is no ordinary file" in text or "it is 2,000,000,000 bytes long; up to" in text


@pytest.mark.parametrize("make", [pipe, device, sparse])
def test_a_config_that_is_no_file_or_huge_is_refused(folder: Path, make: Callable[[Path], None]) -> None:
    (folder / "config.toml").unlink()
    make(folder / "config.toml")
    text = said(folder, "config", "check")
    assert "is no ordinary file" in text or "it is 2,000,000,000 bytes long; up to 131,072 are read" in text


@pytest.mark.parametrize("words", [("history",), ("status",), ("halt", "--reason", "x")], ids=" ".join)
def test_a_journal_that_is_a_pipe_is_refused(folder: Path, words: tuple[str, ...]) -> None:
    (folder / "state").mkdir()
    os.mkfifo(folder / "state" / "journal.sqlite")
    assert "can't be used: it is no ordinary file. Move it away." in said(folder, *words, exit_code=4)
