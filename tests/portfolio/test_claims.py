"""Each target weight belongs to bots: netted, capped, freed and fallback weight keeps its owner."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_targets import PAIRS, SGOV, SH, SPY, TLT, decisions, evenings, fallbacks, limits, modes, wants

from rebalancer.model import Allocation, BotFailure, Share, Targets, Trading
from rebalancer.portfolio.targets import set_targets

TOLERANCE = 1e-15
"""The relative error of a sum of claims."""
A, B = Share("A", 0.4, 0.4), Share("B", 0.5, 0.5)


def targets_of(*made, mode="net", fallback=SGOV, most="99"):
    trading = Trading(paired_tickers=((SPY, SH),), paired_mode=mode, max_allocation_percent=Decimal(most))
    return set_targets((A, B), decisions(*made), trading, fallback)


def near(claims):
    return {symbol: pytest.approx(parts) for symbol, parts in claims.items()}


def test_a_symbol_that_two_bots_want_is_claimed_by_both_for_what_each_wants():
    targets = targets_of(wants("A", TLT=0.5), wants("B", TLT=0.2))
    assert targets.claims == near({TLT: {"A": 0.2, "B": 0.1}})


def test_netting_scales_claims_in_proportion_and_the_fallback_belongs_to_those_who_were_netted():
    """A wants SPY .24 and SH .16, B wants SPY .50: SPY keeps .58 of .74, and .32 is freed, half of it from SH."""
    targets = targets_of(wants("A", SPY=0.6, SH=0.4), wants("B", SPY=1.0))
    spy = {"A": 0.24 * 0.58 / 0.74, "B": 0.5 * 0.58 / 0.74}
    freed = {"A": 0.24 * 0.16 / 0.74 + 0.16, "B": 0.5 * 0.16 / 0.74}
    assert targets.claims == near({SPY: spy, SGOV: freed})


def test_where_the_weaker_side_is_dropped_only_its_bots_claim_the_fallback():
    targets = targets_of(wants("A", SH=1.0), wants("B", SPY=1.0), mode="drop")
    assert targets.claims == near({SPY: {"B": 0.5}, SGOV: {"A": 0.4}})


def test_the_fallback_belongs_to_the_bot_that_failed():
    targets = targets_of(BotFailure("A", "too short"), wants("B", SGOV=0.5, TLT=0.5))
    assert targets.claims == near({SGOV: {"A": 0.4, "B": 0.25}, TLT: {"B": 0.25}})
    assert targets.cash() == near({"A": 0, "B": 0})


def test_cash_belongs_to_the_bot_that_holds_it_failed_or_was_netted_without_a_fallback():
    holding = targets_of(wants("A", TLT=0.25), wants("B", TLT=1.0), fallback=None)
    failed = targets_of(BotFailure("A", "too short"), wants("B", TLT=1.0), fallback=None)
    netted = targets_of(wants("A", SH=0.5, TLT=0.5), wants("B", SPY=0.4), fallback=None)
    assert [dict(targets.cash()) for targets in (holding, failed, netted)] == [
        pytest.approx({"A": 0.3, "B": 0}),
        pytest.approx({"A": 0.4, "B": 0}),
        pytest.approx({"A": 0.2, "B": 0.5}),
    ]


def test_the_cap_scales_every_claim_alike_and_leaves_the_rest_in_cash():
    targets = targets_of(wants("A", TLT=1.0), wants("B", TLT=0.5, SPY=0.5), most="45")
    assert targets.claims == near({SPY: {"B": 0.125}, TLT: {"A": 0.2, "B": 0.125}})
    assert targets.cash() == pytest.approx({"A": 0.2, "B": 0.25})


def test_a_symbol_that_netting_left_at_0_has_no_claims():
    assert SH not in targets_of(wants("A", SH=0.5), wants("B", SPY=1.0)).claims


def test_targets_of_a_journal_from_before_there_were_claims_have_none():
    assert Targets((A,), {}, (), {}, {}).claims == {}


@given(evenings(), modes, fallbacks, limits, st.randoms(use_true_random=False))
def test_the_claims_on_a_symbol_add_up_to_its_weight_and_no_bot_claims_more_than_its_share(
    evening, mode, fallback, limit, random
):
    shares, made = evening
    made["bot 0"] = Allocation("bot 0", wants("bot 0").session, {SPY: 1.0})
    trading = Trading(paired_tickers=PAIRS, paired_mode=mode, max_allocation_percent=limit)

    targets = set_targets(shares, made, trading, fallback)

    assert targets.claims.keys() == targets.weights.keys()
    for symbol, weight in targets.weights.items():
        assert math.fsum(targets.claims[symbol].values()) == pytest.approx(weight, rel=TOLERANCE, abs=5e-324)
        assert all(part > 0 for part in targets.claims[symbol].values())
    for share in shares:
        assert math.fsum(parts.get(share.bot, 0.0) for parts in targets.claims.values()) <= share.fraction + 1e-12
    cash = math.fsum(share.fraction for share in shares) - math.fsum(targets.weights.values())
    assert math.fsum(targets.cash().values()) == pytest.approx(cash, abs=1e-12)
    shuffled = tuple(random.sample(shares, len(shares)))
    assert set_targets(shuffled, made, trading, fallback).claims == targets.claims
