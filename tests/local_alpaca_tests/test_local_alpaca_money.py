"""Cash, settlement and buying power at the local Alpaca."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

TUESDAY = datetime(2024, 3, 5, 20, 30, tzinfo=UTC)


def figures(wire, *names):
    account = wire.get("/v2/account")
    return tuple(account[name] for name in names)


def sold(venue, wire, qty):
    """So many of 100 TLT are sold at 89.99."""
    venue.hold("TLT", 100)
    wire.taken("sell", "TLT", qty)
    venue.clock.sleep(1)


def test_the_proceeds_of_the_day_are_cash_at_once_and_settled_in_the_next_session(venue, wire):
    venue.cash = 1000
    sold(venue, wire, 10)
    assert figures(wire, "cash", "non_marginable_buying_power") == ("1899.9", "1000")
    venue.at(TUESDAY)
    assert figures(wire, "cash", "non_marginable_buying_power") == ("1899.9", "1899.9")


def test_around_a_bank_holiday_proceeds_take_a_session_longer(venue, wire):
    venue.at(datetime(2024, 10, 11, 15, tzinfo=UTC))
    sold(venue, wire, 10)
    venue.at(datetime(2024, 10, 14, 15, tzinfo=UTC))
    assert figures(wire, "non_marginable_buying_power") == ("100000",)
    (friday,) = wire.get("/v2/calendar", start="2024-10-11", end="2024-10-11")
    assert friday["settlement_date"] == "2024-10-15"


def test_the_proceeds_of_a_day_trade_are_unsettled_too(venue, wire):
    wire.taken("buy", "SPY", 2)
    venue.clock.sleep(1)
    wire.taken("sell", "SPY", 2)
    venue.clock.sleep(1)
    assert figures(wire, "cash", "non_marginable_buying_power") == ("99999.96", "98999.98")


def test_a_venue_may_count_the_proceeds_as_settled(venue, wire):
    venue.terms.proceeds_count = True
    venue.cash = 0
    sold(venue, wire, 10)
    assert figures(wire, "non_marginable_buying_power") == ("899.9",)


def test_open_buys_reduce_settled_cash(venue, wire):
    wire.taken("buy", "SPY", 100, limit_price=400)
    assert figures(wire, "cash", "non_marginable_buying_power") == ("100000", "60000")


def test_proceeds_that_have_not_settled_buy_shares(venue, wire):
    venue.cash = 0
    sold(venue, wire, 10)
    assert wire.order("buy", "SPY", 1).status == 200


def test_a_venue_may_refuse_buys_beyond_settled_cash(venue, wire):
    venue.terms.limit = "settled cash"
    venue.cash = 100
    sold(venue, wire, 10)
    said = wire.order("buy", "SPY", 1, limit_price=500)
    assert (said.status, said.body["message"]) == (403, "insufficient buying power")
    assert (said.body["buying_power"], said.body["cost_basis"]) == ("100", "500")


def test_without_margin_own_cash_is_the_limit_whatever_buying_power_is_shown(venue, wire):
    assert figures(wire, "buying_power") == ("400000",)
    assert wire.order("buy", "SPY", 201, limit_price=500).status == 403
    assert wire.order("buy", "SPY", 200, limit_price=500).status == 200


def test_a_market_buy_counts_at_a_collar_above_the_ask(venue, wire):
    venue.terms.multiplier = 1
    venue.cash = 1000
    said = wire.order("buy", "SPY", 2)
    assert (said.status, said.body["cost_basis"]) == (403, "1025.0205")
    said = wire.order("buy", "SUB", 1960)
    assert (said.status, said.body["cost_basis"]) == (403, "1019.40384")


@pytest.mark.parametrize(("multiplier", "before", "after"), [(4, "391000", "400000"), (2, "191000", "200000")])
def test_buying_power_moves_with_the_trades_of_the_day(venue, wire, multiplier, before, after):
    venue.terms.multiplier = multiplier
    venue.market.quote("TLT", 90, 90)
    venue.cash = 91_000
    venue.hold("TLT", 100)
    assert figures(wire, "buying_power", "multiplier") == (before, str(multiplier))
    wire.taken("sell", "TLT", 100)
    venue.clock.sleep(1)
    assert figures(wire, "buying_power") == (after,)


@pytest.mark.parametrize(("multiplier", "start"), [(4, 400_000 - 10_800), (2, 200_000 - 9_000)])
def test_buying_power_may_count_from_the_start_of_the_day_and_only_fall(venue, wire, multiplier, start):
    venue.terms.multiplier, venue.terms.power_moves = multiplier, False
    venue.market.quote("TLT", 90, 90)
    venue.market.quote("SPY", 500, 500)
    venue.cash = 91_000
    venue.hold("TLT", 100)
    wire.taken("sell", "TLT", 100)
    venue.clock.sleep(1)
    assert figures(wire, "buying_power") == (str(start),)
    wire.taken("buy", "SPY", 2)
    venue.clock.sleep(1)
    assert figures(wire, "buying_power") == (str(start - 1_000),)


def test_an_account_without_margin_shows_its_own_cash_and_may_not_go_short(venue, wire):
    venue.terms.multiplier = 1
    shown = figures(wire, "buying_power", "multiplier")
    assert shown == ("100000", "1")
    assert wire.get("/v2/account")["shorting_enabled"] is False
    assert wire.order("sell", "SPY", 1).body["message"] == "account is not allowed to short"


@pytest.mark.parametrize(("limit", "status"), [("own cash", 200), ("buying power", 403)])
def test_buying_power_may_be_nearly_nothing_beside_ample_cash(venue, wire, limit, status):
    venue.terms.power, venue.terms.limit = Decimal("7.42"), limit
    assert figures(wire, "cash") == ("100000",)
    assert figures(wire, "buying_power") == ("7.42",)
    assert wire.order("buy", "SPY", 1).status == status


def test_the_account_shows_long_and_short_values_and_pending_debits(venue, wire):
    venue.hold("SPY", 10)
    venue.hold("TLT", -10)
    shown = figures(wire, "long_market_value", "short_market_value", "position_market_value", "equity")
    assert shown == ("5000", "-900", "4100", "104100")
    assert figures(wire, "pending_transfer_out", "accrued_fees") == ("0", "0")
