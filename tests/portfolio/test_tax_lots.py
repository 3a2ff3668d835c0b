"""Lots first in, first out, and losses that may be wash sales: by the examples of Publication 550, and by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from rebalancer.events import Adopted, Restated
from rebalancer.model import Symbol
from rebalancer.portfolio.tax_lots import Dealt, Received, Rescaled, TaxLots, WashSale, changes_of, merged

SPY, NEW = Symbol("SPY"), Symbol("NEW")
DAY = date(2024, 3, 4)
NOON = datetime(2024, 3, 4, 17, tzinfo=UTC)


def on(day, side, shares, price, fee="0"):
    return Dealt(DAY + timedelta(day), SPY, side, Decimal(shares), Decimal(price), Decimal(fee))


def taken(*changes):
    lots = TaxLots()
    for change in changes:
        lots.take(change)
    return lots


def washed(*changes):
    return [(each.shares, each.loss, (each.bought - each.sold).days) for each in merged(taken(*changes).wash_sales)]


def test_the_example_of_publication_550():
    """100 shares bought for 1,000 are sold for 750, and 100 bought for 800 within 30 days: 250 are not deductible."""
    found = washed(on(0, "buy", 100, 10), on(40, "sell", 100, "7.5"), on(60, "buy", 100, 8))
    assert found == [(100, 250, 20)]


@pytest.mark.parametrize(("days", "flags"), [(30, 1), (31, 0), (0, 1)])
def test_the_window_is_thirty_days_after_the_sale(days, flags):
    assert len(washed(on(0, "buy", 10, 10), on(50, "sell", 10, 9), on(50 + days, "buy", 10, 9))) == flags


@pytest.mark.parametrize(("days", "flags"), [(30, 1), (31, 0)])
def test_and_thirty_days_before_it(days, flags):
    found = washed(on(0, "buy", 10, 10), on(60 - days, "buy", 4, 9), on(60, "sell", 10, 9))
    assert found == [(4, 4, -30)] * flags


def test_what_is_left_of_a_purchase_that_was_sold_in_part_replaces_nothing():
    """Revenue Ruling 56-602; an order that was filled in two parts is one purchase."""
    assert washed(on(0, "buy", 6, 10), on(0, "buy", 14, 10), on(5, "sell", 10, 9)) == []


def test_what_was_bought_and_sold_whole_is_no_wash_sale():
    """The lot that is sold does not replace itself."""
    assert washed(on(0, "buy", 10, 10), on(5, "sell", 10, 9)) == []


def test_a_gain_is_never_one():
    assert washed(on(0, "buy", 10, 10), on(5, "sell", 10, 11), on(6, "buy", 10, 11)) == []


def test_shares_replace_sold_ones_once_in_the_order_in_which_they_were_bought():
    found = washed(
        on(0, "buy", 10, 10), on(40, "sell", 6, 9), on(41, "sell", 4, 8), on(42, "buy", 7, 8), on(43, "buy", 9, 8)
    )
    assert found == [(6, 6, 2), (1, 2, 1), (3, 6, 2)]


def test_gains_are_after_fees_by_the_oldest_lots():
    first, second = taken(on(0, "buy", 10, 10, "1"), on(1, "buy", 10, 20), on(2, "sell", 15, 30, "1.5")).sales
    assert (first.shares, first.gain) == (10, Decimal(198))  # 10 x (29.9 - 10.1)
    assert (second.shares, second.gain) == (5, Decimal("49.5"))


def test_a_year_is_short_term_and_a_day_more_is_not():
    for days, short in ((365, True), (366, False)):
        assert taken(on(0, "buy", 1, 10), on(days, "sell", 1, 11)).sales[0].short_term is short
    leap = Dealt(date(2024, 2, 29), SPY, "buy", Decimal(1), Decimal(1))
    (sale,) = taken(leap, Dealt(date(2025, 3, 1), SPY, "sell", Decimal(1), Decimal(2))).sales
    assert sale.short_term is False


def test_shares_that_were_received_have_a_cost_and_no_day():
    lots = taken(Received(SPY, Decimal(10), Decimal(100)), on(0, "sell", 10, 9), on(1, "buy", 5, 9))
    assert (lots.sales[0].gain, lots.sales[0].short_term) == (-10, None)
    assert merged(lots.wash_sales) == (WashSale(SPY, DAY, Decimal(5), Decimal(5), DAY + timedelta(1)),)
    assert taken(on(0, "sell", 10, 9)).sales == []  # nobody knows what they cost


def test_a_rename_which_comes_as_two_events_keeps_the_lots():
    gone = Restated(NOON, "demo", SPY, Decimal(0), Decimal(0), "renamed")
    come = Restated(NOON, "demo", NEW, Decimal(10), Decimal(10), "renamed", SPY, DAY)
    lots = taken(on(0, "buy", 10, 10), *changes_of(gone), *changes_of(come))
    assert [(lot.bought, lot.shares, lot.unit_cost) for lot in lots.lots[NEW]] == [(DAY, 10, 10)]


@pytest.mark.parametrize(("average", "gain"), [("6", 4), (None, 2)])
def test_adopted_shares_count_at_the_brokers_average_cost_where_it_has_one(average, gain):
    cost = None if average is None else Decimal(average)
    lots = taken(*changes_of(Adopted(NOON, "demo", SPY, Decimal(2), Decimal(8), cost=cost)), on(1, "sell", 2, 5))
    assert [(sale.gain, sale.short_term) for sale in lots.sales] == [(gain, None)]


def test_splits_and_renames_keep_cost_day_and_open_losses():
    restated = (Rescaled(SPY, SPY, Decimal(20)), Rescaled(NEW, SPY, Decimal(20)))
    lots = taken(
        *(on(0, "buy", 20, 10), on(1, "sell", 10, 9), *restated),
        Dealt(DAY + timedelta(5), NEW, "buy", Decimal(30), Decimal("4.5")),
    )
    (found,) = lots.wash_sales
    assert (found.symbol, found.shares, found.loss) == (NEW, 20, 10)
    lots.take(Dealt(DAY + timedelta(6), NEW, "sell", Decimal(20), Decimal(6)))
    assert lots.sales[-1].gain == 20
    assert lots.sales[-1].bought == DAY


def test_what_was_written_off_has_no_lots_any_more():
    lots = taken(on(0, "buy", 20, 10), Rescaled(SPY, SPY, Decimal(0)), on(1, "sell", 1, 9))
    assert lots.sales == []
