import json
from importlib.resources import files
from pathlib import Path

import pytest

DEMO = Path(str(files("rebalancer.demo")))


def test_explain_prints_the_path_with_the_actual_values(rebalance):
    output = rebalance("explain", "Ten-month average", "--on", "2016-02-11")
    assert output.code == 0
    assert "Price(SPY) = 182.86, not > SMA(SPY,210) = 203.97 (by 21.11)" in output.out
    assert "-> TBILL 100 %" in output.out
    assert "TBILL and SPYINV are derived" in output.out


def test_explain_takes_a_file_as_well_as_a_name(rebalance):
    by_name = rebalance("explain", "Ten-month average", "--json").out
    by_file = rebalance("explain", DEMO / "bots" / "ten_month_average.json", "--json").out
    assert json.loads(by_name)["decision"]["weights"] == json.loads(by_file)["decision"]["weights"]


def test_of_accounts_with_a_bot_of_one_name_that_of_the_first_is_explained(rebalance, tmp_path):
    accounts = []
    for name, ticker in (("first", "SPY"), ("second", "IEF")):
        bot = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": ticker}}
        (tmp_path / f"{name}.json").write_text(json.dumps(bot))
        account = f'[accounts.{name}]\nbroker = "sim"\n[[accounts.{name}.investments]]\n'
        accounts.append(f'{account}name = "Hold"\nbot = "{name}.json"\namount = 100\n')
    (tmp_path / "two.toml").write_text(
        '[data]\nsource = "sample"\n[trading]\nfallback_ticker = "TBILL"\n' + "".join(accounts)
    )
    told = json.loads(rebalance("explain", "Hold", "--json", "--config", tmp_path / "two.toml").out)
    assert told["decision"]["weights"] == {"SPY": 1.0}


@pytest.fixture
def halves(tmp_path):
    """A bot that holds SPY and TBILL by halves, rebalanced on the first session of the year."""
    file = tmp_path / "halves.json"
    chart = {"equal": [{"asset": "SPY"}, {"asset": "TBILL"}]}
    head = {"format": "rebalancer/bot", "version": 1, "name": "Halves", "rebalance": "yearly"}
    file.write_text(json.dumps({**head, "chart": chart}))
    return file


def test_explain_shows_what_a_bot_holds_by_its_rebalance_rule(rebalance, halves):
    output = rebalance("explain", halves, "--on", "2016-06-30")
    line = "rebalances yearly, on the first session of the year: last on 2016-01-04, when"
    assert line in " ".join(output.out.split())
    decision = json.loads(rebalance("explain", halves, "--on", "2016-06-30", "--json").out)["decision"]
    assert decision["weights"]["SPY"] > 0.5
    assert decision["simulated_since"] == "2008-01-02"


def test_explain_shows_the_targets_where_the_rule_is_ignored(rebalance, halves):
    found = json.loads(rebalance("explain", halves, "--on", "2016-06-30", "--ignore-rebalance", "--json").out)
    assert found["decision"]["weights"] == {"SPY": 0.5, "TBILL": 0.5}
    assert found["decision"]["simulated_since"] is None


def test_a_back_test_trades_less_by_a_rule_than_without(rebalance, halves):
    def turnover(*options):
        return json.loads(rebalance("backtest", halves, *options, "--json").out)["tracks"][0]["statistics"]["turnover"]

    assert 0 < turnover() < turnover("--ignore-rebalance") / 3


def test_show_says_when_a_bot_rebalances(rebalance, halves):
    assert "rebalances yearly" in rebalance("bots", "show", halves).out


def test_explain_of_an_unknown_bot_names_the_known_ones(rebalance):
    output = rebalance("explain", "Nobody")
    assert output.code == 2
    assert "Dual momentum" in output.err


def test_explain_on_a_day_before_the_history_says_what_is_missing(rebalance):
    output = rebalance("explain", "Ten-month average", "--on", "2008-01-03")
    assert "fails" in output.out
    assert "210" in output.out


def test_check_says_what_it_found_in_each_file(rebalance):
    output = rebalance("bots", "check", *sorted((DEMO / "bots").glob("*.json")))
    assert output.code == 0
    assert output.out.count(": valid") == 4


def test_check_shows_every_problem_with_its_place(rebalance, tmp_path):
    bad = tmp_path / "bad.json"
    chart = {"equal": [{"asset": "spy"}, {"stock": "QQQ"}]}
    bad.write_text(json.dumps({"format": "rebalancer/bot", "version": 1, "name": "Bad", "chart": chart}))
    output = rebalance("bots", "check", bad)
    assert output.code == 2
    assert "spy" in output.out
    assert "stock" in output.out


def test_explain_says_below_each_gate_which_price_would_flip_it(rebalance):
    """203.97 + 21.11 / 209 = 204.07: the close moves the mean of 210 that it is compared with, too."""
    output = rebalance("explain", "Ten-month average", "--on", "2016-02-11")
    gate, flip = output.out.splitlines()[1:3]
    assert gate.startswith("  Price(SPY) = 182.86, not > SMA(SPY,210)")
    assert flip == "    flips if SPY rises 11.6 % to 204.07"


def test_the_flips_are_in_the_json_with_the_line_they_belong_to(rebalance):
    answer = json.loads(rebalance("explain", "Ten-month average", "--on", "2016-02-11", "--json").out)
    (flip,) = answer["decision"]["flips"]
    assert flip == {"step": 0, "symbol": "SPY", "price": "182.86", "flips_at": "204.07", "why": ""}


def test_explain_draws_the_chart_into_a_file_and_over_nothing_but_an_older_drawing(rebalance, tmp_path):
    file = tmp_path / "chart.svg"
    for day in ("2016-02-11", "2016-07-01"):
        output = rebalance("explain", "Ten-month average", "--on", day, "--svg", file)
        assert output.code == 0
        assert output.out.startswith(f"--svg: written to {file}\n")
        assert f"Ten-month average on {day}" in file.read_text()
    file.write_text("dear bank")
    output = rebalance("explain", "Ten-month average", "--svg", file)
    assert (output.code, file.read_text()) == (2, "dear bank")
    assert f"--svg: {file} is there already, and is no output of --svg: name another file" in output.err
