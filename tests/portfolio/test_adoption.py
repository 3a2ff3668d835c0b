"""Only positions that the bots could sell may be adopted."""

from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import US_EQUITIES, Instrument, Position, Symbol, Trading
from rebalancer.portfolio.holdings import Offer, never_managed
from rebalancer.portfolio.holdings import offers as offers_of_any
from rebalancer.portfolio.holdings import sort_holdings as sort_holdings_of_any

offers = partial(offers_of_any, instruments=US_EQUITIES)
sort_holdings = partial(sort_holdings_of_any, instruments=US_EQUITIES)
SPY, QQQ = Symbol("SPY"), Symbol("QQQ")


def spy(quantity, value="1000", asset_class="us_equity"):
    return Position(SPY, Decimal(quantity), Decimal(value), asset_class)


def offer(position, ours="0", trading=Trading()):  # noqa: B008 - frozen
    return offers([position], {SPY: Decimal(ours)}, trading)[SPY]


def test_all_shares_of_a_symbol_are_offered_with_their_value():
    assert offer(spy("10")) == Offer(SPY, Decimal(10), Decimal("1000.00"))


def test_of_a_symbol_that_the_bots_hold_too_only_the_rest_is_offered():
    assert offer(spy("10"), ours="4") == Offer(SPY, Decimal(6), Decimal("600.00"))


def test_a_single_share_is_offered_with_its_value_to_the_cent():
    assert offer(spy("3", "100"), ours="2") == Offer(SPY, Decimal(1), Decimal("33.33"))


def test_shares_of_a_symbol_that_the_bots_never_held_are_offered():
    assert offers([spy("10")], {}, Trading()) == {SPY: Offer(SPY, Decimal(10), Decimal("1000.00"))}


def test_a_fraction_of_a_share_is_offered_with_it():
    assert offer(spy("2.5")) == Offer(SPY, Decimal("2.5"), Decimal("1000.00"))


def test_shares_that_the_bots_manage_already_are_not_offered_again():
    assert offer(spy("10"), ours="10") == "all 10 shares are the bots' already"


def test_a_protected_symbol_is_refused_with_the_remedy():
    assert "take it out of `protected` first" in offer(spy("10"), trading=Trading(protected=(SPY,)))


def test_a_short_is_refused():
    assert "held short" in offer(spy("-10"))


def test_an_asset_that_is_not_an_equity_is_refused():
    assert "not a US equity (crypto)" in offer(spy("10", asset_class="crypto"))


def test_positions_are_offered_in_the_order_of_their_symbols():
    assert list(offers([spy("1"), Position(QQQ, Decimal(1), Decimal(1))], {}, Trading())) == [QQQ, SPY]


@given(
    st.builds(
        Position,
        st.just(SPY),
        st.integers(-5, 50).filter(bool).map(Decimal),
        st.integers(0, 1000).map(Decimal),
        st.sampled_from(["us_equity", "crypto"]),
    ),
    st.integers(0, 50).map(Decimal),
    st.sampled_from([(), (SPY,)]),
)
def test_adopted_shares_are_managed_to_the_last_one_and_refused_ones_never(position, ours, protected):
    trading = Trading(protected=protected)
    found = offers([position], {SPY: ours}, trading)[SPY]
    after = ours + found.quantity if isinstance(found, Offer) else ours
    managed = sort_holdings([position], {SPY: after}, None, trading).managed.get(SPY, Decimal(0))

    if isinstance(found, Offer):
        assert managed == position.quantity
    elif protected or position.quantity < 0 or position.asset_class == "crypto":
        assert managed == 0


def settled(quantity, ours="100", expected="100", *, by_hand=False, manage="own"):
    positions = [spy(quantity)] if Decimal(quantity) else []
    counted = {SPY: Decimal(expected)}
    trading = Trading(manage=manage)
    return offers(positions, {SPY: Decimal(ours)}, trading, counted, by_hand=by_hand)[SPY]


def test_more_shares_than_expected_are_adopted_and_expected_from_then_on():
    assert settled("200") == Offer(SPY, Decimal(100), Decimal("500.00"), Decimal(200))
    assert settled("200", manage="account") == settled("200")


def test_shares_that_came_by_the_owners_own_trade_stay_the_owners():
    assert settled("200", by_hand=True) == Offer(SPY, Decimal(0), Decimal(0), Decimal(200))


def test_fewer_shares_than_expected_and_none_at_all_can_be_settled_too():
    assert settled("50") == Offer(SPY, Decimal(0), Decimal(0), Decimal(50))
    assert settled("0") == Offer(SPY, Decimal(0), Decimal(0), Decimal(0))


def test_a_position_as_expected_has_no_manual_trade_to_settle():
    assert "no trade by hand to settle" in settled("100", by_hand=True)
    assert "every long share is the bots' already" in settled("100", manage="account")


@pytest.mark.parametrize(("there", "handed_over", "value"), [("10", "0", "0"), ("11", "1", "100")])
def test_a_difference_is_settled_with_the_shares_beyond_those_of_the_bots(there, handed_over, value):
    position = spy(there, value=str(int(there) * 100))

    found = offers([position], {SPY: Decimal(10)}, Trading(), {SPY: Decimal(12)})

    assert found == {SPY: Offer(SPY, Decimal(handed_over), Decimal(value), Decimal(there))}


def test_shares_cost_the_brokers_average_where_it_has_one():
    position = replace(spy("15", value="1500"), average_cost=Decimal("81.237"))
    assert offers([position], {SPY: Decimal(10)}, Trading()) == {
        SPY: Offer(SPY, Decimal(5), Decimal(500), cost=Decimal("406.18"))
    }


def test_what_another_kind_of_venue_trades_is_named():
    coin = Instrument(SPY, "crypto", "EUR", Decimal("0.001"), Decimal("0.01"))
    assert never_managed(spy("1"), {SPY: coin}) == "not a crypto (us_equity): never bought nor sold"
