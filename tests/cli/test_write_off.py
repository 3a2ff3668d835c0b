"""A position without a price at the simulated broker counts at its last close until it is written off."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from own_prices import DAYS, write_account, write_bot

from rebalancer.events import WrittenOff
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN, Symbol

SPY_CLOSES = ["400", "400", "400", "400", "400"]
GONE = ["200", "200", "210", "", ""]
HALVES = {"equal": [{"asset": "FB"}, {"asset": "SPY"}]}


@pytest.fixture
def delisted(rebalance, tmp_path):
    """An account that holds 247 FB, bought at 200; after the third day it has no close any more."""
    write_account(tmp_path, {"FB": GONE, "SPY": SPY_CLOSES, "GLD": ["100"] * 5}, HALVES)
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    return tmp_path


def evening(rebalance, day):
    output = rebalance("run", "--as-of", day, "--json")
    return output.code, json.loads(output.out)["accounts"][0]["record"]


def warnings(record):
    return [remark["text"] for remark in record["remarks"] if remark["level"] == "warning"]


def test_a_position_without_a_price_counts_at_its_last_close_with_a_warning_and_the_rest_is_traded(rebalance, delisted):
    write_bot(delisted, {"asset": "GLD"})
    code, record = evening(rebalance, DAYS[4])
    assert code == 3
    assert "FB: 51,870.00 USD over its target (the sim broker has no price for it" in record["reason"]
    assert "FB: no price now: it counts for 51,870.00 USD by its last close, of 2022-06-08" in warnings(record)
    assert record["readings"][0]["investable"] == "102470.00"
    filled = {order["symbol"]: (order["side"], order["filled"]) for order in record["orders"]}
    assert filled == {"SPY": ("sell", "123"), "GLD": ("buy", "495")}


def test_a_position_without_a_price_is_not_traded_and_the_plan_names_the_write_off(rebalance, delisted):
    write_bot(delisted, {"asset": "SPY"})
    _, record = evening(rebalance, DAYS[3])
    (trade,) = [trade for trade in record["plan"]["trades"] if trade["symbol"] == "FB"]
    assert (trade["side"], trade["held"]) == (None, "247")
    assert trade["why"] == (
        "the sim broker has no price for it (its last close is of 2022-06-08): neither bought nor sold until it has "
        "one; `rebalance write-off FB` gives it up"
    )


def test_after_a_write_off_the_next_run_finds_no_difference(rebalance, delisted):
    evening(rebalance, DAYS[3])

    output = rebalance("write-off", "FB", "--reason", "delisted", "--yes")

    assert output.code == 0, output.err
    assert "holds 247 shares of FB, 51,870.00 USD at its last close on 2022-06-08" in output.out
    assert "Written off: 247 shares of FB, for 0 USD." in output.out
    write_bot(delisted, {"asset": "GLD"})
    code, record = evening(rebalance, DAYS[4])
    assert (code, warnings(record)) == (0, [])
    assert record["readings"][0]["account_figures"]["equity"] == "50600.00"
    assert [
        line["symbol"] for line in json.loads(rebalance("positions", "--json").out)["accounts"][0]["positions"]
    ] == ["GLD"]
    assert rebalance("audit", "verify").code == 0


def test_a_write_off_is_no_loss_of_the_day_and_ends_no_buying(rebalance, delisted):
    evening(rebalance, DAYS[3])
    rebalance("write-off", "FB", "--reason", "delisted", "--yes")
    write_bot(delisted, {"asset": "GLD"})
    _, record = evening(rebalance, DAYS[4])
    assert {order["symbol"]: order["side"] for order in record["orders"]} == {"SPY": "sell", "GLD": "buy"}


def test_confirmation_is_asked_for(rebalance, delisted):
    output = rebalance("write-off", "FB", "--reason", "delisted")
    assert output.code == 2
    assert "There is no terminal to answer on, so nothing was written off" in output.err


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("SPY", "SPY: it has a price on 2022-06-10: only a share without one is written off"),
        ("QQQ", "QQQ: not held in this account"),
    ],
)
def test_a_position_that_can_be_sold_or_is_not_held_is_not_written_off(rebalance, delisted, symbol, words):
    output = rebalance("write-off", symbol, "--reason", "by mistake", "--yes")
    assert output.code == 2
    assert words in output.err


def test_a_write_off_at_a_real_broker_is_refused(rebalance, delisted):
    config = delisted / "config.toml"
    config.write_text(config.read_text().replace('broker = "sim"', 'broker = "alpaca"'))
    output = rebalance("write-off", "FB", "--reason", "delisted", "--yes")
    assert output.code == 2
    assert "account a is at alpaca: what is worth nothing there, the broker takes out by itself" in output.err


def test_a_write_off_interrupted_after_the_journal_is_completed_by_the_same_command(rebalance, delisted):
    evening(rebalance, DAYS[3])
    with SqliteJournal.open(delisted / "state" / "journal.sqlite") as journal:
        at = datetime(2022, 6, 9, 20, 0, tzinfo=UTC)
        event = WrittenOff(at, "a", Symbol("FB"), Decimal(247), Decimal(51_870), "ann@desk", "delisted")
        journal.record(NO_RUN, event)

    assert rebalance("write-off", "FB", "--reason", "delisted", "--yes").code == 0

    _, record = evening(rebalance, DAYS[4])
    assert warnings(record) == []
