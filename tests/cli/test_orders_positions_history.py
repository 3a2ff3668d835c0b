"""What `orders`, `positions`, `history` and `status` say of money: amounts, gains, weights, whose shares they are."""

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from own_prices import DAYS, write_account

from rebalancer.config import load
from rebalancer.events import Adopted
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN, Symbol

SPY = Symbol("SPY")
CLOSES = {"SPY": ["400", "400", "404", "400", "410"]}


@pytest.fixture
def traded(rebalance, tmp_path):
    """247 SPY for 98,800 USD of 100,000 on the first day, worth 99,788 on the second."""
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    for day in DAYS[1:3]:
        assert rebalance("run", "--as-of", day).code == 0


def answered(rebalance, *words):
    return json.loads(rebalance(*words, "--json").out)


def test_an_order_has_its_side_limit_time_and_money(traded, rebalance):
    (order,) = answered(rebalance, "orders")["orders"]
    assert (order["side"], order["quantity"], order["value"]) == ("buy", "247", "98800.00")
    screen = rebalance("orders").out
    assert f"{DAYS[1]} 15:50 EDT" in screen
    assert "98,800.00 USD" in screen
    assert "filled" in screen


def test_orders_are_written_as_csv(traded, rebalance, tmp_path):
    file = tmp_path / "orders.csv"
    output = rebalance("orders", "--csv", file)
    assert (output.code, f"--csv: written to {file}" in output.err) == (0, True)
    (row,) = csv.DictReader(file.read_text().splitlines())
    assert (row["side"], row["quantity"], row["value"], row["currency"]) == ("buy", "247", "98800.00", "USD")
    assert row["at"] == answered(rebalance, "orders")["orders"][0]["at"]
    assert rebalance("orders", "--csv", tmp_path / "config.toml").code == 2


def test_an_account_that_left_the_config_has_orders_in_utc_without_a_currency(traded, rebalance, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("accounts.a", "accounts.other"))
    screen = rebalance("orders").out
    assert f"{DAYS[1]} 19:50 UTC" in screen
    assert "98,800.00 USD" not in screen
    assert "98,800.00" in screen


def test_a_position_has_its_cost_gain_weight_and_owners(traded, rebalance):
    (account,) = answered(rebalance, "positions")["accounts"]
    (held,) = account["positions"]
    assert account["equity"] == "100988.00"
    assert (held["cost"], held["value"], held["gain"]) == ("98800.00", "99788.00", "988.00")
    assert held["weight"] == pytest.approx(99_788 / 100_988)
    assert (held["shares_by_bot"], held["has_adopted"]) == ({"b": "247"}, False)
    screen = rebalance("positions").out
    assert "+988.00" in screen
    assert "b 247" in screen


def test_history_and_status_have_the_equity_and_the_gain_of_the_day(traded, rebalance):
    second, first = answered(rebalance, "history")["runs"]
    assert (first["equity"], first["gain"]) == ("100000.00", None)
    assert (second["equity"], second["gain"]) == ("100988.00", "988.00")
    for command in ("history", "status"):
        screen = rebalance(command).out
        assert "100,988.00 USD" in screen
        assert "+988.00 (+0.99 %)" in screen


def test_adopted_shares_have_a_cost_which_is_marked(traded, rebalance, tmp_path):
    """The broker's average is 388.50 USD: 247 SPY and 2 of these cost 98,800.00 and 777.00 USD."""
    at = datetime(2022, 6, 9, 12, tzinfo=UTC)
    with SqliteJournal.open(load(tmp_path / "config.toml").journal()) as journal:
        journal.record(NO_RUN, Adopted(at, "a", SPY, Decimal(2), Decimal(810), cost=Decimal(777)))
    (held,) = answered(rebalance, "positions")["accounts"][0]["positions"]
    assert (held["ours"], held["cost"], held["has_adopted"]) == ("249", "99577.00", True)
    screen = rebalance("positions").out
    assert "99,577.00 *" in screen
    assert "* Some of these shares were adopted: they count at the broker's average cost" in screen


def test_before_the_first_run_nothing_is_held_and_no_equity_is_known(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    assert answered(rebalance, "positions")["accounts"][0]["equity"] is None
    assert "the bots hold nothing" in rebalance("positions").out
