"""Only a run that reached its targets is a success; what the settings forbid is reported, not missed."""

import json

from own_prices import DAYS, write_account, write_bot

HALVES = {"equal": [{"asset": "FB"}, {"asset": "SPY"}]}
CLOSES = {"FB": ["200", "200", "210", "", ""], "SPY": ["400"] * 5}


def ended(rebalance, day):
    output = rebalance("run", "--as-of", day, "--json")
    run = json.loads(output.out)["accounts"][0]["record"]
    return output.code, run["status"], run["reason"]


def test_a_target_without_a_price_makes_the_run_partial_and_names_symbol_dollars_and_reason(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, HALVES)
    code, status, reason = ended(rebalance, DAYS[3])
    assert (code, status) == (3, "partial")
    price = "the sim broker has no price for it (its last close is of 2022-06-08)"
    assert reason == f"1 of 1 orders done; FB: 49,500.00 USD under its target ({price})"


def test_the_on_result_command_receives_the_partial_status(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, HALVES)
    config = tmp_path / "config.toml"
    tell = f'on_result = "tee {tmp_path}/received"\n'
    config.write_text(config.read_text().replace("schema = 1\n", f"schema = 1\n{tell}"))
    assert rebalance("run", "--as-of", DAYS[3]).code == 3
    assert "partial" in (tmp_path / "received").read_text()


def test_a_protected_target_is_reported_and_is_not_a_failure(rebalance, tmp_path):
    write_account(tmp_path, {**CLOSES, "FB": ["200"] * 5}, HALVES, 'protected = ["FB"]')
    code, status, reason = ended(rebalance, DAYS[3])
    assert (code, status) == (0, "success")
    assert "held back by your settings: FB: 49,400.00 USD under its target (protected in the config)" in reason


def test_a_denied_target_is_reported_and_is_not_a_failure(rebalance, tmp_path):
    write_account(tmp_path, {**CLOSES, "FB": ["200"] * 5}, HALVES, '[accounts.a.limits]\ndenied = ["FB"]')
    code, status, reason = ended(rebalance, DAYS[3])
    assert (code, status) == (0, "success")
    assert "held back by your settings: FB: bought 0 of 247" in reason
    assert "FB is in limits.denied" in reason


def test_the_config_check_warns_of_a_held_position_above_its_symbol_limit(rebalance, tmp_path):
    write_account(tmp_path, {**CLOSES, "FB": ["200"] * 5}, HALVES)
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    assert json.loads(rebalance("config", "check", "--json").out)["warnings"] == []

    config = tmp_path / "config.toml"
    config.write_text(config.read_text() + "[accounts.a.limits]\nmax_symbol_percent = 30\n")
    output = rebalance("config", "check", "--json")
    warnings = json.loads(output.out)["warnings"]
    assert output.code == 0
    assert [each["text"].partition(" USD")[0] for each in warnings] == ["FB: 49,400.00", "SPY: 49,200.00"]
    assert {each["place"] for each in warnings} == {"accounts.a.limits"}
    assert "limits.max_symbol_percent lets 30,000.00 USD be held: it will not be bought" in warnings[0]["text"]

    write_bot(tmp_path, {"asset": "SPY"})
    assert "SPY: 49,200.00 USD of it are held already" in rebalance("config", "check").out.replace("\n", " ")
