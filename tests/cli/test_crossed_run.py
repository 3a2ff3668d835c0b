"""What passed between the bots is shown by the run itself, before it by a dry run, and later by `history`."""

import json

import pytest
from own_prices import DAYS, write_account

CLOSES = {"SPY": ["400"] * 5, "TLT": ["100"] * 5}
OTHER = '[[accounts.a.investments]]\nbot = "c.json"\namount = 50\nweight_mode = "percent"\n'


@pytest.fixture
def changed_places(rebalance, tmp_path):
    """After an evening `b` has SPY and `c` TLT; from now on each wants what the other has."""
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    config = tmp_path / "config.toml"
    before, name, after = config.read_text().replace("amount = 100", "amount = 50").partition("[accounts.a.trading]")
    config.write_text(before + OTHER + name + after)
    write(tmp_path, "c", "TLT")
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    write(tmp_path, "b", "TLT")
    write(tmp_path, "c", "SPY")


def write(folder, name, ticker):
    bot = {"format": "rebalancer/bot", "version": 1, "name": name, "chart": {"asset": ticker}}
    (folder / f"{name}.json").write_text(json.dumps(bot))


def crossed(answer):
    return {each["symbol"]: (each["gave"], each["took"], each["price"]) for each in answer["crossed"]}


def test_a_run_a_dry_run_and_history_show_what_crossed(changed_places, rebalance):
    (dry,) = json.loads(rebalance("run", "--dry-run", "--as-of", DAYS[2], "--json").out)["accounts"]
    assert crossed(dry) == {
        "SPY": ({"b": "123"}, {"c": "123"}, "400.0000"),
        "TLT": ({"c": "495"}, {"b": "495"}, "100.0000"),
    }
    assert "Crossed between the bots, without an order" in rebalance("run", "--as-of", DAYS[2]).out
    assert crossed(json.loads(rebalance("history", "2", "--json").out)) == crossed(dry)
    assert "cross" not in rebalance("run", "--dry-run", "--as-of", DAYS[3]).out


def test_a_dry_run_of_the_past_is_shown_with_what_would_cross_now(changed_places, rebalance):
    assert "Would cross between the bots" in rebalance("run", "--dry-run", "--as-of", DAYS[2]).out
    assert "Would cross between the bots" in rebalance("history", "1", "--dry-run").out
    assert rebalance("run", "--as-of", DAYS[2]).code == 0
    assert "Would cross between the bots" not in rebalance("history", "1", "--dry-run").out
