"""Managed and untouchable positions, and their values."""

from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import US_EQUITIES, Position, Symbol, Trading, us_equity
from rebalancer.portfolio.holdings import sort_holdings as sort_holdings_of_any
from rebalancer.portfolio.holdings import tradable

sort_holdings = partial(sort_holdings_of_any, instruments=US_EQUITIES)
SPY, TLT, GLD = map(Symbol, ("SPY", "TLT", "GLD"))
OWN, ACCOUNT = Trading(manage="own"), Trading(manage="account")


def held(symbol: Symbol, quantity: int | str, value: int | str, asset_class: str = "us_equity") -> Position:
    return Position(symbol, Decimal(quantity), Decimal(value), asset_class)


def of(**quantities: int | str) -> dict[Symbol, Decimal]:
    return {Symbol(name): Decimal(quantity) for name, quantity in quantities.items()}


def test_own_manages_only_what_this_tool_bought():
    positions = [held(SPY, 100, 40_000), held(TLT, 10, 1_000)]

    holdings = sort_holdings(positions, of(SPY=100), of(SPY=100, TLT=10), OWN)

    assert holdings.managed == of(SPY=100)
    assert holdings.untouchable == {}
    assert holdings.others_value == Decimal(1_000)


def test_the_part_of_a_symbol_that_is_not_ours_counts_pro_rata_among_the_others():
    holdings = sort_holdings([held(SPY, 100, 40_000)], of(SPY=25), of(SPY=100), OWN)

    assert holdings.managed == of(SPY=25)
    assert holdings.values == {SPY: Decimal(10_000)}
    assert holdings.others_value == Decimal(30_000)


def test_a_part_that_does_not_divide_is_rounded_up_to_the_cent():
    holdings = sort_holdings([held(SPY, 3, 100)], of(SPY=1), None, OWN)

    assert holdings.others_value == Decimal("66.67")


def test_never_more_is_managed_than_the_broker_shows():
    holdings = sort_holdings([held(SPY, 40, 16_000)], of(SPY=100), None, OWN)

    assert (holdings.managed, holdings.held) == (of(SPY=40), {})


def test_the_managed_positions_are_sorted_by_symbol():
    holdings = sort_holdings([held(TLT, 1, 90), held(GLD, 1, 200), held(SPY, 1, 500)], {}, None, ACCOUNT)

    assert [*holdings.managed] == [GLD, SPY, TLT]


def test_a_position_of_zero_shares_is_not_managed():
    holdings = sort_holdings([held(SPY, 0, 0)], of(SPY=5), of(SPY=5), OWN, of(SPY=500))

    assert (holdings.managed, holdings.changed, holdings.others_value) == ({}, {SPY: 0}, 0)


def test_account_manages_every_long_us_equity():
    holdings = sort_holdings([held(SPY, "1.5", 600), held(TLT, 10, 1_000)], {}, None, ACCOUNT)

    assert holdings.managed == of(SPY="1.5", TLT=10)
    assert holdings.others_value == 0


def test_a_protected_symbol_is_left_alone_even_where_it_is_ours():
    trading = Trading(manage="account", protected=(SPY,))

    holdings = sort_holdings([held(SPY, 100, 40_000)], of(SPY=100), None, trading)

    assert holdings.managed == {}
    assert holdings.untouchable == {SPY: "protected in the config"}
    assert holdings.others_value == Decimal(40_000)


def test_a_protected_symbol_that_is_not_held_is_not_bought_either():
    assert sort_holdings([], {}, None, Trading(protected=(SPY,))).untouchable == {SPY: "protected in the config"}


def test_protected_symbols_are_named_in_alphabetical_order():
    trading = replace(OWN, protected=(TLT, GLD, SPY))

    assert [*sort_holdings([], {}, None, trading).untouchable] == [GLD, SPY, TLT]


def test_a_quantity_that_changed_without_our_orders_is_left_alone_with_a_note():
    holdings = sort_holdings([held(SPY, "40.000", 16_000)], of(SPY=100), of(SPY=100), OWN)

    assert holdings.managed == {}
    assert holdings.untouchable == {
        SPY: "the broker shows 40 shares, 100 were expected (a split or a trade by hand?): "
        "neither bought nor sold tonight"
    }


