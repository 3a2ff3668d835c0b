"""A class share is one symbol, however the prices, the bots, the settings and the person spell it."""

import json
import shutil

import pytest
from own_prices import DAYS, write_account

SPELLINGS = ("BRK/B", "BRK-B", "BRK B", "BRK.B")
HALVES = {"equal": [{"asset": "BRK.B"}, {"asset": "SPY"}]}
CLOSES = {"BRK-B": ["300"] * 5, "SPY": ["400"] * 5}


def bought(rebalance, *words):
    """The symbols that a dry run would have bought, and the plan's lines."""
    record = json.loads(rebalance("run", "--dry-run", "--json", *words).out)["accounts"][0]["record"]
    filled = {order["symbol"] for order in record["orders"] if order["filled"] != "0"}
    return filled, {trade["symbol"]: trade["why"] for trade in record["plan"]["trades"]}


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_protected_class_share_is_not_bought_in_any_spelling(rebalance, tmp_path, written):
    write_account(tmp_path, CLOSES, HALVES, f'protected = ["{written}"]')
    filled, whys = bought(rebalance)
    assert filled == {"SPY"}
    assert whys["BRK.B"] == "protected in the config"


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_denied_class_share_is_not_bought_in_any_spelling(rebalance, tmp_path, written):
    write_account(tmp_path, CLOSES, HALVES, f'[limits]\ndenied = ["{written}"]')
    assert bought(rebalance)[0] == {"SPY"}


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_bot_finds_the_prices_of_a_class_share_in_any_spelling(rebalance, tmp_path, written):
    write_account(tmp_path, CLOSES, {"asset": written})
    assert bought(rebalance)[0] == {"BRK.B"}
    assert "BRK.B" in rebalance("explain", "b").out


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_class_share_can_be_adopted_in_any_spelling(rebalance, tmp_path, written):
    write_account(tmp_path, CLOSES, {"asset": "BRK.B"})
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    (order,) = json.loads(rebalance("orders", "--json").out)["orders"]
    for file in (tmp_path / "state").glob("journal.sqlite*"):
        shutil.move(file, tmp_path / f"elsewhere-{file.name}")
    assert rebalance("recover", "--account-for", order["order_id"], "--reason", "I moved the journal").code == 0

    assert rebalance("adopt", written, "--yes").code == 0

    (line,) = json.loads(rebalance("positions", "--json").out)["accounts"][0]["positions"]
    assert (line["symbol"], line["ours"]) == ("BRK.B", "330")
