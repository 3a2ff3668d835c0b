"""`bots import`: another program's flowchart in the native format."""

import io
import json
import sys

import pytest

TEXT = """(defsymphony "Trend, gated" {:asset-class "EQUITIES", :rebalance-frequency :daily}
  (if (> (rsi "TQQQ" {:window 10}) 79) [(asset "UVXY" nil)] [
    (weight-specified 0.3 (asset "SPY" nil) 0.7 (asset "BIL" nil))]))"""
SPELL = {
    "name": "Parts",
    "version": 2,
    "trading_type": "Daily",
    "incantation": {
        "incantation_type": "Weighted",
        "type": "Custom",
        "weights": [33.3, 66.6],
        "incantations": [{"incantation_type": "Ticker", "symbol": ticker} for ticker in ("SPY", "BIL")],
    },
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "trend.clj").write_text(TEXT)
    (tmp_path / "parts.json").write_text(json.dumps(SPELL))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_native_file_is_named_after_the_bot_and_shows_the_same_rules(rebalance, folder):
    output = rebalance("bots", "import", "trend.clj")
    assert output.code == 0
    for words in (
        "(Composer Lisp)",
        "trend_gated.json: Trend, gated",
        "BIL, SPY, TQQQ, UVXY",
        "look-back: 11 sessions",
    ):
        assert words in output.out
    assert "approximated: nothing" in output.out
    shown = [rebalance("bots", "show", file).out.splitlines()[1:] for file in ("trend.clj", "bots/trend_gated.json")]
    assert shown[0] == shown[1]


def test_a_text_may_come_through_a_pipe(rebalance, folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    output = rebalance("bots", "import", "-", "-o", "mine.json")
    assert output.code == 0
    assert "Read standard input" in output.out
    assert json.loads((folder / "mine.json").read_text())["name"] == "Trend, gated"


def test_what_is_approximated_or_unproven_is_listed(rebalance, folder):
    output = rebalance("bots", "import", "parts.json")
    assert "note: No decision of QuantMage was compared with this reader's" in output.out
    assert "note: incantation.weights: the percents sum to 99.9, and were brought to 100" in output.out
    assert "approximated: nothing" not in output.out


def test_nothing_is_overwritten(rebalance, folder):
    before = (folder / "parts.json").read_text()
    output = rebalance("bots", "import", "trend.clj", "-o", "parts.json")
    assert (output.code, (folder / "parts.json").read_text()) == (2, before)
    assert "parts.json: exists already and is never overwritten" in output.err


def test_a_chart_that_can_not_be_read_is_refused_with_its_problems_and_writes_nothing(rebalance, folder):
    (folder / "odd.clj").write_text(TEXT.replace("rsi", "rsx"))
    output = rebalance("bots", "import", "odd.clj")
    assert output.code == 2
    assert "rsx" in output.err
    assert not (folder / "bots").exists()


def test_a_python_bot_has_nothing_to_import(rebalance, folder):
    (folder / "mine.py").write_text('SYMBOLS = ["SPY"]\nLOOKBACK = 1\n')
    assert "is a Python bot, which has no chart to import" in rebalance("bots", "import", "mine.py").err


def test_a_name_without_a_letter_needs_a_file_to_write_to(rebalance, folder):
    (folder / "dots.clj").write_text(TEXT.replace("Trend, gated", "..."))
    output = rebalance("bots", "import", "dots.clj")
    assert (output.code, "'...' has no letter or digit to name a file by" in output.err) == (2, True)
