"""Every screen of an account at the made-up venue says its currency and its exchange's time: EUR, and Berlin."""

import json
import re
import shutil

import pytest
from frankfurt_account import DAYS
from freezegun import freeze_time

FRIDAY_NOON = "2026-11-27 12:00"
"""Frankfurt closes at 17:30 on the day after Thanksgiving, New York at 13:00."""


@pytest.fixture
def say(rebalance):
    """The screen of a command that ends well and names neither dollars nor New York, save for settings' names."""

    def screen(*words: object, code: int = 0) -> str:
        said = rebalance(*words)
        assert said.code == code, said
        assert not re.search(r"USD|\bdollar|New York", said.out + said.err)
        return said.out

    return screen


@pytest.fixture
def traded(account, say):
    """The account after an evening."""
    folder = account()
    say("run", "--as-of", DAYS[-2])
    return folder


def test_the_orders_and_the_positions_are_in_its_currency(traded, say):
    orders = say("orders")
    assert re.search(r"buy +65\.749 .* 91\.26 ", orders), orders
    assert "5,999.92 EUR" in orders
    held = say("positions")
    assert "cost EUR" in held
    assert "value EUR" in held


def test_a_run_of_the_journal_is_shown_again_in_its_currency_and_time(traded, say):
    shown = say("history", 1)
    assert "17:20 Berlin time" in shown
    assert "Investable 10,000.00 EUR" in shown


def test_shares_that_are_handed_over_are_valued_in_its_currency(traded, rebalance, say):
    """The bots' shares are the owner's again once the journal of their purchase is gone."""
    (first, *_) = json.loads(rebalance("orders", "--json").out)["orders"]
    for file in (traded / "state").glob("journal.sqlite*"):
        shutil.move(file, traded / f"elsewhere-{file.name}")
    assert rebalance("recover", "--account-for", first["order_id"], "--reason", "I moved the journal").code == 0
    adopted = say("adopt", "--all", "--yes")
    assert "value EUR" in adopted
    assert re.search(r"Total: [\d,.]+ EUR", adopted)


def test_investments_are_listed_in_its_currency(account, rebalance, say):
    account()
    assert rebalance("invest", "set", "world", "5000", "--dollars").code == 0
    assert "5,000.00  EUR" in say("invest", "list")
    assert "5,000.00 EUR" in say("bots", "list")


def test_a_back_test_begins_with_its_currency(account, say):
    folder = account()
    page, days = folder / "page.html", folder / "days.csv"
    screen = say("backtest", "world", "--cost-bps", 5, "--html", page, "--csv", days)
    assert "begun with 10,000.00 EUR, costs: 5 bps of the traded value" in screen
    assert "Equity, EUR" in page.read_text()
    facts = json.loads(say("backtest", "world", "--json"))
    assert (facts["currency"], facts["cash"]) == ("EUR", "10000.00")


def test_its_runs_are_scheduled_by_the_hours_of_its_exchange(account, say):
    account(enabled=True)
    with freeze_time(FRIDAY_NOON):
        assert "starts, Berlin" in (coming := say("schedule", "--next", 2))
        assert "2026-11-27 17:20 CET" in coming
        assert "2026-11-27 17:30 CET" in coming
        status = say("status")
        assert "next run, Berlin" in status
        assert "2026-11-27 17:20 CET" in status


def test_a_run_outside_its_window_is_questioned_in_the_time_of_its_exchange(account, rebalance):
    account(enabled=True)
    with freeze_time(FRIDAY_NOON):
        said = rebalance("run")
    assert "It is 13:00 Berlin time. The run of account savings belongs between 17:20 and 17:29 Berlin time" in said.err


def test_the_doctor_speaks_of_its_currency_and_its_time(account, rebalance):
    account()
    said = rebalance("doctor").out
    assert "Berlin time" in said
    assert "10,000.00 EUR" in said
    assert not re.search("USD|New York", said)
