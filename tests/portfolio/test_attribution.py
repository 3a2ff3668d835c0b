"""A fill is split between the bots that it was for: in whole lots, at one price, to the last cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import Allocation, BotFailure, Share, Targets, Trading
from rebalancer.portfolio.attribution import (
    UNASSIGNED,
    Filled,
    Needs,
    Part,
    apportion,
    attribute,
    derived_claims,
    lot_of,
    restated,
)
from rebalancer.portfolio.targets import set_targets

ONE, CENT = Decimal(1), Decimal("0.01")
BOTS = ("A", "B", "C")
weights = st.dictionaries(st.sampled_from(BOTS), st.decimals(0, 1, places=6), min_size=1).filter(
    lambda found: any(found.values())
)
changes = st.integers(-200, 200).map(Decimal)
prices = st.decimals("0.01", "900", places=4)


def needs(price="10", lot="1", **shares):
    return Needs({owner or UNASSIGNED: Decimal(need) for owner, need in shares.items()}, Decimal(price), Decimal(lot))


def filled(shares, price, fee="0"):
    return Filled(Decimal(shares), Decimal(shares) * Decimal(price), Decimal(fee))


def summed(parts, field):
    return sum((getattr(part, field) for part in parts.values()), Decimal(0))


@given(st.decimals(0, 10_000, places=2), weights, st.sampled_from([ONE, CENT, Decimal("0.1")]))
def test_the_parts_are_within_a_unit_of_what_is_due_and_add_up(total, shares, unit):
    parts = apportion(total, shares, unit)
    whole = sum(shares.values())
    assert sum(parts.values()) == total
    assert all(abs(parts[owner] - total * weight / whole) < 2 * unit for owner, weight in shares.items())
    assert all(not parts[owner] for owner, weight in shares.items() if not weight)


def test_the_largest_remainders_get_what_is_left_and_ties_go_by_order():
    thirds = dict.fromkeys(BOTS, ONE)
    assert apportion(Decimal(10), thirds, ONE) == {"A": 4, "B": 3, "C": 3}
    assert apportion(Decimal(3), {"A": Decimal("0.5"), "B": Decimal("0.3"), "C": Decimal("0.2")}, ONE) == {
        "A": 1,
        "B": 1,
        "C": 1,
    }


def test_what_is_less_than_a_lot_goes_to_the_first_that_gets_any():
    assert apportion(Decimal("2.5"), {"A": ONE, "B": ONE}, ONE) == {"A": Decimal("1.5"), "B": 1}
    assert apportion(Decimal("0.5"), {"A": Decimal(0), "B": ONE}, ONE) == {"A": 0, "B": Decimal("0.5")}


def test_what_one_bot_sells_and_another_buys_is_crossed_and_only_the_rest_is_traded():
    parts = attribute(needs(A=-100, B=80), filled(-20, "50.10", fee="1.00"))
    assert parts == {
        "A": Part(Decimal(-100), Decimal("5009.00"), Decimal("1.00"), Decimal(80)),
        "B": Part(Decimal(80), Decimal("-4008.00"), Decimal(0), Decimal(80)),
    }


def test_without_a_fill_bots_cross_at_the_price_of_the_plan():
    assert attribute(needs(A=-100, B=80, price="49"), Filled()) == {
        "A": Part(Decimal(-80), Decimal(3920), Decimal(0), Decimal(80)),
        "B": Part(Decimal(80), Decimal(-3920), Decimal(0), Decimal(80)),
    }


def test_without_a_price_nothing_is_crossed_before_a_fill():
    wanted = Needs({"A": Decimal(-10), "B": Decimal(4)}, None, ONE)
    assert attribute(wanted, Filled()) == {}
    assert attribute(wanted, filled(-6, 20))["B"] == Part(Decimal(4), Decimal(-80), Decimal(0), Decimal(4))


def test_a_partial_fill_is_shared_and_the_cent_is_the_first_bots():
    parts = attribute(needs(A=6, B=3), Filled(Decimal(3), Decimal("10.00"), Decimal("0.01")))
    assert parts["A"] == Part(Decimal(2), Decimal("-6.68"), Decimal("0.01"), Decimal(0))
    assert parts["B"] == Part(Decimal(1), Decimal("-3.33"), Decimal(0), Decimal(0))


def test_a_fill_that_no_plan_asked_for_is_unassigned():
    assert attribute(Needs({}, None, ONE), filled(2, 50, fee="1")) == {
        UNASSIGNED: Part(Decimal(2), Decimal(-101), Decimal(1), Decimal(0))
    }


@given(
    st.dictionaries(st.sampled_from((*BOTS, UNASSIGNED)), changes),
    st.none() | prices,
    changes,
    prices,
    st.decimals(0, 5, places=2),
)
def test_the_parts_add_up_to_the_fill_and_nobody_trades_against_its_need(wanted, price, shares, at, fee):
    fill = Filled(shares, shares * at, fee)
    parts = attribute(Needs(wanted, price, ONE), fill)
    assert summed(parts, "shares") == shares
    assert summed(parts, "cash") == -fill.paid - fee
    assert summed(parts, "fee") == fee
    assert all(part.shares * wanted.get(owner, 0) >= 0 for owner, part in parts.items() if owner != UNASSIGNED)
    planned = sum(wanted.values())
    if abs(shares) <= abs(planned) and shares * planned >= 0:
        assert all(abs(parts[owner].shares) <= abs(wanted[owner]) for owner in parts.keys() & wanted.keys())


@given(st.dictionaries(st.sampled_from(BOTS), changes, min_size=1), prices)
def test_a_plan_that_is_filled_gives_everyone_what_it_needs(wanted, price):
    planned = sum(wanted.values(), Decimal(0))
    parts = attribute(Needs(wanted, price, ONE), Filled(planned, planned * price))
    assert {owner: part.shares for owner, part in parts.items() if part.shares} == {
        owner: need for owner, need in wanted.items() if need
    }


def test_the_lot_is_a_share_or_the_last_decimal_of_the_target():
    assert lot_of(12) == 1
    assert lot_of(Decimal("0.00420")) == Decimal("0.0001")


def test_a_split_is_in_proportion_and_what_is_paid_in_cash_is_nobodys_share():
    assert restated({"A": Decimal(51), "B": Decimal(50)}, Decimal(151)) == {"A": 76, "B": 75}  # 151.5 less half a share
    assert restated({"A": Decimal(100), UNASSIGNED: Decimal(-30)}, Decimal(140)) == {"A": 200, UNASSIGNED: -60}
    assert restated({}, Decimal(7)) == {UNASSIGNED: 7}


@pytest.mark.parametrize("fails", [False, True])
def test_claims_that_a_journal_lacks_are_derived_from_the_decisions(fails):
    spy, sh, tlt, sgov = "SPY", "SH", "TLT", "SGOV"
    shares = (Share("A", 0.4, 0.4), Share("B", 0.5, 0.5))
    decisions = {
        "A": Allocation("A", None, {spy: 0.6, sh: 0.4}),
        "B": BotFailure("B", "too short") if fails else Allocation("B", None, {spy: 0.5, tlt: 0.5}),
    }
    made = set_targets(shares, decisions, Trading(paired_tickers=((spy, sh),)), sgov)
    old = Targets(made.shares, made.merged, made.nettings, made.netted, made.weights)
    assert {symbol: pytest.approx(parts) for symbol, parts in made.claims.items()} == derived_claims(old, decisions)
    assert derived_claims(old, {"A": decisions["A"]}) == {
        symbol: {UNASSIGNED: weight} for symbol, weight in made.weights.items()
    }
