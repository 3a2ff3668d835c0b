"""Whose is what the broker pays later: by past holdings, under old and new names, and by past trades."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from rebalancer.model import Fill, OrderId, Payment, RunId, Side, Symbol
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.books import Book, Entry
from rebalancer.portfolio.entitlements import NIGHTS, Entitlements

FB, META, NEXT, SPY = map(Symbol, ["FB", "META", "NEXT", "SPY"])
DAY = date(2024, 3, 4)
RUN = RunId(1)


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def book(**shares: int) -> Book:
    return Book(shares={Symbol(symbol): Decimal(quantity) for symbol, quantity in shares.items()})


def paid(symbol: Symbol, number: int) -> Payment:
    return Payment("d", "dividend", Decimal(1), day(number), symbol)


def renamed() -> Entitlements:
    """FB until the first night, META since the second, NEXT since the third."""
    found = Entitlements()
    found.keep_night(day(0), {"A": book(FB=3), "B": book(SPY=5), UNASSIGNED: book(FB=1)})
    found.rename(FB, META)
    found.keep_night(day(1), {"A": book(META=2), UNASSIGNED: book()})
    found.rename(META, NEXT)
    found.keep_night(day(2), {"A": book(NEXT=1), UNASSIGNED: book()})
    return found


@pytest.mark.parametrize("symbol", [FB, META, NEXT])
@pytest.mark.parametrize(("number", "shares"), [(1, {"A": 3, UNASSIGNED: 1}), (2, {"A": 2}), (3, {"A": 1}), (0, {})])
def test_shares_count_under_every_name_they_had(symbol, number, shares):
    assert renamed().of(paid(symbol, number), None) == shares


def test_the_ex_date_counts_where_it_is_known_and_not_the_day_of_the_payment():
    assert renamed().of(paid(META, 3), day(1)) == {"A": 3, UNASSIGNED: 1}


def test_a_ticker_that_another_company_has_taken_over_is_not_mixed_up():
    found = renamed()
    found.keep_night(day(3), {"A": book(NEXT=1), "B": book(FB=7), UNASSIGNED: book()})
    assert found.of(paid(FB, 4), None) == {"B": 7}
    assert found.of(paid(NEXT, 4), None) == {"A": 1}


def test_a_ticker_that_came_back_to_its_first_name_is_one_share():
    found = Entitlements()
    found.rename(FB, META)
    found.rename(META, FB)
    found.keep_night(day(0), {"A": book(META=2), UNASSIGNED: book()})
    assert found.of(paid(FB, 1), None) == {"A": 2}


def fill(side: Side) -> Fill:
    at = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)
    return Fill("x", OrderId("o"), SPY, side, Decimal(10), Decimal(100), Decimal(0), at)


def test_fees_on_trades_count_what_reached_the_market_on_the_session_of_the_order():
    """A sold 4 shares in the market and 3 to B, which bought nothing else; the fill was found in a later session."""
    found = Entitlements()
    found.begin(RUN, day(0))
    found.begin(RUN, day(1))
    found.trade(
        RUN,
        fill("sell"),
        [
            Entry("A", "trade", symbol=SPY, shares=Decimal(-7), crossed=Decimal(3)),
            Entry("B", "trade", symbol=SPY, shares=Decimal(3), crossed=Decimal(3)),
        ],
    )
    found.trade(RUN, fill("buy"), [Entry("C", "trade", symbol=SPY, shares=Decimal(1))])
    found.trade(RunId(9), fill("buy"), [Entry("D", "trade", symbol=SPY, shares=Decimal(1))])
    sales, trades = (Payment("f", "fee", Decimal(-1), day(0), charged_on=on) for on in ("sales", "trades"))
    assert found.of(sales, None) == {"A": 400}
    assert found.of(trades, None) == {"A": 400, "C": 100}
    assert found.of(Payment("f", "fee", Decimal(-1), day(1), charged_on="sales"), None) == {}


@pytest.mark.parametrize("kind", ["interest", "fee"])
def test_interest_and_other_fees_are_nobodys(kind):
    assert renamed().of(Payment("i", kind, Decimal(1), day(1), FB), None) == {}


def test_half_a_year_is_remembered():
    found = Entitlements()
    for number in range(NIGHTS + 1):
        found.keep_night(day(number), {"A": book(SPY=number + 1), UNASSIGNED: book()})
    assert found.held_before(day(1)) == {}
    assert found.of(paid(SPY, 2), None) == {"A": 2}