@pytest.mark.parametrize(
    ("there", "value", "kept"),
    [
        pytest.param(348, 34_800, 34_000, id="one share bought by hand: our recorded dollars"),
        pytest.param(200, 20_000, 20_000, id="some sold by hand: no more than what is there"),
        pytest.param(694, 34_700, 34_000, id="a split that is not announced yet: our recorded dollars"),
    ],
)
def test_our_shares_of_a_changed_symbol_stay_in_investable(there, value, kept):
    recorded = {TLT: Decimal(34_000)}
    holdings = sort_holdings([held(TLT, there, value)], of(TLT=347), of(TLT=347), OWN, recorded)

    assert holdings.changed == {TLT: Decimal(kept)}
    assert holdings.others_value == value - kept


def test_of_a_changed_symbol_that_was_ours_in_part_only_that_part_stays_in_investable():
    recorded = {TLT: Decimal(10_000)}
    holdings = sort_holdings([held(TLT, 101, 10_100)], of(TLT=25), of(TLT=100), OWN, recorded)

    assert (holdings.changed, holdings.others_value) == ({TLT: Decimal(2_500)}, Decimal(7_600))


def test_where_the_whole_account_is_managed_all_that_was_recorded_of_a_changed_symbol_stays_in_investable():
    holdings = sort_holdings([held(TLT, 120, 12_000)], {}, of(TLT=100), ACCOUNT, {TLT: Decimal(10_000)})

    assert (holdings.changed, holdings.others_value) == ({TLT: Decimal(10_000)}, Decimal(2_000))


def test_nothing_of_a_changed_symbol_that_was_not_ours_stays_in_investable():
    holdings = sort_holdings([held(TLT, 120, 12_000)], {}, of(TLT=100), OWN, {TLT: Decimal(10_000)})

    assert (holdings.changed, holdings.others_value) == ({TLT: Decimal(0)}, Decimal(12_000))


@pytest.mark.parametrize(
    ("before", "there", "value", "recorded", "kept"),
    [
        pytest.param("0.5", "2", "200", "50", "50", id="half a share before"),
        pytest.param("2", "0.5", "50", "200", "50", id="half a share now"),
        pytest.param("2", "1", "0.50", "200", "0.50", id="worth less than a dollar"),
        pytest.param("2", "3", "-1", "200", "0", id="a value below zero"),
        pytest.param("2", "3", "300", "-10", "0", id="sold for more than it cost"),
    ],
)
def test_a_changed_position_stays_in_investable_with_0_to_its_value(before, there, value, recorded, kept):
    holdings = sort_holdings([held(TLT, there, value)], of(TLT=before), of(TLT=before), OWN, of(TLT=recorded))

    assert holdings.changed == of(TLT=kept)


def test_without_recorded_dollars_a_changed_symbol_counts_by_its_shares():
    holdings = sort_holdings([held(TLT, 110, 11_000)], of(TLT=100), of(TLT=100), OWN)

    assert holdings.changed == {TLT: Decimal(10_000)}


def test_a_protected_symbol_that_changed_leaves_investable_whole():
    trading = replace(OWN, protected=(TLT,))
    holdings = sort_holdings([held(TLT, 348, 34_800)], of(TLT=347), of(TLT=347), trading, {TLT: Decimal(34_000)})

    assert (holdings.changed, holdings.others_value) == ({}, Decimal(34_800))


def test_shares_that_vanished_are_a_change_too():
    holdings = sort_holdings([], of(SPY=100), of(SPY=100), OWN)

    assert holdings.managed == {}
    assert "shows 0 shares, 100 were expected" in holdings.untouchable[SPY]


def test_shares_bought_by_hand_are_left_alone_on_the_first_evening_and_managed_from_the_next():
    positions = [held(SPY, 7, 2_800)]

    first = sort_holdings(positions, {}, of(TLT=0), ACCOUNT)
    next_evening = sort_holdings(positions, {}, of(SPY=7), ACCOUNT)

    assert (first.managed, first.others_value) == ({}, Decimal(2_800))
    assert next_evening.managed == of(SPY=7)


def test_before_the_first_record_nothing_counts_as_changed():
    assert sort_holdings([held(SPY, 7, 2_800)], {}, None, ACCOUNT).untouchable == {}


def test_shorts_options_and_crypto_are_never_ours_and_count_by_their_absolute_value():
    positions = [held(SPY, -10, -4_000), held(TLT, 2, 300, "us_option"), held(GLD, 1, 50, "crypto")]

    holdings = sort_holdings(positions, {}, None, ACCOUNT)

    assert holdings.managed == {}
    assert holdings.others_value == Decimal(4_350)
    assert holdings.untouchable == {
        SPY: "held short (-10 shares): never bought nor sold",
        TLT: "not a US equity (us_option): never bought nor sold",
        GLD: "not a US equity (crypto): never bought nor sold",
    }


