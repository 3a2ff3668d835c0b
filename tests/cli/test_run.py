import json
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

SAMPLE_END = "2016-07-01"


def test_a_dry_run_shows_the_whole_evening_and_sends_nothing(rebalance, tmp_path):
    output = rebalance("run", "--dry-run")
    assert output.code == 0
    for words in ("DEMO", "DRY RUN, nothing was sent", "TBILL and SPYINV are derived", "Waterfall", "netted against"):
        assert words in output.out
    with closing(sqlite3.connect(tmp_path / "state/demo/sim-demo.sqlite")) as book:
        assert book.execute("SELECT COUNT(*) FROM orders").fetchone() == (0,)
    assert rebalance("positions").out.startswith("Account demo: the bots hold nothing")


def test_a_run_trades_at_the_sim_and_a_second_one_does_nothing(rebalance):
    first, second = rebalance("run"), rebalance("run")
    assert first.code == second.code == 0
    assert "SPY: bought 322 of 322" in first.out
    assert "is done (run 1, success" in second.out


def test_json_says_the_same_as_the_screen(rebalance):
    answer = json.loads(rebalance("run", "--json").out)
    (account,) = answer["accounts"]
    record = account["record"]
    screen = rebalance("history", 1).out
    assert account["exit_code"] == answer["exit_code"] == 0
    for order in record["orders"]:
        assert f"{order['symbol']}: bought {order['filled']} of {order['quantity']}" in screen
    assert set(record["targets"]["weights"]) == {trade["symbol"] for trade in record["plan"]["trades"] if trade["side"]}


def test_on_every_day_of_a_month_journal_and_broker_agree(rebalance):
    day, last = date(2016, 2, 1), date(2016, 2, 29)
    netted = 0
    while day <= last:
        if day.weekday() < 5 and day != date(2016, 2, 15):  # Washington's Birthday
            answer = json.loads(rebalance("run", "--as-of", day, "--json").out)
            record = answer["accounts"][0]["record"]
            assert answer["exit_code"] == 0, record["reason"]
            netted += len(record["targets"]["nettings"])
            end = record["readings"][-1]
            assert all(row["quantity"] == row["ours"] and not row["untouchable"] for row in end["holdings"])
            invested = sum(Decimal(row["value"]) for row in end["holdings"])
            assert invested <= Decimal("0.99") * Decimal(end["account_figures"]["equity"])
            assert Decimal(end["account_figures"]["cash"]) > 0
        day += timedelta(days=1)
    assert len(json.loads(rebalance("history", "--json").out)["runs"]) == 20
    assert netted > 0


def test_a_run_for_a_confirmed_plan_names_a_plan_that_a_dry_run_made(rebalance):
    for words in (["--dry-run"], ["--when-due"], []):
        output = rebalance("run", "--only-plan", "0" * 64, *words)
        assert (output.code, output.out) == (2, "")
        assert "--only-plan" in output.err


def test_only_a_dry_run_ignores_the_rebalance_rules(rebalance):
    refused = rebalance("run", "--ignore-rebalance")
    assert refused.code == 2
    assert "goes with --dry-run" in refused.err
    shown = rebalance("run", "--dry-run", "--ignore-rebalance")
    assert shown.code == 0
    assert "rebalance rules are ignored" in " ".join(shown.out.split())


def test_going_back_in_time_is_refused_with_the_remedy(rebalance):
    rebalance("run", "--as-of", "2016-06-30")
    before = rebalance("history", "--json").out
    for how in ([], ["--dry-run"]):
        output = rebalance("run", "--as-of", "2016-06-29", *how)
        assert output.code == 2
        assert "can't go back. Name 2016-06-30 or a later day" in output.err
    assert rebalance("history", "--json").out == before


def test_a_past_session_that_had_its_run_is_done_whatever_came_after_it(rebalance):
    rebalance("run", "--as-of", "2016-06-29")
    rebalance("run", "--as-of", "2016-06-30")
    output = rebalance("run", "--as-of", "2016-06-29")
    assert output.code == 0
    assert "is done (run 1" in output.out
    assert rebalance("run", "--as-of", "2016-06-29", "--force").code == 2


@pytest.mark.parametrize("day", ["2016-07-02", "2020-01-02"])
def test_a_day_without_a_session_of_the_sample_is_refused(rebalance, day):
    output = rebalance("run", "--as-of", day)
    assert output.code == 2
    assert f"up to {SAMPLE_END}" in output.err


def test_an_unknown_account_is_refused_and_the_known_ones_are_named(rebalance):
    output = rebalance("run", "--account", "nobody")
    assert (output.code, output.out) == (2, "")
    assert "there are: demo" in output.err


def test_errors_are_json_where_json_was_asked_for(rebalance):
    output = rebalance("run", "--account", "nobody", "--json")
    assert json.loads(output.out)["exit_code"] == output.code == 2


CONFIG = """
state_dir = "state"
[trading]
fallback_ticker = "TBILL"
[accounts.{name}]
broker = "sim"
[[accounts.{name}.investments]]
bot = "{bot}"
amount = 100
weight_mode = "percent"
"""
HOLD_SPY = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}


def test_an_error_in_one_account_does_not_affect_the_others(rebalance, tmp_path: Path):
    (tmp_path / "hold.json").write_text(json.dumps(HOLD_SPY))
    broken = CONFIG.format(name="broken", bot="nowhere.json")
    sound = CONFIG.format(name="sound", bot="hold.json").split("[trading]")[1].split('"TBILL"')[1]
    (tmp_path / "config.toml").write_text(broken + sound)
    output = rebalance("run")
    assert output.code == 2
    assert "nowhere.json" in output.err
    assert "SPY: bought" in output.out
    assert "DEMO" not in output.out


def test_history_orders_and_positions_of_an_empty_journal_say_so(rebalance):
    assert "no run yet" in rebalance("history").out
    assert "no order yet" in rebalance("orders").out
    assert "hold nothing" in rebalance("positions").out
    assert rebalance("history", 7).code == 2


def test_help_names_every_exit_code(rebalance):
    output = rebalance("--help")
    assert output.code == 0
    assert all(f" {code} " in " ".join(output.out.split()) for code in range(6))


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--dry-run"],
        ["explain", "Ten-month average"],
        ["history"],
        ["orders"],
        ["positions"],
        ["status"],
        ["bots", "list"],
    ],
    ids=" ".join,
)
def test_every_screen_of_the_demo_says_that_it_is_one(rebalance, words):
    output = rebalance(*words)
    assert (output.out + output.err).count("DEMO: no settings were found") == 1
