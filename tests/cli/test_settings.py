"""`rebalance init` and `rebalance config`."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from rebalancer.demo import TRADED
from rebalancer.venues.registry import first_config

TEN_MISTAKES = """\
colour = "red"
[trading]
drift_percent = -1
minute_before_close = 5
order_type = "stop"
protected = ["spy"]
[accounts.demo]
broker = "kite"
mode = "Live"
cash_reserve = { mode = "percent", amount = 101 }
[accounts.demo.sim]
slippage_percent = true
[[accounts.demo.investments]]
bot = "bots/trend.json"
amount = 0
"""


@pytest.fixture
def begun(rebalance, tmp_path):
    """What `rebalance init` wrote into the present folder."""
    assert rebalance("init").code == 0
    return tmp_path / "config.toml"


# -------------------------------------------------------------------------------------------------- init


def test_the_first_files_pass_the_check_and_run(rebalance, begun):
    assert rebalance("config", "check").code == 0
    output = rebalance("run", "--dry-run")
    assert output.code == 0, output.err
    assert "DEMO" not in output.out
    assert "would have bought" in output.out


def test_the_first_config_explains_commit_and_manage_with_both_results(begun):
    text = begun.read_text()
    for words in ("6,000 dollars are traded, 94,000 stay in cash", "99,000 are traded", "140 are held", "40 are held"):
        assert words in text


def test_init_makes_the_folder_that_was_named_and_says_what_comes_next(rebalance, tmp_path):
    output = rebalance("init", "mine", "--sim", "first")
    assert output.code == 0
    assert "[accounts.first]" in (tmp_path / "mine/config.toml").read_text()
    assert (tmp_path / "mine/bots/ten_month_average.json").is_file()
    assert "rebalance run --dry-run --config mine/config.toml" in output.out


def test_init_for_a_real_venue_is_ready_but_for_the_keys_and_has_no_ticker_of_the_sample_alone(rebalance, tmp_path):
    told = json.loads(rebalance("init", "my folder", "--alpaca", "paper", "--json").out)
    assert told["next"] == [
        "rebalance login paper --config 'my folder/config.toml'",
        "rebalance doctor --config 'my folder/config.toml'",
        "rebalance run --dry-run --config 'my folder/config.toml'",
    ]
    assert len(told["written"]) == len([path for path in (tmp_path / "my folder").rglob("*") if path.is_file()])
    check = rebalance("config", "check", "--config", "my folder/config.toml", "--json")
    (problem,) = json.loads(check.out)["problems"]
    assert problem["text"].endswith("paper.keys; `rebalance login paper` asks for them and writes it")
    assert json.loads(check.out)["warnings"] == []
    bots = json.loads(rebalance("bots", "list", "--config", "my folder/config.toml", "--json").out)["bots"]
    assert len(bots) > 1
    assert all(bot["findings"] and not {*TRADED} & {*bot["findings"]["symbols"]} for bot in bots)


def test_the_first_configs_differ_in_what_the_venue_needs_alone():
    def trading(venue):
        lines = first_config(venue).partition("[trading]")[2].partition("# An account")[0].splitlines()
        return [line for line in lines if "TBILL" not in line and "SGOV" not in line and "SPY" not in line[:30]]

    assert trading("sim") == trading("alpaca")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--alpaca", "My Paper"], "is no account name: use 1 to 40 of a-z"),
        (["--alpaca", "paper", "--sim", "main"], "--sim and --alpaca: can't be combined"),
    ],
)
def test_an_account_that_can_not_be_is_refused_and_nothing_is_written(rebalance, tmp_path, words, says):
    output = rebalance("init", *words)
    assert output.code == 2
    assert says in output.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["config.toml", "bots/ten_month_average.json"])
def test_init_never_overwrites_and_then_writes_nothing_at_all(rebalance, tmp_path, name):
    standing = tmp_path / name
    standing.parent.mkdir(exist_ok=True)
    standing.write_text("mine")
    output = rebalance("init")
    assert output.code == 2
    assert f"{name}: exists already and is never overwritten" in output.err
    assert standing.read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [standing]


# ------------------------------------------------------------------------------------------- config check


def test_ten_mistakes_are_shown_at_once_each_with_its_line_key_and_what_is_allowed(rebalance, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(TEN_MISTAKES)
    output = rebalance("config", "check")
    assert output.code == 2
    for line, key, text in [
        (1, "colour", "is no setting; known here:"),
        (3, "trading.drift_percent", "-1 is not allowed: use a number from 0 to 100"),
        (4, "trading.minute_before_close", 'did you mean "minutes_before_close"?'),
        (5, "trading.order_type", '"stop" is not allowed: use "limit" or "market"'),
        (6, "trading.protected", "'spy' is not a ticker"),
        (8, "accounts.demo.broker", 'use "sim" or "alpaca"'),
        (9, "accounts.demo.mode", 'use "paper"'),
        (10, "accounts.demo.cash_reserve.amount", "101 is not allowed: use a number from 0 to 100"),
        (12, "accounts.demo.sim.slippage_percent", "true is not allowed: use a number from 0 to 100"),
        (15, "accounts.demo.investments[0].amount", "0 is not allowed: use a number from 0.01 to"),
    ]:
        assert f"{path}, line {line}: {key}: " in output.out
        assert text in output.out
    assert "10 problems" in output.out


def test_the_check_reports_the_same_problems_in_json(rebalance, tmp_path):
    (tmp_path / "config.toml").write_text(TEN_MISTAKES)
    output = rebalance("config", "check", "--json")
    answer = json.loads(output.out)
    assert output.code == 2
    assert len(answer["problems"]) == 10
    assert answer["problems"][0].keys() == {"source", "place", "text", "line"}


def test_the_check_looks_into_the_bots_of_every_account(rebalance, begun):
    begun.write_text(
        begun.read_text().replace("bots/ten_month_average.json", "bots/gone.json")
        + '[accounts.other]\nbroker = "sim"\n[[accounts.other.investments]]\nbot = "bots/lost.json"\namount = 1\n'
    )
    output = rebalance("config", "check")
    assert output.code == 2
    assert "gone.json" in output.out
    assert "lost.json" in output.out


def test_a_protected_fallback_is_a_problem(rebalance, begun):
    begun.write_text(begun.read_text().replace("protected = []", 'protected = ["TBILL"]'))
    output = rebalance("config", "check")
    assert output.code == 2
    assert 'line 35: trading.fallback_ticker: "TBILL" is in `protected`' in output.out


def test_a_protected_ticker_that_a_bot_wants_is_neither_bought_nor_sold(rebalance, begun):
    assert rebalance("run", "--as-of", "2016-06-29").code == 0
    begun.write_text(begun.read_text().replace("protected = []", 'protected = ["SPY"]'))
    record = json.loads(rebalance("run", "--json").out)["accounts"][0]["record"]
    (trade,) = record["plan"]["trades"]
    assert (trade["symbol"], trade["side"], trade["why"]) == ("SPY", None, "protected in the config")
    assert record["orders"] == []


def test_a_fault_in_the_toml_itself_has_its_line(rebalance, tmp_path):
    (tmp_path / "config.toml").write_text("a = 1\nb = = 2\n")
    assert "line 2: is no valid TOML" in rebalance("config", "check").out


def test_what_is_almost_surely_wrong_is_a_warning_in_a_list_of_its_own(rebalance, begun):
    begun.write_text(
        begun.read_text()
        .replace("amount = 6000", 'amount = 0.06\nweight_mode = "percent"')
        .replace('"rollover"', '"fixed"')
    )
    shown, told = rebalance("config", "check"), rebalance("config", "check", "--json")
    assert shown.code == told.code == 0
    assert "valid. Accounts: main" in shown.out
    assert "0.06 is less than 1 percent: write 6 if 6 % is meant" in " ".join(shown.out.split())
    answer = json.loads(told.out)
    assert answer["problems"] == []
    (warning,) = answer["warnings"]
    assert warning.keys() == {"source", "place", "text", "line"}


def test_warnings_are_shown_beside_problems(rebalance, begun):
    begun.write_text(
        begun.read_text().replace("ten_month_average.json", "gone.json") + "[limits]\nmax_symbol_percent = 0.5\n"
    )
    output = rebalance("config", "check")
    assert output.code == 2
    assert "1 problem" in output.out
    assert "0.5 is less than 1 percent" in output.out


# ------------------------------------------------------------------------------ config show, schema, migrate


def test_show_says_where_every_value_came_from(rebalance, begun):
    rows = [line.split(maxsplit=2) for line in rebalance("config", "show").out.splitlines()]
    assert ["accounts.main.trading.drift_percent", "0", "default"] in [[cell.strip() for cell in row] for row in rows]
    assert ["accounts.main.trading.commit", "amounts", "line 19, trading.commit"] in [
        [cell.strip() for cell in row] for row in rows
    ]


def test_show_keeps_the_secrets_of_the_environment(rebalance, begun, monkeypatch):
    monkeypatch.setenv("TOKEN", "hunter2-is-my-secret")
    begun.write_text(begun.read_text().replace("schema = 1", 'schema = 1\non_result = "tell-me ${TOKEN}"'))
    for words in (["config", "show"], ["config", "show", "--json"]):
        output = rebalance(*words)
        assert "environment TOKEN" in output.out
        assert "hunter2" not in output.out


def test_the_schema_is_printed_for_editors(rebalance):
    Draft202012Validator.check_schema(json.loads(rebalance("config", "schema").out))


def test_a_file_of_this_version_has_nothing_to_migrate(rebalance, begun):
    before = begun.read_bytes()
    output = rebalance("config", "migrate")
    assert (output.code, begun.read_bytes()) == (0, before)
    assert "nothing to do" in output.out
    assert json.loads(rebalance("config", "migrate", "--json").out)["backup"] is None


def test_a_file_of_a_newer_version_is_refused_everywhere(rebalance, begun):
    begun.write_text(begun.read_text().replace("schema = 1", "schema = 2"))
    for words in (["config", "migrate"], ["config", "show"], ["run"], ["invest", "set", "Ten-month average", "5"]):
        output = rebalance(*words)
        assert output.code == 2
        assert "made by a newer rebalance" in output.err


def test_what_is_at_its_limit_is_warned_of_with_the_time_of_the_accounts_exchange(rebalance, begun):
    rebalance("run", "--as-of", "2016-06-29")
    begun.write_text(begun.read_text() + "\n[accounts.main.limits]\nmax_symbol_percent = 1\n")
    warned = rebalance("config", "check").out
    assert re.search(r"\(as of 2016-06-29 \d\d:\d\d EDT\)", warned), warned


# ------------------------------------------------------------------------------------------ config changes


def test_a_manual_edit_is_journalled_at_the_next_run_and_shown_with_it(rebalance, begun):
    rebalance("run", "--as-of", "2016-06-29")
    assert "No setting was changed" in rebalance("config", "changes").out
    begun.write_text(begun.read_text().replace("amount = 6000", "amount = 7000"))
    run = rebalance("run", "--as-of", "2016-06-30")
    (change,) = json.loads(rebalance("config", "changes", "--json").out)["changes"]
    assert (change["key"], change["old"], change["new"]) == (
        'accounts.main.investments."Ten-month average".amount',
        "6000",
        "7000",
    )
    assert (
        'changed since the previous run: accounts.main.investments."Ten-month average".amount: 6000 -> 7000' in run.out
    )


def test_changes_have_the_time_of_the_accounts_exchange(rebalance, begun):
    rebalance("invest", "set", "Ten-month average", "7000")
    screen = rebalance("config", "changes").out
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d E[SD]T", screen)
    assert "UTC" not in screen


def test_a_changed_default_of_trading_is_journalled_for_the_account_it_holds_in(rebalance, begun):
    rebalance("run", "--as-of", "2016-06-29")
    begun.write_text(begun.read_text().replace("[trading]", "[trading]\ndrift_percent = 2"))
    rebalance("run", "--as-of", "2016-06-30")
    (change,) = json.loads(rebalance("config", "changes", "--json", "--account", "main").out)["changes"]
    assert (change["key"], change["old"], change["new"]) == ("accounts.main.trading.drift_percent", "0", "2")


def test_the_example_of_the_project_has_only_the_problem_that_its_bot_is_missing(rebalance):
    example = Path(__file__).parents[2] / "config.example.toml"
    (problem,) = json.loads(rebalance("config", "check", "--config", example, "--json").out)["problems"]
    assert "trend.json" in problem["source"]