def test_shares_that_open_orders_hold_are_not_managed_and_count_among_the_others():
    position = replace(held(SPY, 12, 1_200), available=Decimal(7))

    holdings = sort_holdings([position], of(SPY=12), of(SPY=12), OWN)

    assert (holdings.managed, holdings.values, holdings.others_value) == (of(SPY=7), of(SPY=700), 500)
    assert holdings.held == {SPY: "5 of 12 shares are held by open orders of others"}
    assert holdings.on_hold == of(SPY=5)


def test_of_what_open_orders_hold_only_our_part_is_on_hold():
    position = replace(held(SPY, 12, 1_200), available=Decimal(7))

    holdings = sort_holdings([position], of(SPY=10), of(SPY=12), OWN)

    assert (holdings.managed, holdings.on_hold) == (of(SPY=7), of(SPY=3))


def test_a_single_share_is_held():
    position = replace(held(SPY, 12, 1_200), available=Decimal(11))

    assert sort_holdings([position], of(SPY=12), of(SPY=12), OWN).held == {
        SPY: "1 of 12 shares is held by open orders of others"
    }


def test_open_orders_for_shares_that_are_not_ours_are_ignored():
    position = replace(held(SPY, 12, 1_200), available=Decimal(7))

    holdings = sort_holdings([position], of(SPY=7), of(SPY=12), OWN)

    assert (holdings.managed, holdings.held) == (of(SPY=7), {})


@pytest.mark.parametrize("available", ["0", "-3"])
def test_where_open_orders_hold_every_share_none_is_managed(available):
    position = replace(held(SPY, 1, 100), available=Decimal(available))

    holdings = sort_holdings([position], {}, None, ACCOUNT)

    assert (holdings.managed, holdings.others_value) == ({}, 100)
    assert SPY in holdings.held


def test_a_symbol_left_alone_anyway_is_not_reported_as_held_by_orders():
    positions = [
        replace(held(SPY, -10, -4_000), available=Decimal(-10)),
        replace(held(TLT, 5, 500), available=Decimal(0)),
    ]

    assert sort_holdings(positions, {}, None, replace(ACCOUNT, protected=(TLT,))).held == {}


quantities = st.decimals("-100", "100", places=3)
positions = st.lists(
    st.builds(
        lambda symbol, quantity, price, *others: Position(symbol, quantity, quantity * price, *others),
        st.sampled_from([SPY, TLT, GLD]),
        quantities.filter(bool),
        st.decimals("0.01", "500", places=2),
        st.sampled_from(["us_equity", "us_equity", "crypto"]),
        st.none() | quantities,
    ),
    unique_by=lambda position: position.symbol,
)
books = st.dictionaries(st.sampled_from([SPY, TLT, GLD]), quantities)


@given(
    positions, books, st.none() | books, st.sampled_from([OWN, ACCOUNT, Trading(manage="account", protected=(SPY,))])
)
def test_managed_shares_are_long_available_and_never_untouchable(positions, ours, expected, trading):
    holdings = sort_holdings(positions, ours, expected, trading)
    there = {position.symbol: position.quantity for position in positions}
    free = {position.symbol: position.available for position in positions if position.available is not None}

    assert all(0 < quantity <= there[symbol] for symbol, quantity in holdings.managed.items())
    assert all(quantity <= free.get(symbol, quantity) for symbol, quantity in holdings.managed.items())
    assert holdings.managed.keys() == holdings.values.keys()
    assert not holdings.managed.keys() & holdings.untouchable.keys()


@given(positions, books, st.none() | books, st.sampled_from([OWN, ACCOUNT]), books)
def test_managed_and_changed_and_others_are_the_whole_account(positions, ours, expected, trading, recorded):
    holdings = sort_holdings(positions, ours, expected, trading, recorded)
    everything = sum(abs(position.market_value) for position in positions)
    counted = holdings.others_value + sum(holdings.values.values()) + sum(holdings.changed.values())

    assert 0 <= counted - everything < Decimal("0.011")


def test_only_the_asset_class_that_the_venue_trades_is_managed():
    fund = replace(us_equity(SPY), asset_class="fund")
    units = Position(SPY, Decimal("1.5"), Decimal(600), "fund")
    assert sort_holdings([units], {}, None, ACCOUNT, instruments={SPY: fund}).managed == of(SPY="1.5")
    assert sort_holdings([units], {}, None, ACCOUNT).untouchable == {
        SPY: "not a US equity (fund): never bought nor sold"
    }
    assert tradable([units], {}) == []
    assert tradable([units], {SPY: fund}) == [units]
