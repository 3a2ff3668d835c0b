"""The value of a sim holding without a market price."""

from datetime import timedelta
from decimal import Decimal

import pytest
from street import BIL, EVENING, SPY, XYZ, buy, sell

from rebalancer.errors import SourceError
from rebalancer.model import Bar, Position, Refused, Snapshot

TODAY = EVENING.date()


def delist(street, symbol, last_close=None):
    """The next evening shows nothing of `symbol` but, where it is given, this evening's close."""
    close = None if last_close is None else Bar(TODAY, Decimal(last_close), EVENING)
    street.next_evening()
    street.shown[symbol] = Snapshot(symbol, previous=close)


def test_a_holding_without_a_price_counts_at_its_last_close(sims, street):
    broker = sims.open(holdings={SPY: "3", BIL: "2"})
    delist(street, SPY, "98.50")
    assert broker.positions() == (
        Position(BIL, Decimal(2), Decimal(100)),
        Position(SPY, Decimal(3), Decimal("295.50"), last_close=TODAY),
    )
    assert broker.account().equity == Decimal("10395.50")


@pytest.mark.parametrize("close", [None, "0", "NaN", "-1", "Infinity"])
def test_where_no_close_is_known_it_counts_at_its_last_fill(sims, street, close):
    broker = sims.open()
    broker.submit(buy("rb1", SPY, "3"))
    street.trades_at(SPY, "120.00")
    broker.submit(sell("rb2", SPY, "1"))
    delist(street, SPY, close)
    assert broker.positions() == (Position(SPY, Decimal(2), Decimal(240), last_close=TODAY),)


def test_a_holding_that_never_had_a_price_is_not_valued_at_0(sims):
    with pytest.raises(SourceError, match="holds XYZ, which never had a price here: it can't be valued"):
        sims.open(holdings={XYZ: "1"}).positions()


def test_a_holding_without_a_price_is_not_traded_and_the_remedy_is_named(sims, street):
    broker = sims.open(holdings={SPY: "3"})
    delist(street, SPY, "98.50")
    assert broker.untradable([SPY, BIL, XYZ]) == {
        SPY: "the sim broker has no price for it (its last close is of 2016-06-30): neither bought nor sold until it "
        "has one; `rebalance write-off SPY` gives it up",
        XYZ: "the sim broker has no price for it",
    }
    for order in (buy("rb1", SPY, "1"), sell("rb2", SPY, "3")):
        assert broker.submit(order) == Refused("SPY has no price here: it is unknown or not traded now")


def test_a_write_off_removes_the_shares_for_0_at_the_last_event_time(sims, street):
    broker = sims.open(holdings={SPY: "3", BIL: "2"})
    held_at = street.moment
    delist(street, SPY, "98.50")
    broker.write_off(SPY)
    street.moment = held_at + timedelta(seconds=1)  # a run that is still of the day before
    assert broker.positions() == (Position(BIL, Decimal(2), Decimal(100)),)
    assert broker.account().cash == 10_000


def test_a_price_that_comes_back_counts_again(sims, street):
    broker = sims.open(holdings={SPY: "3"})
    delist(street, SPY, "98.50")
    street.trades_at(SPY, "101.00")
    assert broker.positions() == (Position(SPY, Decimal(3), Decimal(303)),)
