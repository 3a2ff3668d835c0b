import json

import pytest

CONFIG = """
state_dir = "state"
[data]
source = "folder"
folder = "prices"
[trading]
fallback_ticker = "TLT"
[accounts.demo]
broker = "sim"
[[accounts.demo.investments]]
bot = "hold.json"
amount = 100
weight_mode = "percent"
"""
HOLD_SPY = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}
PRICES = """date,SPY,TLT
2016-06-28,203.2,138.9
2016-06-30,209.48,
2016-07-01,209.92,
"""


@pytest.fixture
def context(tmp_path):
    """Settings that read a folder of prices; returns the price file."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "hold.json").write_text(json.dumps(HOLD_SPY))
    (tmp_path / "prices").mkdir()
    file = tmp_path / "prices" / "all.csv"
    file.write_text(PRICES)
    return file


def test_status_of_the_sample_shows_every_ticker_complete(rebalance):
    output = rebalance("data", "status")
    assert output.code == 0
    assert "SPY     2008-01-02  2016-07-01     2,141        0       0" in output.out
    assert "TBILL and SPYINV are derived" in output.out


def test_status_of_a_folder_shows_gaps_and_how_far_it_is_behind(rebalance, context):
    output = rebalance("data", "status")
    assert output.code == 0
    assert "no close on 2016-06-29" in output.out
    assert "Prices from the folder prices/: 2 tickers, 2016-06-28 to 2016-07-01" in output.out


def test_status_in_json_has_every_missing_day(rebalance, context):
    answer = json.loads(rebalance("data", "status", "--json").out)
    spy, tlt = answer["coverage"]
    assert (answer["last_session"], spy["missing_sessions"], spy["sessions"]) == ("2016-07-01", ["2016-06-29"], 3)
    assert tlt["last"] == "2016-06-28"
    assert tlt["behind"] == spy["behind"] + 3
    assert spy["behind"] > 2000


def test_bad_prices_are_refused_by_file_row_and_column(rebalance, context):
    context.write_text(PRICES.replace("209.48", "-1"))
    output = rebalance("data", "status")
    assert (output.code, output.out) == (2, "")
    assert f"{context}: row 3, column SPY: '-1' is no price" in output.err


def test_a_run_on_a_folder_trades_on_its_last_session(rebalance, context):
    output = rebalance("run", "--yes")
    assert "SPY: bought 471 of 471" in output.out
    assert "Prices from the folder prices/" in output.out


def test_prices_of_future_days_are_shown_as_such(rebalance, context):
    context.write_text("date,SPY\n2999-01-02,1\n")
    output = rebalance("data", "status")
    assert output.code == 0
    assert "a close on 2999-01-02, not an exchange session" in output.out


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ('source = "folder"', "data.folder: is missing"),
        ('folder = "prices"', 'has no effect here: set source = "folder"'),
        ('source = "folder"\nfolder = "nowhere"', "nowhere: the folder of prices can't be read"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(rebalance, context, tmp_path, data, problem):
    text = CONFIG.replace('source = "folder"\nfolder = "prices"', data)
    (tmp_path / "config.toml").write_text(text)
    output = rebalance("data", "status")
    assert output.code == 2
    assert problem in output.err
