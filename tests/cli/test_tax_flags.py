"""Possible wash sales and short-term gains, in a dry run and in `performance`."""

import json

import pytest
from own_prices import DAYS, write_account, write_bot

CLOSES = {"SPY": ["400", "400", "390", "391", "410"], "TLT": ["100"] * 5}


@pytest.fixture
def lost(rebalance, tmp_path):
    """247 SPY bought at 400 are sold at 390; the next day SPY is wanted again."""
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    write_bot(tmp_path, {"asset": "TLT"})
    assert rebalance("run", "--as-of", DAYS[2]).code == 0
    write_bot(tmp_path, {"asset": "SPY"})


def test_a_dry_run_says_what_may_be_a_wash_sale(lost, rebalance):
    screen = rebalance("run", "--dry-run", "--as-of", DAYS[3]).out
    assert "possible wash sale: 246 SPY, 2,460.00 USD of loss, bought again 1 day after" in screen
    assert "the simulated broker picks the lots" in screen
    assert "only this one account is seen" in screen


def test_performance_has_what_was_realised_and_what_may_be_a_wash_sale(lost, rebalance):
    assert rebalance("run", "--as-of", DAYS[3]).code == 0
    (account,) = json.loads(rebalance("performance", "--json").out)["accounts"]
    tax = account["tax"]
    assert (tax["short_term"], tax["long_term"], tax["wash_sale_loss"]) == ("-2470.00", "0.00", "2460.00")
    assert [(each["symbol"], each["loss"]) for each in tax["wash_sales"]] == [("SPY", "2460.00")]
    screen = rebalance("performance").out
    assert "Realised: short-term -2,470.00 USD" in screen
    assert f"{DAYS[2]}: possible wash sale: 246 SPY" in screen


def test_a_short_term_gain_is_said_and_nothing_where_nothing_is_sold(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    assert rebalance("run", "--as-of", DAYS[3]).code == 0
    assert json.loads(rebalance("performance", "--json").out)["accounts"][0]["tax"] is None
    write_bot(tmp_path, {"asset": "TLT"})
    (found,) = json.loads(rebalance("run", "--dry-run", "--as-of", DAYS[4], "--json").out)["accounts"]
    assert "short-term gain: 253 SPY, 4,807.00 USD" in found["tax_flags"]
