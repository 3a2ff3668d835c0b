"""What Alpaca paid beside trades, as its account activities list it."""

from datetime import date
from decimal import Decimal

import pytest

from rebalancer.errors import SourceError
from rebalancer.model import Payment
from rebalancer.venues.alpaca.broker import AlpacaBroker

FRIDAY = date(2024, 3, 1)


def test_dividends_interest_and_fees_are_listed_from_a_day_on_and_cancelled_ones_are_not(venue, client):
    venue.pay("DIV", "7.00", "2024-02-29", symbol="SPY")
    venue.pay("DIV", "5.04", "2024-03-01", symbol="SPY", per_share_amount="0.42")
    venue.pay("INT", "0.31", "2024-03-01")
    venue.pay("FEE", "-0.02", "2024-03-01", symbol=None)
    venue.pay("DIV", "9.99", "2024-03-01", symbol="SPY")
    venue.deposits[-1]["status"] = "canceled"
    assert AlpacaBroker(client, venue.clock).payments(FRIDAY) == (
        Payment("2024-03-01::1", "dividend", Decimal("5.04"), FRIDAY, "SPY", Decimal("0.42")),
        Payment("2024-03-01::2", "interest", Decimal("0.31"), FRIDAY),
        Payment("2024-03-01::3", "fee", Decimal("-0.02"), FRIDAY),
    )


@pytest.mark.parametrize("wrong", [{"net_amount": "much"}, {"id": None}])
def test_a_payment_that_can_not_be_read_is_no_payment_of_nothing(venue, client, wrong):
    venue.pay("DIV", "5.04", "2024-03-01", symbol="SPY")
    venue.deposits[-1].update(wrong)
    with pytest.raises(SourceError, match="payment can't be read"):
        AlpacaBroker(client, venue.clock).payments(FRIDAY)
