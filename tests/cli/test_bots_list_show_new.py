import gzip
import json
from importlib.resources import files

import pytest

from rebalancer.bots.flowchart import formats

DEMO = files("rebalancer.demo").joinpath("bots")
CONFIG = """
[accounts.demo]
broker = "sim"
[[accounts.demo.investments]]
bot = "bots/mine.json"
name = "Mine"
amount = 6000
[[accounts.demo.investments]]
bot = "bots/gone.json"
amount = 25
weight_mode = "percent"
"""


@pytest.fixture
def bots(tmp_path):
    """Settings with two investments, one of them without its file; returns the folder of bots."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "bots").mkdir()
    (tmp_path / "bots" / "mine.json").write_text(DEMO.joinpath("ten_month_average.json").read_text())
    return tmp_path / "bots"


def test_list_shows_where_the_money_is_and_what_each_bot_looks_at(rebalance, bots):
    output = rebalance("bots", "list")
    assert output.code == 0
    (mine,) = [line for line in output.out.splitlines() if line.startswith("Mine")]
    for words in ("demo", "6,000.00 USD", "native", "SPY, TBILL", "mine.json"):
        assert words in mine
    assert "25.00 %" in output.out


def test_list_shows_files_without_money_and_files_that_can_not_be_used(rebalance, bots):
    (bots / "draft.json").write_text("{}")
    output = rebalance("bots", "list")
    assert f'gone: 1 problem; `rebalance bots check "{bots / "gone.json"}"` shows them' in output.out
    assert "draft: 1 problem;" in output.out
    assert "Bots without an account are not invested" in output.out
    answer = json.loads(rebalance("bots", "list", "--json").out)["bots"]
    assert [(bot["name"], bot["account"]) for bot in answer] == [("Mine", "demo"), ("gone", "demo"), ("draft", None)]


def test_list_shows_the_files_of_other_programs_with_their_format(rebalance, bots):
    text = '(defsymphony "x" {:rebalance-frequency :daily} (asset "SPY"))'
    (bots / "copied.clj").write_text(text)
    (bots / "packed.clj.gz").write_bytes(gzip.compress(text.encode()))
    answer = json.loads(rebalance("bots", "list", "--json").out)["bots"]
    assert [bot["format"] for bot in answer] == ["native", "", "Composer Lisp", "Composer Lisp"]


@pytest.mark.parametrize("content", ["", "[1", "(defsymphony)", "[]", "3", '{"format": "x"}'])
def test_list_shows_a_file_that_is_not_a_bot(rebalance, bots, content):
    (bots / "draft.json").write_text(content)
    output = rebalance("bots", "list")
    assert output.code == 0
    assert "draft: 1 problem;" in output.out


def test_show_has_the_whole_chart_and_needs_no_prices(rebalance, bots):
    output = rebalance("bots", "show", "Mine")
    assert output.code == 0
    assert "tickers: SPY, TBILL" in output.out
    assert "if Price(SPY) > SMA(SPY,210)\n  then: SPY\n  else: TBILL" in output.out
    assert json.loads(rebalance("bots", "show", "Mine", "--json").out)["chart"][0] == "if Price(SPY) > SMA(SPY,210)"


def test_show_of_a_bad_file_says_every_problem(rebalance, bots):
    (bots / "mine.json").write_text('{"format": "rebalancer/bot", "version": 1, "name": "x", "chart": {"stock": "A"}}')
    output = rebalance("bots", "show", "Mine")
    assert output.code == 2
    assert "stock" in output.err


@pytest.mark.parametrize("template", ["trend", "momentum", "volatility"])
def test_new_writes_a_bot_that_can_be_used_under_its_own_name(rebalance, bots, template):
    output = rebalance("bots", "new", "My bot: Größe", "--from", template)
    path = bots / "my_bot_größe.json"
    assert output.code == 0
    assert f'Next: rebalance bots show "{path}"' in output.out
    chart, problems = formats.read(path.read_bytes(), "new")
    assert (chart.name, problems) == ("My bot: Größe", ())
    assert rebalance("bots", "check", path).code == 0
    assert json.loads(path.read_text("utf-8"))["description"]


def test_new_in_json_names_the_file(rebalance, bots):
    assert json.loads(rebalance("bots", "new", "Other", "--json").out)["file"] == str(bots / "other.json")


def test_new_never_overwrites(rebalance, bots):
    before = (bots / "mine.json").read_bytes()
    output = rebalance("bots", "new", "Mine")
    assert output.code == 2
    assert "never overwritten" in output.err
    assert (bots / "mine.json").read_bytes() == before


@pytest.mark.parametrize("name", ["", " x", "///", "two\nlines", "x" * 61])
def test_new_refuses_an_invalid_name(rebalance, bots, name):
    assert rebalance("bots", "new", name).code == 2
    assert [path.name for path in bots.iterdir()] == ["mine.json"]


def test_new_without_settings_writes_into_the_current_folder_and_list_finds_it(rebalance, tmp_path):
    assert rebalance("bots", "new", "First").code == 0
    assert (tmp_path / "bots" / "first.json").is_file()
    assert "first.json" in rebalance("bots", "list").out


def test_explain_as_a_tree_has_both_branches_with_their_values(rebalance):
    output = rebalance("explain", "Ten-month average", "--on", "2016-02-11", "--tree")
    assert output.code == 0
    assert "* if Price(SPY) = 182.86, not > SMA(SPY,210) = 203.97 (by 21.11)\n    then: SPY" in output.out
    assert "*   else: TBILL" in output.out


def test_explain_as_a_tree_shows_where_a_bot_fails(rebalance):
    output = rebalance("explain", "Ten-month average", "--on", "2008-01-03", "--tree")
    assert "fails" in output.out
    assert "SMA(SPY,210) = undefined: undefined" in output.out


def test_explain_as_mermaid_is_nothing_but_mermaid(rebalance):
    output = rebalance("explain", "Ten-month average", "--mermaid")
    lines = output.out.splitlines()
    assert lines[0] == "%% Ten-month average on 2016-07-01"
    assert next(line for line in lines if not line.startswith("%%")) == "flowchart TD"
    answer = json.loads(rebalance("explain", "Ten-month average", "--mermaid", "--tree", "--json").out)
    assert answer["mermaid"] in output.out
    assert answer["tree"][0].startswith("* if Price(SPY)")


def test_a_chart_too_large_for_mermaid_is_refused_with_the_remedy(rebalance, tmp_path):
    chart = {"equal": [{"equal": [{"asset": f"T{one}X{two}"} for two in range(30)]} for one in range(20)]}
    large = {"format": "rebalancer/bot", "version": 1, "name": "Large", "chart": chart}
    (tmp_path / "large.json").write_text(json.dumps(large))
    output = rebalance("explain", "large.json", "--mermaid")
    assert output.code == 2
    assert "620 arrows" in output.err
    assert "use --tree" in output.err
