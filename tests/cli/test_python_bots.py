"""Python bots through the commands, and through a whole evening."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from own_prices import DAYS, write_account

CLOSES = {"SPY": ["400"] * 5, "FB": ["200"] * 5}
PAGE = Path(__file__).parents[2] / "docs" / "python-bots.md"
HALF = "SYMBOLS = ['SPY']\nLOOKBACK = 3\n\ndef weights(closes):\n    return {'SPY': 0.5}\n"


@pytest.fixture
def config(tmp_path):
    """An account whose only bot is a Python file."""
    write_account(tmp_path, CLOSES, {"asset": "FB"})
    (tmp_path / "mine.py").write_text(HALF)
    path = tmp_path / "config.toml"
    path.write_text(path.read_text().replace("b.json", "mine.py").replace('fallback_ticker = "CASH"', ""))
    return path


def example() -> str:
    """The bot on the page about Python bots."""
    return PAGE.read_text("utf-8").split("```python\n")[1].split("```")[0]


def test_the_example_on_the_page_decides_on_every_session_once_its_history_is_long_enough(rebalance, tmp_path):
    bot = tmp_path / "example.py"
    bot.write_text(example().replace("TLT", "SPYINV").replace("BIL", "TBILL"))
    assert rebalance("bots", "check", bot).code == 0
    found = json.loads(rebalance("backtest", bot, "--json").out)
    assert found["notes"]
    assert not [note for note in found["notes"] if "could not decide" in note]


def test_an_evening_trades_what_a_python_bot_wants_and_records_its_file(rebalance, config):
    output = rebalance("run", "--as-of", DAYS[3], "--json")
    assert output.code == 0, output.out
    run = json.loads(output.out)["accounts"][0]["record"]
    assert run["status"] == "success"
    assert sha256(HALF.encode()).hexdigest() in output.out
    assert "weights() returned SPY 50 %; the rest is cash" in output.out


def test_the_share_of_a_python_bot_that_fails_goes_to_the_fallback_and_the_reason_is_recorded(rebalance, config):
    (config.parent / "mine.py").write_text(HALF.replace("{'SPY': 0.5}", "{'SPY': 1 / 0}"))
    second = '[[accounts.a.investments]]\nbot = "b.json"\namount = 100\nweight_mode = "percent"\n'
    fallback = '[accounts.a.trading]\nfallback_ticker = "SPY"'
    config.write_text(config.read_text().replace("[accounts.a.trading]", second + fallback))
    output = rebalance("run", "--as-of", DAYS[3], "--json")
    assert output.code == 3, "a bot that fails leaves the run partial"
    assert "weights() raised ZeroDivisionError: division by zero (line 5)" in output.out
    orders = json.loads(output.out)["accounts"][0]["record"]["orders"]
    assert {order["symbol"] for order in orders} == {"FB", "SPY"}


def test_list_and_show_name_it_and_mermaid_refuses_it(rebalance, config):
    (listed,) = [line for line in rebalance("bots", "list").out.splitlines() if line.startswith("mine")]
    assert "Python" in listed
    assert "def weights(closes):" in rebalance("bots", "show", "mine").out
    drawn = rebalance("explain", "mine", "--mermaid")
    assert drawn.code == 2
    assert "a Python file has no chart to draw: use --tree" in drawn.err


def test_a_file_that_is_no_bot_is_refused_with_its_line_and_nothing_runs(rebalance, config):
    (config.parent / "mine.py").write_text("LOOKBACK = 0\n")
    output = rebalance("run", "--as-of", DAYS[3])
    assert output.code == 2
    assert "mine.py, line 1: LOOKBACK: must be a whole number" in output.err
