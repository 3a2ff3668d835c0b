"""The limits of all accounts, and overrides of single accounts."""

from decimal import Decimal

import pytest
from configs import SMALLEST, parsed, problems_of

from rebalancer.config.effective import by_key, effective_settings
from rebalancer.model import Limits, Symbol

SPY, SGOV = Symbol("SPY"), Symbol("SGOV")
HERE = "accounts.demo.limits"


def with_limits(top: str = "", account: str = "") -> str:
    return f"[limits]\n{top}\n{SMALLEST}\n[{HERE}]\n{account}\n"


def test_without_a_line_the_limits_are_those_of_the_model():
    assert parsed(SMALLEST).accounts[0].limits == Limits()


def test_an_account_takes_the_limits_of_all_and_overrides_them():
    (account,) = parsed(with_limits("max_orders = 9\nmax_order_dollars = 500.5", "max_orders = 3")).accounts
    assert account.limits == Limits(max_orders=3, max_order_dollars=Decimal("500.5"))


def test_the_lists_are_of_tickers():
    text = with_limits('allowed = ["SPY", "SGOV"]\ndenied = ["TLT"]')
    assert parsed(text).accounts[0].limits == Limits(allowed=(SPY, SGOV), denied=(Symbol("TLT"),))
    assert "is not a ticker" in problems_of(with_limits('denied = ["spy"]'))["limits.denied"]


@pytest.mark.parametrize("written", ["BRK/B", "BRK-B", "BRK B", "BRK.B"])
def test_a_class_share_in_a_list_is_one_symbol_however_it_is_written(written):
    text = with_limits(f'denied = ["{written}", "BRK.B"]')
    assert parsed(text).accounts[0].limits.denied == ("BRK.B",)
    both = with_limits(f'allowed = ["BRK.B", "SGOV"]\ndenied = ["{written}"]')
    assert "BRK.B can't be in `allowed` and in `denied`" in problems_of(both)[f"{HERE}.denied"]


def test_the_limits_in_force_say_where_they_were_set():
    config = parsed(with_limits("max_orders = 9", 'denied = ["TLT"]'))
    shown = {setting.key: setting for setting in effective_settings(config, config.accounts[0])}
    assert (shown[f"{HERE}.max_orders"].value, shown[f"{HERE}.max_orders"].origin) == ("9", "line 2, limits.max_orders")
    assert by_key(tuple(shown.values()))[f"{HERE}.denied"] == "TLT"
    assert shown[f"{HERE}.allowed"].origin == "default"


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("max_order_dollars = 0", "a number from 0.01 to 1,000,000,000,000"),
        ("max_run_dollars = nan", "a number from 0.01 to 1,000,000,000,000"),
        ("max_symbol_percent = 100.1", "a number above 0, up to 100"),
        ("max_orders = 0", "a whole number from 1 to 10,000"),
        ("max_orders = 1.5", "a whole number from 1 to 10,000"),
        ("max_turnover_percent = inf", "a number above 0, up to 1,000"),
        ("max_daily_loss_percent = 0", "a number above 0, up to 100"),
        ("max_daily_loss_percent = true", "a number above 0, up to 100"),
    ],
)
def test_a_limit_out_of_range_is_refused(line, allowed):
    key = line.split()[0]
    assert problems_of(with_limits(line))[f"limits.{key}"].endswith(allowed)
    assert problems_of(with_limits("", line))[f"{HERE}.{key}"].endswith(allowed)


def test_a_ticker_is_not_on_both_lists():
    lists = 'allowed = ["SPY", "SGOV", "TLT"]\ndenied = ["TLT", "SPY"]'
    assert problems_of(with_limits("", lists)) == {
        f"{HERE}.denied": "SPY, TLT can't be in `allowed` and in `denied`: take it out of one of them"
    }


def test_the_fallback_ticker_must_be_allowed_and_not_denied():
    assert problems_of(with_limits('denied = ["SGOV"]')) == {
        f"{HERE}.denied": '"SGOV" is the fallback_ticker: use another one there, such as "CASH"'
    }
    assert problems_of(with_limits('allowed = ["SPY"]')) == {
        f"{HERE}.allowed": '"SGOV", the fallback_ticker, is missing: add it, or set fallback_ticker = "CASH"'
    }


def test_without_a_fallback_ticker_any_list_is_valid():
    cash = '[accounts.demo.trading]\nfallback_ticker = "CASH"'
    text = with_limits('allowed = ["SPY"]') + cash
    assert parsed(text).accounts[0].limits.allowed == (SPY,)
