import csv
import json
from importlib.resources import files
from pathlib import Path

import pytest

BOTS = Path(str(files("rebalancer.demo"))) / "bots"
AVERAGE, MOMENTUM, MIX, HEDGE = "Ten-month average", "Dual momentum", "Inverse volatility", "Hedge (teaching example)"

FOLDER = """
[data]
source = "folder"
folder = "prices"
[accounts.mine]
broker = "sim"
[[accounts.mine.investments]]
bot = "hold.json"
amount = 100
weight_mode = "percent"
"""


def facts(rebalance, *words: object):
    output = rebalance("backtest", *words, "--json")
    assert output.code == 0, output
    return json.loads(output.out)


def test_the_screen_shows_numbers_months_and_what_is_held(rebalance):
    output = rebalance("backtest", AVERAGE)
    assert output.code == 0
    for words in (
        "CAGR",
        "Sortino",
        "Turnover",
        "Monthly returns of Ten-month average",
        "Held after",
    ):
        assert words in output.out
    assert "TBILL and SPYINV are derived" in output.out
    assert "DEMO" in output.out
    assert "costs: none" in output.out
    assert "\x1b" not in output.out
    assert output.err == ""


def test_json_says_the_same_as_the_screen(rebalance):
    screen = rebalance("backtest", AVERAGE, "--cost-bps", 5).out
    for track in facts(rebalance, AVERAGE, "--cost-bps", 5)["tracks"]:
        found = track["statistics"]
        for number in (found["annualised"], found["volatility"], found["max_drawdown"]["drawdown"]):
            assert f"{number * 100:.2f} %" in screen
        assert found["max_drawdown"]["trough"] in screen


def test_several_bots_stand_side_by_side_together_and_beside_the_benchmark(rebalance):
    found = facts(rebalance, AVERAGE, MOMENTUM, MIX)
    assert [(track["name"], track["kind"]) for track in found["tracks"]] == [
        (AVERAGE, "bot"),
        (MOMENTUM, "bot"),
        (MIX, "bot"),
        ("Together", "merged"),
        ("SPY", "benchmark"),
    ]
    assert "40,000.00 USD" in " ".join(found["notes"])


def test_the_last_merged_weights_are_the_targets_of_a_dry_run(rebalance):
    """Both begin that day with the demo's 100,000 dollars, so they must agree."""
    evening = json.loads(rebalance("run", "--dry-run", "--json").out)["accounts"][0]["record"]["targets"]["weights"]
    found = facts(rebalance, AVERAGE, MOMENTUM, MIX, HEDGE, "--from", "2016-07-01")
    (together,) = (track for track in found["tracks"] if track["kind"] == "merged")
    assert together["last_allocation"] == pytest.approx(evening)


def test_files_that_are_no_investments_get_equal_shares_and_the_screen_says_so(rebalance):
    found = facts(rebalance, BOTS / "ten_month_average.json", BOTS / "dual_momentum.json")
    assert [track["name"] for track in found["tracks"]][:2] == ["ten_month_average", "dual_momentum"]
    assert "equal shares" in " ".join(found["notes"])


def test_a_file_that_only_shares_its_name_with_an_investment_does_not_get_its_money(rebalance, tmp_path):
    (tmp_path / f"{AVERAGE}.json").write_bytes((BOTS / "dual_momentum.json").read_bytes())
    assert "equal shares" in " ".join(facts(rebalance, f"{AVERAGE}.json", MOMENTUM)["notes"])


def test_trading_costs_reduce_the_return(rebalance):
    free, paid = facts(rebalance, MOMENTUM), facts(rebalance, MOMENTUM, "--cost-bps", 10)
    growth = [found["tracks"][0]["statistics"]["cumulative"] for found in (free, paid)]
    assert growth[1] < growth[0]


