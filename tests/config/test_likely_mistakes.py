"""Settings that are legal and almost surely wrong are warnings, each with its line; likely ones are none."""

import pytest
from configs import AT_ALPACA, SMALLEST, parsed, with_trading

from rebalancer.config.likely_mistakes import unlikely_settings

PERCENT = 'weight_mode = "percent"'


def warnings_of(text: str) -> dict[str, str]:
    return {found.place: found.text for found in unlikely_settings(parsed(text))}


def invested(*percents: str, head: str = "") -> str:
    rows = (
        f'[[accounts.a.investments]]\nbot = "{at}.json"\namount = {each}\n{PERCENT}' for at, each in enumerate(percents)
    )
    return "\n".join([f'{head}\n[accounts.a]\nbroker = "sim"', *rows])


def test_a_percent_below_1_names_the_one_that_may_be_meant():
    (found,) = unlikely_settings(parsed(invested("0.25")))
    assert (found.place, found.line) == ("accounts.a.investments[0].amount", 6)
    assert found.text == "0.25 is less than 1 percent: write 25 if 25 % is meant"


@pytest.mark.parametrize("key", ["max_allocation_percent", "max_distance_percent", "max_jump_percent"])
def test_a_percent_of_trading_below_1_is_said_once_for_all_accounts_and_where_it_is_set(key):
    both = f"[trading]\n{key} = 0.9\n" + SMALLEST + SMALLEST.replace("demo", "other")
    assert warnings_of(both) == {f"trading.{key}": "0.9 is less than 1 percent: write 90 if 90 % is meant"}
    own = f"{SMALLEST}[accounts.demo.trading]\n{key} = 0.9"
    assert list(warnings_of(own)) == [f"accounts.demo.trading.{key}"]


@pytest.mark.parametrize("key", ["max_symbol_percent", "max_turnover_percent", "max_daily_loss_percent"])
def test_a_limit_below_1_percent_is_said(key):
    assert list(warnings_of(f"[limits]\n{key} = 0.3\n{SMALLEST}")) == [f"limits.{key}"]


def test_a_reserve_below_1_percent_is_said_and_one_of_a_dollar_is_not():
    reserve = '[accounts.demo]\ncash_reserve = {{ mode = "{}", amount = 0.5 }}'
    said = warnings_of(SMALLEST.replace("[accounts.demo]", reserve.format("percent")))
    assert list(said) == ["accounts.demo.cash_reserve.amount"]
    assert warnings_of(SMALLEST.replace("[accounts.demo]", reserve.format("dollars"))) == {}


@pytest.mark.parametrize("key", ["limit_percent", "drift_percent", "max_spread_percent"])
def test_percents_that_are_often_below_1_are_no_warning(key):
    assert warnings_of(with_trading(f"{key} = 0.5")) == {}


def test_investments_beyond_100_percent_are_said_and_weights_are_not():
    assert warnings_of(invested("60", "40")) == {}
    said = warnings_of(invested("60", "60.5"))
    assert said == {
        "accounts.a.investments": "together 120.5 percent of what may be invested: all are scaled down to 100"
    }
    assert warnings_of(invested("60", "60.5", head='[trading]\ncommit = "whole_account"')) == {}


def test_a_price_folder_that_is_not_there_is_named():
    (found,) = unlikely_settings(parsed(f'[data]\nsource = "folder"\nfolder = "pricse"\n{SMALLEST}'))
    assert (found.place, found.line) == ("data.folder", 3)
    assert "there is no folder /somewhere/pricse" in found.text


def test_real_money_at_an_address_on_this_machine_is_said():
    text = AT_ALPACA.replace("[[", 'mode = "{}"\n{}base_url = "http://127.0.0.1:8790"\n[[', 1)
    said = warnings_of(text.format("live", 'account_number = "123456789"\n'))
    assert list(said) == ["accounts.demo.base_url"]
    assert "on this machine" in said["accounts.demo.base_url"]
    assert warnings_of(text.format("paper", "")) == {}


def test_a_program_for_on_result_that_can_not_be_found_is_named_without_its_arguments(tmp_path):
    for top, account, place in [
        ("", 'on_result = "tell-me hunter2"', "accounts.demo.on_result"),
        ('on_result = "/x/tell-me"', "", "on_result"),
    ]:
        text = f"{top}\n{SMALLEST.replace('broker', account + chr(10) + 'broker', 1)}"
        (said,) = warnings_of(text).items()
        assert said == (place, "the program tell-me can't be found: write its full path, else it is not run")
    program = tmp_path / "tell-me"
    program.touch(mode=0o755)
    assert warnings_of(f'on_result = "{program} hunter2"\n{SMALLEST}') == {}


def test_a_schedule_on_prices_that_end_in_2016_is_said():
    enabled = SMALLEST.replace("[[", "enabled = true\n[[", 1)
    assert list(warnings_of(enabled)) == ["accounts.demo.enabled"]
    assert warnings_of(f'[data]\nsource = "folder"\nfolder = "/"\n{enabled}') == {}
