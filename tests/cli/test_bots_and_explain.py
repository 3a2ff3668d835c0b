import json
from importlib.resources import files
from pathlib import Path

DEMO = Path(str(files("rebalancer.demo")))


def test_explain_prints_the_path_with_the_actual_values(rebalance):
    said = rebalance("explain", "Trend gate", "--on", "2016-02-11")
    assert said.code == 0
    assert "Price(SPY) = 182.86, not > SMA(SPY,200) = 203.64 (by 20.78)" in said.out
    assert "SPYINV 50 %" in said.out
    assert "TBILL and SPYINV are derived" in said.out


def test_explain_takes_a_file_as_well_as_a_name(rebalance):
    by_name = rebalance("explain", "Trend gate", "--json").out
    by_file = rebalance("explain", DEMO / "bots" / "trend_gate.json", "--json").out
    assert json.loads(by_name)["decision"]["weights"] == json.loads(by_file)["decision"]["weights"]


def test_explain_of_an_unknown_bot_names_the_known_ones(rebalance):
    said = rebalance("explain", "Nobody")
    assert said.code == 2
    assert "Momentum top 2" in said.err


def test_explain_on_a_day_before_the_history_says_what_is_missing(rebalance):
    said = rebalance("explain", "Trend gate", "--on", "2008-01-03")
    assert "fails" in said.out
    assert "200" in said.out


def test_check_says_what_it_found_in_each_file(rebalance):
    said = rebalance("bots", "check", *sorted((DEMO / "bots").glob("*.json")))
    assert said.code == 0
    assert said.out.count(": valid") == 3


def test_check_shows_every_problem_with_its_place(rebalance, tmp_path):
    bad = tmp_path / "bad.json"
    chart = {"equal": [{"asset": "spy"}, {"stock": "QQQ"}]}
    bad.write_text(json.dumps({"format": "rebalancer/bot", "version": 1, "name": "Bad", "chart": chart}))
    said = rebalance("bots", "check", bad)
    assert said.code == 2
    assert "spy" in said.out
    assert "stock" in said.out
