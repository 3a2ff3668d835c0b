"""Bots that read highs and lows, on prices of a folder."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from own_prices import DAYS, write_account, write_bot

ATR = {"average-true-range": {"of": "SPY", "window": 2}}
CALM = {"if": {"left": ATR, "is": "lt", "right": 11}, "then": {"asset": "TLT"}, "else": {"cash": True}}
OVER_11 = {"left": {"current-price": {"of": "SPY"}}, "is": "gt", "right": 11}
CLOSES = {"SPY": ["400"] * 5, "TLT": ["100"] * 5}
HIGHS = ("404", "404", "404", "404", "410")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """SPY stands at 400 and ranges by 8 USD a day, on the last day by 14; a file of its own has its bars."""
    write_account(tmp_path, CLOSES, CALM)
    write_bars(tmp_path)
    return tmp_path


def write_bars(folder: Path, columns: str = "high,low", highs: Sequence[str] = HIGHS) -> None:
    rows = [f"{day},SPY,400,{high},396" for day, high in zip(DAYS, highs, strict=True)]
    (folder / "prices" / "spy.csv").write_text("\n".join((f"date,symbol,close,{columns}", *rows)) + "\n")


def test_explain_shows_the_value_of_an_indicator_of_bars(rebalance, folder):
    output = rebalance("explain", "b")
    assert output.code == 0, output.out
    assert "ATR(SPY,2) = 11, not < 11 (by 0) -> cash 100 %" in output.out
    assert "ATR(SPY,2) = 8 < 11 (by 3) -> TLT 100 %" in rebalance("explain", "b", "--on", str(DAYS[-2])).out


def test_the_last_day_of_the_folder_stands_in_for_tonights_bar(rebalance, folder):
    output = rebalance("run", "--dry-run")
    assert output.code == 0, output.out
    assert f"the bar of SPY of {DAYS[-1]} so far: high 410, low 396" in output.out


def test_the_audit_of_a_run_reads_the_final_bars(rebalance, folder):
    write_bars(folder, highs=["404"] * 5)  # before the close of the last day
    assert rebalance("run", "--as-of", DAYS[-1]).code == 0
    write_bars(folder)
    output = rebalance("audit-close", "--json")
    (row,) = json.loads(output.out)["audited"]
    assert (output.code, row["decided_weights"], row["weights_by_closes"]) == (3, {"TLT": 1.0}, {})


def test_a_back_test_reads_the_bars(rebalance, folder):
    output = rebalance("backtest", "b", "--benchmark", "TLT", "--json")
    assert output.code == 0, output.out
    assert json.loads(output.out)


def test_a_field_that_a_ticker_never_has_refuses_a_back_test_and_fails_the_bot_by_name(rebalance, folder):
    write_bars(folder, "high,open")
    refused = rebalance("backtest", "b", "--benchmark", "TLT")
    assert refused.code == 2
    assert "b: SPY has no low on any session: a folder has it where" in " ".join(refused.err.split())
    assert "SPY has no low on any session" in " ".join(rebalance("explain", "b").out.split())


def test_the_sample_has_closes_only(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, CALM)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace('source = "folder"\nfolder = "prices"\n', 'source = "sample"\n'))
    shown = " ".join(rebalance("explain", "b").out.split())
    assert "SPY has no high on any session: the sample has closes only: bring prices of your own" in shown


def test_a_bot_of_closes_reads_no_bars(rebalance, folder):
    """Bars that contradict each other are no matter to it."""
    other = f"date,symbol,close,high\n{DAYS[0]},SPY,400,405\n"
    (folder / "prices" / "other.csv").write_text(other)
    refused = rebalance("explain", "b")
    assert refused.code == 2
    assert f"the high of SPY on {DAYS[0]} is 405.0 here and 404.0 in" in " ".join(refused.err.split())
    write_bot(folder, {"if": OVER_11, "then": {"asset": "TLT"}, "else": {"cash": True}})
    assert rebalance("explain", "b").code == 0
