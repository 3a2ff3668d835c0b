"""Tickers without a price are said once, together, with how many bots need them."""

import json

import pytest

CONFIG = """
state_dir = "state"
{data}
[trading]
{fallback}
paired_tickers = [["SPY", "SPYINV"]]
[accounts.main]
broker = "sim"
[[accounts.main.investments]]
bot = "first.json"
amount = 40
weight_mode = "percent"
[[accounts.main.investments]]
bot = "second.json"
amount = 60
weight_mode = "percent"
"""
FOLDER = '[data]\nsource = "folder"\nfolder = "prices"'
CLOSES = "date,SPY,QLD\n2016-06-30,209,61\n2016-07-01,210,62\n"


def hold(*tickers: str, sort: int = 1) -> str:
    by = {"function": "cumulative-return", "window": sort}
    chart = {"filter": {"by": by, "take": "top", "count": 1, "of": [{"asset": ticker} for ticker in tickers]}}
    return json.dumps({"format": "rebalancer/bot", "version": 1, "name": "Bot", "chart": chart})


def hold_all(*tickers: str) -> str:
    chart = {"specified": [{"percent": 100 / len(tickers), "chart": {"asset": ticker}} for ticker in tickers]}
    return json.dumps({"format": "rebalancer/bot", "version": 1, "name": "Bot", "chart": chart})


@pytest.fixture
def write(tmp_path):
    def write(first: str, second: str, *, data: str = "", fallback: str = "") -> None:
        (tmp_path / "config.toml").write_text(CONFIG.format(data=data, fallback=fallback))
        (tmp_path / "first.json").write_text(first)
        (tmp_path / "second.json").write_text(second)
        (tmp_path / "prices").mkdir(exist_ok=True)
        (tmp_path / "prices" / "all.csv").write_text(CLOSES)

    return write


def warnings(rebalance) -> list[str]:
    output = rebalance("config", "check", "--json")
    assert output.code == 0, output.out
    return [each["text"] for each in json.loads(output.out)["warnings"]]


def test_tickers_that_the_sample_does_not_have_are_one_warning(rebalance, write):
    write(hold("SPY", "QLD"), hold("QLD", "TQQQ"))
    (text,) = warnings(rebalance)
    assert text.startswith("3 tickers have no price: QLD (2 bots), SGOV (fallback_ticker), TQQQ (1 bot). ")
    assert "`rebalance data status` lists the tickers of the sample" in text


def test_what_is_in_the_sample_alone_is_said_of_a_folder_with_real_tickers_to_name(rebalance, write):
    write(hold("SPY", "QLD"), hold("QLD", "TBILL"), data=FOLDER, fallback='fallback_ticker = "TBILL"')
    (text,) = warnings(rebalance)
    assert text.startswith("2 tickers have no price: SPYINV (paired_tickers), TBILL (1 bot, fallback_ticker). ")
    assert "Name traded funds, such as SH for SPYINV and SGOV for TBILL: those are in the sample alone." in text


def test_of_a_venue_that_is_not_asked_only_the_samples_own_are_said(rebalance, write, tmp_path, monkeypatch):
    monkeypatch.setenv("ID", "key")
    monkeypatch.setenv("SECRET", "secret")
    write(hold("SPY", "QLD"), hold("QLD", "TBILL"))
    path = tmp_path / "config.toml"
    keys = 'broker = "alpaca"\nkey_id = "${ID}"\nsecret = "${SECRET}"'
    path.write_text(path.read_text().replace('broker = "sim"', keys))
    (text,) = warnings(rebalance)
    assert text.startswith("2 tickers have no price: SPYINV (paired_tickers), TBILL (1 bot). ")


def test_prices_that_can_not_be_read_are_a_warning(rebalance, write, tmp_path):
    write(hold("SPY", "QLD"), hold("QLD", "SPY"), data=FOLDER, fallback='fallback_ticker = "CASH"')
    (tmp_path / "prices" / "all.csv").write_text("no prices at all")
    assert any(
        "all.csv" in each["source"] for each in json.loads(rebalance("config", "check", "--json").out)["warnings"]
    )


def test_data_status_compares_with_what_the_bots_need(rebalance, write):
    write(hold("SPY", "TQQQ"), hold("QLD", "SPY", sort=5), data=FOLDER, fallback='fallback_ticker = "QLD"')
    answer = json.loads(rebalance("data", "status", "--json").out)
    assert [(need["symbol"], need["needed_by"], need["needed_by_settings"]) for need in answer["missing_symbols"]] == [
        ("TQQQ", ["first"], [])
    ]
    assert [(need["symbol"], need["closes_needed"]) for need in answer["short_symbols"]] == [("QLD", 6), ("SPY", 6)]
    shown = " ".join(rebalance("data", "status").out.split())
    assert "1 ticker has no price: TQQQ (1 bot)." in shown
    assert "2 tickers have fewer closes than the bots look back: QLD (2 of 6, 1 bot, fallback_ticker)" in shown


def test_a_run_says_each_reason_and_each_warning_once_for_all_tickers_and_bots(rebalance, write):
    hold_both = hold_all("SPY", "QLD", "TQQQ", "EEM")
    write(hold_both, hold_both, fallback='fallback_ticker = "CASH"')
    shown = rebalance("run", "--dry-run").out
    assert shown.count("QLD has no close on 1 of the last 1 sessions") == 1
    assert "warning of 2 bots: QLD has no close" in shown
    assert "QLD (2 bots), TQQQ (2 bots) have no price for an order: There is no quote." in shown


def test_the_doctor_says_which_bots_need_what_is_missing(rebalance, write):
    write(hold_all("SPY", "QLD"), hold_all("QLD", "TQQQ"), fallback='fallback_ticker = "CASH"')
    checkups = json.loads(rebalance("doctor", "--json").out)["checkups"]
    found = {check["name"]: check["finding"] for checkup in checkups for check in checkup["checks"]}
    assert found["quotes"].endswith("Without a price: QLD (2 bots), TQQQ (1 bot)")
    assert "2 of 3 are not tradable: QLD (2 bots), TQQQ (1 bot): " in found["tickers"]


def test_where_nothing_is_missing_nothing_is_said(rebalance):
    answer = json.loads(rebalance("data", "status", "--json").out)
    assert (answer["missing_symbols"], answer["short_symbols"]) == ([], [])
    assert "no price" not in rebalance("data", "status").out


def test_a_back_test_says_once_what_has_no_close_and_how_many_bots_want_it(rebalance, write):
    write(hold_all("SPY", "QLD"), hold_all("QLD", "TQQQ"))
    output = rebalance("backtest", "first", "second", "--allow-undecided", "--json")
    late, unpriced = [note for note in json.loads(output.out)["notes"] if "QLD" in note]
    assert "2 tickers too young, QLD (never), TQQQ (never)" in late
    assert "QLD (by 2 bots on 2,141 sessions), TQQQ (by 1 bot on 2,141 sessions)" in unpriced


def test_a_back_test_fails_by_the_name_of_a_ticker_without_any_price(rebalance, write):
    write(hold_all("SPY", "QLD"), hold_all("QLD", "TQQQ"))
    output = rebalance("backtest", "first", "second")
    assert output.code == 2
    assert "2 tickers have no price: QLD (2 bots), TQQQ (1 bot). `rebalance data status` lists" in output.err