def test_the_csv_has_a_row_a_session_and_weights_that_add_up(rebalance, tmp_path):
    found = rebalance("backtest", AVERAGE, MOMENTUM, "--from", "2015-01-01", "--to", "2015-12-31", "--csv", "days.csv")
    assert "--csv: written to days.csv" in found.out
    rows = list(csv.DictReader((tmp_path / "days.csv").read_text().splitlines()))
    assert (rows[0]["date"], rows[-1]["date"], len(rows)) == ("2015-01-02", "2015-12-31", 252)
    assert [*rows[0]][:6] == [
        "date",
        "equity",
        "drawdown",
        "benchmark",
        f"equity of {AVERAGE}",
        f"equity of {MOMENTUM}",
    ]
    for row in rows:
        assert sum(float(weight) for weight in list(row.values())[6:]) == pytest.approx(1)


def test_the_html_report_has_no_script_and_one_with_charts_that_zoom_is_asked_for(rebalance, tmp_path):
    assert rebalance("backtest", AVERAGE, "--html", "report.html").code == 0
    assert "<script" not in (tmp_path / "report.html").read_text("utf-8")
    assert rebalance("backtest", AVERAGE, "--html", "zooms.html", "--interactive").code == 0
    assert "Plotly" in (tmp_path / "zooms.html").read_text("utf-8")
    output = rebalance("backtest", AVERAGE, "--interactive")
    assert (output.code, "--interactive: goes with --html FILE" in output.err) == (2, True)


def test_the_html_report_replaces_an_older_one_and_leaves_no_draft(rebalance, tmp_path):
    assert rebalance("backtest", AVERAGE, "--html", "report.html").code == 0
    assert rebalance("backtest", AVERAGE, "--html", "report.html").code == 0
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert [path.name for path in tmp_path.glob("*report*")] == ["report.html"]


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["Nobody"], "there are: "),
        ([AVERAGE, "--cost-bps", "nan"], "use 0 to"),
        ([AVERAGE, "--cost-bps", "-1"], "use 0 to"),
        ([AVERAGE, "--benchmark", "spy"], "not a ticker"),
        ([AVERAGE, "--benchmark", "NOPE"], "no prices of NOPE"),
        ([AVERAGE, "--from", "2020-01-01"], "end on 2016-07-01"),
        ([AVERAGE, "--to", "2000-01-01"], "no closes"),
        ([AVERAGE, "--to", "2008-03-01"], "210 of its closes are needed"),
        ([AVERAGE, "--from", "2008-03-03"], "Use --from 2008-10-29, or --allow-undecided"),
        ([AVERAGE, "--csv", "nowhere/days.csv"], "can't be written"),
    ],
)
def test_invalid_requests_are_refused_with_the_remedy(rebalance, words, remedy):
    output = rebalance("backtest", *words)
    assert output.code == 2
    assert remedy in output.err


def test_one_session_is_enough_for_every_screen(rebalance):
    output = rebalance("backtest", AVERAGE, "--from", "2016-07-01", "--html", "one.html", "--csv", "one.csv")
    assert output.code == 0
    assert "1 session," in output.out


def test_prices_without_the_usual_benchmark_are_no_obstacle(rebalance, tmp_path):
    chart = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "TLT"}}
    (tmp_path / "hold.json").write_text(json.dumps(chart))
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices/closes.csv").write_text("date,TLT\n2016-01-04,100\n2016-01-05,110\n")
    (tmp_path / "config.toml").write_text(FOLDER)
    found = facts(rebalance, "hold.json")
    assert [(track["name"], track["statistics"]["cumulative"]) for track in found["tracks"]] == [
        ("hold", pytest.approx(0.1))
    ]
    assert "No benchmark: there are no prices of SPY" in found["notes"][0]


@pytest.mark.posix
def test_the_number_of_workers_changes_no_bit_of_the_answer(rebalance, tmp_path):
    answers = []
    for workers in (1, 2):
        file = tmp_path / f"{workers}.csv"
        answers.append(facts(rebalance, AVERAGE, MOMENTUM, MIX, "--workers", workers, "--csv", file))
    assert answers[0] == answers[1]
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
