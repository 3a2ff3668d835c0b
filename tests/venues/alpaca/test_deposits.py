"""Equity at the last close, and deposits and withdrawals since, at Alpaca."""

from datetime import date
from decimal import Decimal

import pytest
from local_alpaca import faults

from rebalancer.errors import SourceError
from rebalancer.venues.alpaca import parse
from rebalancer.venues.alpaca.broker import AlpacaBroker
from rebalancer.venues.alpaca.parse import Body
from rebalancer.venues.alpaca.reads import Deposits

FRIDAY = date(2024, 3, 1)
PATH = "/v2/account/activities"


@pytest.fixture
def friday(venue):
    """On a Monday: equity at Friday's close."""
    venue.account |= {"balance_asof": "2024-03-01", "last_equity": "99000.5"}
    return venue


def deposit(kind: str, dollars: str, day: str, **more: object) -> dict[str, object]:
    body = {"activity_type": kind, "net_amount": dollars, "date": day, "status": "executed"}
    return {"id": f"{day}::{kind}", **body, **more}


def asked(venue) -> list[dict[str, object]]:
    return [dict(request.params) for request in venue.requests if request.path == PATH]


def test_deposits_and_withdrawals_since_the_last_close_are_summed(friday, client):
    friday.deposits = [
        deposit("CSD", "700", "2024-03-01"),
        deposit("CSD", "5000.25", "2024-03-04"),
        deposit("CSW", "-1000", "2024-03-04"),
        deposit("JNLC", "10", "2024-03-04"),
        deposit("DIV", "3", "2024-03-04"),
    ]
    account = AlpacaBroker(client, friday.clock).account()
    assert (account.previous_equity, account.deposits) == (Decimal("99000.5"), Decimal("4010.25"))


def test_a_cancelled_deposit_does_not_count(friday, client):
    friday.deposits = [deposit("CSD", "5000", "2024-03-04", status="canceled")]
    assert Deposits(client).since(FRIDAY) == 0


def test_it_is_asked_once_for_each_close_and_from_that_close_on(friday, client):
    broker = AlpacaBroker(client, friday.clock)
    assert [broker.account().deposits, broker.account().deposits] == [0, 0]
    assert [(sent["after"], sent["activity_types"]) for sent in asked(friday)] == [
        ("2024-03-01T16:00:00-05:00", "CSD,CSW,JNLC,ACATC")
    ]


def test_an_account_that_does_not_say_which_close_it_was_has_no_deposits_either(friday, client):
    friday.account["balance_asof"] = None
    account = AlpacaBroker(client, friday.clock).account()
    assert (account.previous_equity, account.deposits) == (Decimal("99000.5"), None)
    assert asked(friday) == []


def test_a_list_that_can_not_be_read_is_never_read_as_empty(friday, client):
    friday.faults.on("GET", PATH, fault=faults.answering({"message": "no"}))
    with pytest.raises(SourceError, match="no list of deposits"):
        Deposits(client).since(FRIDAY)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "lots", None])
def test_an_amount_that_is_no_number_is_refused(friday, client, amount):
    friday.deposits = [deposit("CSD", amount, "2024-03-04")]
    with pytest.raises(SourceError, match="net_amount"):
        Deposits(client).since(FRIDAY)


@pytest.mark.parametrize("day", ["2024-02-30", "yesterday", 20240301])
def test_an_invalid_day_is_refused(day):
    with pytest.raises(SourceError, match="balance_asof"):
        parse.balance_day(Body.of("account", {"balance_asof": day}))
